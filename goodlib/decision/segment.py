"""Quantitative segments: what the order book alone says about who is good.

RFM, deciles and the whale curve, and value today against potential, as analysts know them. They are
one of the two sides that the comparison holds against each other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

SEGMENTS = (
    # name, smallest and largest score of recency, frequency, money; the first that fits is taken
    ("champions", (4, 5), (4, 5), (4, 5)),
    ("loyal", (3, 5), (4, 5), (1, 5)),
    ("big, seldom", (3, 5), (1, 3), (5, 5)),
    ("newly won", (5, 5), (1, 1), (1, 4)),
    ("promising", (4, 5), (1, 3), (1, 4)),
    ("steady middle", (3, 3), (1, 3), (1, 4)),
    ("must not lose", (1, 2), (4, 5), (4, 5)),
    ("slipping away", (2, 2), (1, 5), (1, 5)),
    ("gone quiet", (1, 1), (1, 5), (1, 5)),
)
"""RFM segments by their scores, as rules: everybody falls into the first one that fits."""


def scores(values: pd.Series, n: int = 5) -> pd.Series:
    """Quantile scores 1 to n, n the best; equal values always get equal scores.

    The score is that of the middle rank of a tie, so with many ties some scores stay empty:
    better than customers who are told apart by the order of the file.

    Examples
    --------
    >>> scores(pd.Series([0, 0, 0, 1, 9]), n=5).tolist()
    [2, 2, 2, 4, 5]
    """
    if values.isna().any():
        message = (
            f"A score needs a value: {values.isna().sum():,} of {len(values):,} are missing "
            f"(first: {values.index[values.isna()][0]!r}). Leave them out or fill them."
        )
        raise ValueError(message)
    middle = (stats.rankdata(values.to_numpy(), method="average") - 0.5) / len(values)
    return pd.Series(np.floor(middle * n).astype(int) + 1, values.index, name=values.name)


def rfm(orders: pd.DataFrame, as_of: str | pd.Timestamp) -> pd.DataFrame:
    """Recency, frequency and money of each customer, their quintiles, and a named segment.

    Parameters
    ----------
    orders : DataFrame, one row an order
        `customer_id`, `date`, `amount`; orders after `as_of` are not known then and are refused.
    as_of : date
        The day on which the firm looks back.

    Returns
    -------
    DataFrame, indexed by customer_id
        `idle` in days since the last order, `frequency` in days with an order, `amount` in money;
        `r`, `f`, `m` from 1 to 5 (5 best); `segment`, one of SEGMENTS.
    """
    as_of = pd.Timestamp(as_of)
    late = orders["date"] > as_of
    if late.any():
        message = (
            f"RFM looks back from {as_of:%Y-%m-%d}: {late.sum():,} of {len(orders):,} orders are "
            f"later (first: {orders.loc[late, 'customer_id'].iloc[0]!r}). Leave them out."
        )
        raise ValueError(message)
    grouped = orders.assign(day=orders["date"].dt.normalize()).groupby("customer_id")
    frame = pd.DataFrame(
        {
            "idle": (as_of - grouped["date"].max()).dt.days,
            "frequency": grouped["day"].nunique(),
            "amount": grouped["amount"].sum(),
        }
    )
    for score, column, sign in (("r", "idle", -1), ("f", "frequency", 1), ("m", "amount", 1)):
        frame[score] = scores(sign * frame[column])
    return frame.assign(segment=_named(frame))


def _named(frame: pd.DataFrame) -> pd.Categorical:
    marks = frame[["r", "f", "m"]].to_numpy()
    named = np.full(len(frame), "", dtype=object)
    for name, *ranges in reversed(SEGMENTS):
        low, high = np.array(ranges).T
        named[((marks >= low) & (marks <= high)).all(axis=1)] = name
    return pd.Categorical(named, [name for name, *_ in SEGMENTS], ordered=False)


def whale_curve(value: pd.Series) -> pd.DataFrame:
    """Cumulative share of all value held by the best customers, best first.

    Where some customers cost more than they bring the curve rises above one and comes back: the
    hump is what the others earn and these give away.

    Returns
    -------
    DataFrame, one row a customer, best first
        `customers_share`, `value_share`; both end at one.
    """
    if not len(value) or value.sum() <= 0:
        message = (
            f"A whale curve needs value to share out: {len(value):,} customers hold "
            f"{value.sum():,.6g} together."
        )
        raise ValueError(message)
    best = value.sort_values(ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "customers_share": np.arange(1, len(best) + 1) / len(best),
            "value_share": best.cumsum() / best.sum(),
        },
        index=best.index,
    )


def tiers(values: pd.Series, shares: tuple[float, ...], names: tuple[str, ...]) -> pd.Series:
    """Ordered tiers, best first, that hold about these shares of the customers; ties stay together.

    Parameters
    ----------
    values : Series
        Larger is better.
    shares : tuple of floats that sum to one
        Of the best tier first.
    names : tuple of as many names
    """
    if len(shares) != len(names) or abs(sum(shares) - 1) > 1e-9:
        message = (
            f"Tiers need as many names as shares, and shares that sum to one: {len(names)} names, "
            f"{len(shares)} shares, sum {sum(shares):.3g}."
        )
        raise ValueError(message)
    middle = (stats.rankdata(-values.to_numpy(), method="average") - 0.5) / len(values)
    number = np.searchsorted(np.cumsum(shares)[:-1], middle, side="right")
    return pd.Series(
        pd.Categorical.from_codes(number, list(names), ordered=True), values.index, name="tier"
    )


def value_potential(today: pd.Series, potential: pd.Series, share: float) -> pd.DataFrame:
    """Who is best today and who may be best tomorrow: four groups.

    Parameters
    ----------
    today : Series, customer_id -> value today
    potential : Series, customer_id -> chance to be among the best next period
    share : float
        What "best" means: 0.1 is the best tenth.

    Returns
    -------
    DataFrame, indexed by customer_id
        `top_today`, `top_tomorrow` and `group`: "stays best", "rising", "fading", "others".
    """
    if not today.index.equals(potential.index):
        missing = today.index.symmetric_difference(potential.index)
        message = (
            f"Value and potential must be of the same customers: {len(missing):,} stand on one "
            "side "
            f"only (first: {missing[0]!r})."
            if len(missing)
            else "Value and potential must have their customers in the same order. Reindex one."
        )
        raise ValueError(message)
    best = [tiers(s, (share, 1 - share), ("best", "others")).eq("best") for s in (today, potential)]
    words = {(True, True): "stays best", (False, True): "rising", (True, False): "fading"}
    group = [words.get(pair, "others") for pair in zip(*best, strict=True)]
    return pd.DataFrame({"top_today": best[0], "top_tomorrow": best[1], "group": group})
