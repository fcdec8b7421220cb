"""The balance of the whole: shares of effort over the three goods, against the balance the firm
chose.

Shares that sum to one are a composition; what counts in them are ratios, so distances are
Aitchison's (1986). A zero share has no ratio; it is replaced by a stated small number before
logarithms are taken.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.decision.skill import cells, learned

GOODS = ("others", "skill", "you")
"""Whom effort is for: others, what we learn from, ourselves."""
PSEUDOCOUNT = 0.001
"""What stands in the place of a share of zero."""


SMALLEST = 30
"""A balance of fewer pieces of work than this is not shown."""


def closed(parts: np.ndarray, pseudocount: float = PSEUDOCOUNT) -> np.ndarray:
    """Shares that sum to one along the last axis, zeros replaced by `pseudocount` beforehand."""
    parts = np.asarray(parts, float)
    if (parts < 0).any() or not np.isfinite(parts).all():
        message = "Shares of effort are zero or more, and numbers."
        raise ValueError(message)
    total = parts.sum(axis=-1, keepdims=True)
    if (total == 0).any():
        message = "There is no effort to share out: all parts are zero."
        raise ValueError(message)
    parts = np.where(parts == 0, pseudocount, parts / total)
    return parts / parts.sum(axis=-1, keepdims=True)


def clr(parts: np.ndarray, pseudocount: float = PSEUDOCOUNT) -> np.ndarray:
    """Centered log ratios: the logarithm of each share over their geometric mean.

    Examples
    --------
    >>> clr([0.1, 0.3, 0.4, 0.2]).round(4).tolist()
    [-0.7945, 0.3041, 0.5918, -0.1014]
    """
    logs = np.log(closed(parts, pseudocount))
    return logs - logs.mean(axis=-1, keepdims=True)


def aitchison(x: np.ndarray, y: np.ndarray, pseudocount: float = PSEUDOCOUNT) -> np.ndarray:
    """Aitchison's distance of two balances: 0 the same, about 5 when one good takes everything.

    Examples
    --------
    >>> [round(float(aitchison(only, [0.15, 0.25, 0.60])), 2) for only in np.eye(3)[[2, 1, 0]]]
    [4.73, 5.87, 6.44]
    """
    difference = clr(x, pseudocount) - clr(y, pseudocount)
    return np.sqrt((difference**2).sum(axis=-1))


def efforts_of(orders: pd.DataFrame, *, progress: float = 0.8) -> pd.DataFrame:
    """Effort by good where no hours are known: what was paid for each engagement stands for it.

    The part of an engagement that taught something (`skill.learned`, at most all of it) is for
    skill; the rest is for whom the orders' column `good` says: "others" or "you". Engagements of
    which it says nothing are left out, and so is what cost nothing.

    Parameters
    ----------
    orders : DataFrame, one row an engagement
        `customer_id`, `date`, `amount`, `good`, and columns of the map of skills.

    Returns
    -------
    DataFrame, up to two rows an engagement
        `customer_id`, `date`, `hours` (money here), `good`, and the columns of the map.
    """
    known = orders[orders["amount"] > 0].reset_index(drop=True)
    taught = np.clip(learned(known.assign(hours=1.0), progress=progress, size=1.0), 0, 1)
    names = ["customer_id", "date", *cells(known)]
    rest = known[names].assign(good=known["good"], hours=known["amount"] * (1 - taught))
    skill = known[names].assign(good="skill", hours=known["amount"] * taught)
    said = known["good"].isin(["others", "you"]).to_numpy()
    return pd.concat([rest[said], skill[said]], ignore_index=True).query("hours > 0")


def tables(orders: pd.DataFrame, efforts: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """What work was done, and for whom, as far as a study knows it.

    With hours: both tables are the hours. Without: every order is one engagement, and its money
    is the effort (`efforts_of`), provided that orders say in a column `good` for whom they were.
    Neither: none.

    Returns
    -------
    dict of up to two frames
        `work`: pieces of work, one row each, for what each customer gave; `effort`: what the
        balance is made of. Both: `customer_id`, `date`, `hours`, `good`, `unit`, and columns of
        the map.
    """
    if efforts is not None:
        both = efforts.assign(unit="hours")
        return {"work": both, "effort": both}
    if "good" not in orders or not orders["good"].isin(GOODS).any():
        return {}
    names = ["customer_id", "date", "good", *cells(orders)]
    work = orders[names].assign(hours=1.0, unit="engagements").reset_index(drop=True)
    return {"work": work, "effort": efforts_of(orders).assign(unit="money")}


def chosen(balance: object) -> dict[str, float]:
    """The balance a study chose, by good; equal shares where it names none."""
    if balance is None:
        return dict.fromkeys(GOODS, 1 / 3)
    return {good: float(getattr(balance, good)) for good in GOODS}


def shares(efforts: pd.DataFrame) -> pd.Series:
    """The share of all effort that each good has."""
    unknown = ~efforts["good"].isin(GOODS)
    if unknown.any():
        message = (
            f"Effort is for one of {', '.join(GOODS)}: {unknown.sum():,} of {len(efforts):,} rows "
            f"say something else (first: {efforts.loc[unknown, 'good'].iloc[0]!r})."
        )
        raise ValueError(message)
    total = efforts.groupby("good")["hours"].sum().reindex(list(GOODS), fill_value=0.0)
    if not total.sum() > 0:
        message = f"There is no effort to share out: {len(efforts):,} rows hold no hours."
        raise ValueError(message)
    return (total / total.sum()).rename("share")


def over_time(
    efforts: pd.DataFrame, chosen: np.ndarray, *, window_months: int, as_of: str | pd.Timestamp
) -> pd.DataFrame:
    """The balance of the months before each month's end, and how far it is from the one chosen.

    Parameters
    ----------
    efforts : DataFrame
        `date`, `hours`, `good`.
    chosen : three shares
        Others, skill, you.
    window_months : int
        How many months each balance looks back on.
    as_of : date
        Months are counted back from here; the first full window is the first row.

    Returns
    -------
    DataFrame, one row a month, indexed by its last day `month`
        `others`, `skill`, `you`, `hours`, `distance` (Aitchison).
    """
    months = efforts["date"].dt.to_period("M").rename("month")
    table = efforts.pivot_table(
        index=months, columns="good", values="hours", aggfunc="sum", fill_value=0.0
    ).reindex(columns=list(GOODS), fill_value=0.0)
    every = pd.period_range(months.min(), pd.Timestamp(as_of).to_period("M"), freq="M")
    table = table.reindex(every, fill_value=0.0)
    rolled = table.rolling(min(window_months, len(table))).sum().dropna()
    pieces = efforts.groupby(months).size().reindex(every, fill_value=0)
    many = pieces.rolling(min(window_months, len(table))).sum().reindex(rolled.index) >= SMALLEST
    rolled = rolled[many & (rolled.sum(axis=1) > 0)]
    frame = rolled.div(rolled.sum(axis=1), axis=0)
    frame["hours"] = rolled.sum(axis=1)
    frame["distance"] = aitchison(frame[list(GOODS)].to_numpy(), chosen)
    frame.index = frame.index.to_timestamp(how="end").normalize().rename("month")
    return frame.rename_axis(columns=None)


def ring(efforts: pd.DataFrame, *, resamples: int = 500, seed: int) -> pd.DataFrame:
    """What the balance might have been with other customers of the same kind.

    Bootstrap over customers: few large ones make a balance less sure than many small ones.

    Returns
    -------
    DataFrame, one row a resample: `others`, `skill`, `you`.
    """
    random = np.random.default_rng(seed)
    table = efforts.pivot_table(
        index="customer_id", columns="good", values="hours", aggfunc="sum", fill_value=0.0
    ).reindex(columns=list(GOODS), fill_value=0.0)
    hours = table.to_numpy(float)
    sums = hours[random.integers(len(hours), size=(resamples, len(hours)))].sum(axis=1)
    return pd.DataFrame(sums / sums.sum(axis=1, keepdims=True), columns=list(GOODS))
