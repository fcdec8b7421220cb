"""What a history says about each customer at one day: the past cut at an origin.

`Past` holds the day-purchases of a history once, sorted; `Past.at(origin)` looks back from an
origin and `Past.after(origin)` at what came. Nothing after the origin can leak into the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS


def days_of(horizon: float, unit: str) -> float:
    """Length of a horizon in days. Raises ValueError for an unknown unit or a horizon not above
    0.
    """
    if unit not in DAYS:
        message = f"unit must be one of {', '.join(DAYS)}: got {unit!r}"
        raise ValueError(message)
    if not (np.isfinite(horizon) and horizon > 0):
        message = f"horizon must be a positive number of units ({unit}): got {horizon!r}"
        raise ValueError(message)
    return horizon * DAYS[unit]


@dataclass(frozen=True, eq=False)
class Past:
    """A history as day-purchases: one row a customer and day, amounts of a day added up.

    `orders` has the columns customer_id, date, amount. Refuses missing ids, dates and amounts, and
    an empty table: they are the intake's to name and net.
    """

    orders: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [name for name in ("customer_id", "date", "amount") if name not in self.orders]
        if missing:
            found = ", ".join(map(str, self.orders.columns))
            message = (
                f"orders must have the columns customer_id, date, amount: {missing[0]} is "
                f"missing (found: {found})"
            )
            raise ValueError(message)
        if self.orders.empty:
            message = "orders must hold at least one purchase: the table is empty"
            raise ValueError(message)
        bad = self.orders[["customer_id", "date", "amount"]].isna().any(axis=1)
        if bad.any():
            message = (
                f"orders must be complete: {bad.sum():,} of {len(bad):,} rows lack an id, date "
                f"or amount "
                f"(first: row {int(np.argmax(bad.to_numpy()))}). Read them with read_orders, "
                f"which names and drops such rows"
            )
            raise ValueError(message)

    @cached_property
    def table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.Index]:
        """Customer codes, days (since 1970), amounts, sorted by customer and day; and the ids."""
        codes, ids = pd.factorize(self.orders["customer_id"], sort=True)
        day = self.orders["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        low = day.min()
        width = day.max() - low + 1
        key, row = np.unique(codes * width + (day - low), return_inverse=True)
        amount = np.bincount(row, weights=self.orders["amount"].to_numpy(dtype=float))
        ids = pd.Index(ids, name="customer_id")
        return key // width, key % width + low, amount, ids

    @property
    def first_day(self) -> pd.Timestamp:
        """Day of the first purchase of all."""
        return stamp(self.table[1].min())

    @property
    def last_day(self) -> pd.Timestamp:
        """Day of the last purchase of all."""
        return stamp(self.table[1].max())

    def at(self, origin: str | pd.Timestamp, horizon: float, unit: str) -> pd.DataFrame:
        """One row a customer who had bought by `origin` (that day included).

        The summary of the models (`frequency`, `recency`, `T` in `unit`, `monetary_value` of the
        repeat days) and what rules and regressions look at: `idle`, `past_spend`, `mean_amount`,
        and of the last window of `horizon` `window_purchases` and `window_spend`, likewise its
        last half and quarter and the window before it (`half_`, `quarter_`, `previous_`), `gap`
        (mean time between purchases).
        """
        code, day, amount, ids = self.table
        origin_day, length = ordinal(origin), days_of(horizon, unit)
        before = day <= origin_day
        code, day, amount = code[before], day[before], amount[before]
        if not len(code):
            message = (
                f"no purchase by {stamp(origin_day):%Y-%m-%d}: the history starts on "
                f"{self.first_day:%Y-%m-%d}"
            )
            raise ValueError(message)
        kept, code = np.unique(code, return_inverse=True)
        n = len(kept)
        starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
        ends = np.r_[starts[1:], len(code)] - 1
        first, last = day[starts], day[ends]
        bought = ends - starts + 1
        spent = np.bincount(code, weights=amount, minlength=n)
        x = bought - 1
        scale = DAYS[unit]
        with np.errstate(invalid="ignore", divide="ignore"):
            repeat_mean = np.where(x > 0, (spent - amount[starts]) / x, np.nan)
        columns = {
            "frequency": x,
            "recency": (last - first) / scale,
            "T": (origin_day - first) / scale,
            "monetary_value": repeat_mean,
            "idle": (origin_day - last) / scale,
            "past_spend": spent,
            "mean_amount": spent / bought,
            "gap": np.where(x > 0, (last - first) / np.maximum(x, 1), origin_day - first) / scale,
        }
        windows = {
            "window": (0.0, length),
            "half": (0.0, length / 2),
            "quarter": (0.0, length / 4),
            "previous": (length, 2 * length),
        }
        age = origin_day - day
        for name, (near, far) in windows.items():
            inside = (age >= near) & (age < far)
            columns[f"{name}_purchases"] = np.bincount(code[inside], minlength=n)
            columns[f"{name}_spend"] = np.bincount(code[inside], amount[inside], minlength=n)
        return pd.DataFrame(columns, index=ids[kept])

    def after(self, origin: str | pd.Timestamp, horizon: float, unit: str) -> pd.DataFrame:
        """What came in the `horizon` after `origin`, for those who had bought by then.

        Columns `purchases` (days with a purchase) and `spend`; customers who came new are not in
        it.
        """
        code, day, amount, ids = self.table
        origin_day, length = ordinal(origin), days_of(horizon, unit)
        known = np.unique(code[day <= origin_day])
        inside = (day > origin_day) & (day <= origin_day + length)
        n = len(ids)
        purchases = np.bincount(code[inside], minlength=n)
        spend = np.bincount(code[inside], amount[inside], minlength=n)
        columns = {"purchases": purchases[known], "spend": spend[known]}
        return pd.DataFrame(columns, index=ids[known])


def teaches(now: pd.DataFrame) -> bool:
    """Whether a base as it stood can teach a model: 30 customers, ten of whom had come back.

    now : one row a customer, with `frequency`, as `Past.at` gives it.
    """
    return len(now) >= 30 and int((now["frequency"] > 0).sum()) >= 10


def ordinal(date: str | pd.Timestamp) -> int:
    """A date as days since 1970."""
    return int(np.datetime64(pd.Timestamp(date), "D").astype(np.int64))


def stamp(day: float) -> pd.Timestamp:
    """Days since 1970 as a date."""
    return pd.Timestamp("1970-01-01") + pd.Timedelta(int(day), unit="D")
