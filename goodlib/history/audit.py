"""The customer base looked at five ways: one period, two periods, a cohort, all cohorts, the whole.

The audit of Fader, Hardie & Ross, The Customer-Base Audit (2022): no model, only counts and sums of
what happened. A purchase is a customer's day with an order, as in `summarize`; periods end on the
day the study knows of, so that the last one is complete.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

PERIODS = (12, 6, 3, 1)
"""Months of a period that two are held against each other: the longest that the history holds."""
WIDTHS = ((20, 1), (60, 6), (300, 12), (1000, 60))
"""Months of a cohort, by the months of history up to which they serve."""
UNITS = {1: "month", 3: "quarter", 6: "half-year", 12: "year", 60: "five years", 120: "decade"}
CHANGES = ("lost", "less", "more", "back", "new")
"""What became of a customer: bought before only; again, less or more; after a gap; first time."""
BINS = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 20), (21, None))


class Audit(NamedTuple):
    """A customer base and its last two periods."""

    customers: pd.DataFrame
    """One row a customer: `first_date`, `purchases`, `amount`, `purchases_before`,
    `amount_before`, `change`."""
    months: int
    """Length of a period."""
    end: pd.Timestamp
    """Last day of the last period."""
    start: pd.Timestamp
    """Its first day."""

    @property
    def active(self) -> pd.DataFrame:
        """The customers who bought in the last period."""
        return self.customers[self.customers["purchases"] > 0]


def audit(orders: pd.DataFrame, *, end: str | date) -> Audit:
    """What each customer bought in the last period and in the one before it.

    Parameters
    ----------
    orders : DataFrame
        `customer_id`, `date`, `amount`; orders after `end` are not looked at.
    end : date
        Last day of the last period. A period is the longest of 12, 6, 3 and 1 months of which the
        history holds two.
    """
    days = purchase_days(orders, end=end)
    months = period_months(days["date"].min(), end)
    stop = pd.Timestamp(end) + timedelta(days=1)
    start = stop - pd.DateOffset(months=months)
    before = stop - pd.DateOffset(months=2 * months)
    first = days.groupby("customer_id")["date"].min().rename("first_date")
    parts = [first]
    for mask, tail in (
        (days["date"] >= start, ""),
        ((days["date"] >= before) & (days["date"] < start), "_before"),
    ):
        bought = days[mask].groupby("customer_id")["amount"].agg(["size", "sum"])
        parts.append(bought.set_axis([f"purchases{tail}", f"amount{tail}"], axis=1))
    customers = pd.concat(parts, axis=1).sort_index()
    counts = ["purchases", "purchases_before"]
    customers = customers.fillna(dict.fromkeys([*counts, "amount", "amount_before"], 0))
    customers[counts] = customers[counts].astype(int)
    customers["change"] = _change(customers, start)
    return Audit(customers, months, stop - timedelta(days=1), start)


def purchase_days(orders: pd.DataFrame, *, end: str | date) -> pd.DataFrame:
    """One row a customer and day: `customer_id`, `date`, `amount` (the day's sum).

    Raises
    ------
    ValueError
        No order is dated `end` or earlier.
    """
    at = pd.to_datetime(orders["date"]).dt.normalize()
    past = at <= pd.Timestamp(end)
    if not past.any():
        message = (
            f"An audit needs orders up to its end: 0 of {len(orders):,} orders are dated "
            f"{pd.Timestamp(end):%Y-%m-%d} or earlier. Is `end` right?"
        )
        raise ValueError(message)
    keys = [orders.loc[past, "customer_id"], at[past]]
    return orders.loc[past, "amount"].groupby(keys).sum().rename("amount").reset_index()


def period_months(first: str | date, end: str | date) -> int:
    """The longest period of which the history holds two, up to a week short of it; else a month."""
    stop = pd.Timestamp(end) + timedelta(days=1)
    latest = pd.Timestamp(first) - timedelta(days=7)
    return next((m for m in PERIODS if stop - pd.DateOffset(months=2 * m) >= latest), PERIODS[-1])


def bridge(customers: pd.DataFrame) -> pd.DataFrame:
    """How the amount of the period before became that of the last one.

    Returns
    -------
    DataFrame, rows `before`, `lost`, `less`, `more`, `back`, `new`, `now`
        `customers`: how many; `amount`: what they bought, or the change through them; the changes
        add up: before + lost + less + more + back + new = now.
    """
    moved = customers["amount"] - customers["amount_before"]
    rows = {"before": ((customers["purchases_before"] > 0).sum(), customers["amount_before"].sum())}
    for change in CHANGES:
        mask = customers["change"] == change
        rows[change] = (mask.sum(), moved[mask].sum())
    rows["now"] = ((customers["purchases"] > 0).sum(), customers["amount"].sum())
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["customers", "amount"])
    return frame.rename_axis("change").astype({"customers": int, "amount": float})


def concentration(amounts: pd.Series) -> pd.DataFrame:
    """The share of the amount that the best customers bring, from the best one on.

    Returns
    -------
    DataFrame, one row a customer, best first, index as in `amounts`
        `customer_share`: share of the customers so far, `amount_share`: share of the amount they
        bring (missing where the amounts sum to zero).
    """
    best = amounts.sort_values(ascending=False, kind="stable")
    total = best.sum()
    share = best.cumsum() / total if total > 0 else best * np.nan
    rank = np.arange(1, len(best) + 1)
    return pd.DataFrame({"customer_share": rank / len(best), "amount_share": share})


def top_count(n: int, share: float) -> int:
    """How many customers are the best `share` of `n`: rounded up, at least one."""
    return max(1, int(np.ceil(share * n - 1e-9)))


def by_frequency(active: pd.DataFrame) -> pd.DataFrame:
    """Customers and amounts by the number of purchases in the period.

    Returns
    -------
    DataFrame, one row a bin that has customers
        `purchases` ("1", "2", ..., "6 to 10"), `customers`, `customer_share`, `amount_share`.
    """
    rows = []
    for least, most in BINS:
        top = np.inf if most is None else most
        chosen = active[active["purchases"].between(least, top)]
        label = f"{least} or more" if most is None else str(least)
        label = f"{least} to {most}" if most and most > least else label
        rows.append((label, len(chosen), chosen["amount"].sum()))
    frame = pd.DataFrame(rows, columns=["purchases", "customers", "amount"])
    total = frame["amount"].sum()
    frame["customer_share"] = frame["customers"] / frame["customers"].sum()
    frame["amount_share"] = frame["amount"] / total if total > 0 else np.nan
    return frame[frame["customers"] > 0].drop(columns="amount").reset_index(drop=True)


def largest(
    audited: Audit, customers: pd.DataFrame | None = None, *, count: int = 10
) -> pd.DataFrame:
    """The customers who brought most in the last period, best first.

    Returns
    -------
    DataFrame, one row a customer
        `name` (where `customers` has it, else the id), `since` (first order), `purchases`,
        `amount`, `amount_before`, `amount_share`.
    """
    best = audited.active.sort_values("amount", ascending=False, kind="stable").head(count)
    total = audited.active["amount"].sum()
    ids = best.index.to_series()
    name = ids
    if customers is not None and "name" in customers:
        known = customers.drop_duplicates("customer_id").set_index("customer_id")["name"]
        name = ids.map(known).fillna(ids)
    frame = best[["first_date", "purchases", "amount", "amount_before"]]
    frame = frame.rename(columns={"first_date": "since"})
    frame.insert(0, "name", name)
    return frame.assign(amount_share=best["amount"] / total if total > 0 else np.nan)


def cohorts(orders: pd.DataFrame, *, end: str | date) -> pd.DataFrame:
    """Each cohort through time: how many of those who came together buy, and for how much.

    A cohort is the customers whose first purchase falls into the same span (a month, half-year,
    year or five years, by the length of the history); spans are counted back from `end`, so that
    every span but the oldest is complete.

    Returns
    -------
    DataFrame, one row a cohort and span since
        `cohort` and `span` (the first days of both), `label` of the cohort, `age` (spans since the
        cohort's own, 0 first), `customers` (in the cohort), `active` (who bought), `purchases`,
        `amount`, `active_share`, `months` (length of a span).
    """
    days = purchase_days(orders, end=end)
    stop = pd.Timestamp(end) + timedelta(days=1)
    history = (stop - days["date"].min()).days / 30.4375
    months = next((width for most, width in WIDTHS if history <= most), 120)
    edges = [stop]
    while edges[-1] > days["date"].min():
        edges.append(stop - pd.DateOffset(months=months * len(edges)))
    edges = edges[::-1]
    n = len(edges) - 1
    span = np.searchsorted(np.array(edges, "datetime64[ns]"), days["date"], side="right") - 1
    days = days.assign(span=span)
    days["cohort"] = days.groupby("customer_id")["span"].transform("min")
    found = days.groupby(["cohort", "span"]).agg(
        active=("customer_id", "nunique"), purchases=("amount", "size"), amount=("amount", "sum")
    )
    came = days.groupby("cohort")["customer_id"].nunique()
    every = [(cohort, late) for cohort in came.index for late in range(cohort, n)]
    index = pd.MultiIndex.from_tuples(every, names=["cohort", "span"])
    frame = found.reindex(index, fill_value=0).reset_index()
    frame["age"] = frame["span"] - frame["cohort"]
    frame["customers"] = frame["cohort"].map(came)
    frame["active_share"] = frame["active"] / frame["customers"]
    frame["label"] = [span_label(edges[i], edges[i + 1]) for i in frame["cohort"]]
    starts = dict(enumerate(edges))
    frame["cohort"] = frame["cohort"].map(starts)
    frame["span"] = frame["span"].map(starts)
    frame["months"] = months
    names = ["cohort", "label", "span", "age", "customers", "active", "purchases", "amount"]
    return frame[[*names, "active_share", "months"]]


def retention(cohort_frame: pd.DataFrame) -> pd.DataFrame:
    """The share of all cohorts' customers who buy in the first, second, ... span after their own.

    Returns
    -------
    DataFrame, index `age` (1, 2, ...)
        `customers` whose history is that long, `active` among them, `active_share`.
    """
    later = cohort_frame[cohort_frame["age"] > 0]
    pooled = later.groupby("age")[["customers", "active"]].sum()
    return pooled.assign(active_share=pooled["active"] / pooled["customers"])


def newer_against_older(cohort_frame: pd.DataFrame) -> pd.Series | None:
    """Whether newer cohorts stay better: the share who buy in the span after their own, compared.

    The cohorts with such a span are halved in time. Returns `older`, `newer`, `difference` and its
    95 % interval `lower`, `upper` (Newcombe's from two Wilson intervals); None with one cohort.
    """
    first = cohort_frame[cohort_frame["age"] == 1].sort_values("cohort")
    if len(first) < 2:
        return None
    half = len(first) // 2
    old, new = (part[["active", "customers"]].sum() for part in (first[:half], first[half:]))
    p, low, high = _wilson(old["active"], old["customers"])
    q, bottom, top = _wilson(new["active"], new["customers"])
    lower = q - p - np.hypot(q - bottom, high - p)
    upper = q - p + np.hypot(top - q, p - low)
    values = {"older": p, "newer": q, "difference": q - p, "lower": lower, "upper": upper}
    return pd.Series(values)


def span_label(start: pd.Timestamp, stop: pd.Timestamp) -> str:
    """A span in few words: "2024", "Jan 1997", "2024, first half", "2019 to 2024"."""
    last = stop - timedelta(days=1)
    months = round((stop - start).days / 30.4375)
    if start.day == 1 and start.month == 1 and months == 12:
        return f"{start.year}"
    if start.day == 1 and months == 1:
        return f"{start:%b %Y}"
    if start.day == 1 and months == 6 and start.month in (1, 7):
        return f"{start.year}, {'first' if start.month == 1 else 'second'} half"
    if months >= 12:
        return f"{start.year} to {last.year}"
    return f"{start.day} {start:%b} to {last.day} {last:%b %Y}"


def _change(customers: pd.DataFrame, start: pd.Timestamp) -> np.ndarray:
    now, before = customers["purchases"] > 0, customers["purchases_before"] > 0
    more = customers["amount"] >= customers["amount_before"]
    new = customers["first_date"] >= start
    cases = [now & new, now & ~before, now & more, now, before]
    return np.select(cases, ["new", "back", "more", "less", "lost"], "earlier")


def _wilson(k: float, n: float, z: float = 1.959964) -> tuple[float, float, float]:
    """A share with its 95 % interval (Wilson 1927)."""
    p = k / n
    center = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, center - half, center + half
