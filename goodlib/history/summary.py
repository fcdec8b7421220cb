"""Orders in, one row a customer out: how often, how lately, how long, how much.

The RFM summary of Fader, Hardie & Lee (2005): frequency x, recency t_x and age T are all that the
purchase models need to know of a customer.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from goodlib.history.engine import DuckDB, query
from goodlib.history.study import UNIT_DAYS


def summarize(
    orders: pd.DataFrame,
    *,
    end: str | date,
    unit: str,
    holdout_end: str | date | None = None,
) -> pd.DataFrame:
    """One row a customer: frequency, recency, T, monetary_value and first_date at `end`.

    A purchase is a day with an order: orders of one customer on one day are one purchase, and their
    amounts are added. Customers whose first order is after `end` are not in the summary.

    Parameters
    ----------
    orders : DataFrame
        `customer_id`, `date`, `amount`.
    end : date
        Last day of the calibration.
    unit : {"D", "W", "M", "Q", "Y"}
        Unit of time; a month is 30.4375 days.
    holdout_end : date, optional
        Last day of the holdout, which begins the day after `end`.

    Returns
    -------
    DataFrame, one row a customer, index `customer_id`
        `frequency`: purchases after the first; `recency`: from first to last purchase, `T`: from
        first purchase to `end`, both in `unit`; `monetary_value`: mean amount of the purchases
        after the first, missing where there is none; `first_date`. With a holdout also
        `frequency_holdout`
        (purchases), `amount_holdout` (their sum) and `T_holdout` (in `unit`).

    Raises
    ------
    ValueError
        Unknown unit, missing values, no orders up to `end`, a holdout that ends before it begins.
    """
    if unit not in UNIT_DAYS:
        message = f"unit must be one of {list(UNIT_DAYS)}, got {unit!r}."
        raise ValueError(message)
    missing = [name for name in ("customer_id", "date", "amount") if name not in orders]
    if missing:
        message = (
            f"orders need the columns customer_id, date and amount; {missing} are missing among "
            f"{list(orders.columns)}. `read_orders` maps the columns of your file."
        )
        raise ValueError(message)
    empty = orders[["customer_id", "date", "amount"]].isna()
    if empty.to_numpy().any():
        which = empty.any().idxmax()
        first = int(empty[which].to_numpy().argmax())
        message = (
            f"orders must be complete: {which} is missing in {empty[which].sum():,} of "
            f"{len(orders):,} rows (first: row {first}). `read_orders` leaves such rows out and "
            "says so."
        )
        raise ValueError(message)
    last, later = pd.Timestamp(end), pd.Timestamp(holdout_end or end)
    if later < last:
        message = f"The holdout must end after the calibration: {later:%Y-%m-%d} < {last:%Y-%m-%d}."
        raise ValueError(message)
    with DuckDB() as engine:
        engine.register("orders", orders[["customer_id", "date", "amount"]])
        sql = query("summary", end=f"{last:%Y-%m-%d}", holdout_end=f"{later:%Y-%m-%d}")
        raw = engine.frame(sql).set_index("customer_id")
    if raw.empty:
        first = "none" if orders.empty else f"{pd.to_datetime(orders['date']).min():%Y-%m-%d}"
        message = (
            f"A summary needs orders up to its end: 0 of {len(orders):,} orders are dated "
            f"{last:%Y-%m-%d} or earlier (first order: {first}). Is `end` right?"
        )
        raise ValueError(message)
    days = UNIT_DAYS[unit]
    x = raw["frequency"].to_numpy(np.int64)
    spent = raw["repeat_cents"].to_numpy(float) / 100
    summary = pd.DataFrame(
        {
            "frequency": x,
            "recency": raw["recency_days"].to_numpy(float) / days,
            "T": raw["age_days"].to_numpy(float) / days,
            "monetary_value": np.divide(spent, x, out=np.full(len(x), np.nan), where=x > 0),
            "first_date": pd.to_datetime(raw["first_date"]),
        },
        index=raw.index,
    )
    if holdout_end is not None:
        summary["frequency_holdout"] = raw["frequency_holdout"].to_numpy(np.int64)
        summary["amount_holdout"] = raw["holdout_cents"].to_numpy(float) / 100
        summary["T_holdout"] = (later - last).days / days
    return summary
