"""Orders in, one row a customer out: how often, how lately, how long, how much.

The RFM summary of Fader, Hardie & Lee (2005): frequency x, recency t_x and age T are all that the
purchase models need to know of a customer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from goodlib.history.engine import ENGINES, query
from goodlib.history.study import UNIT_DAYS, Study

COLUMNS = ["customer_id", "date", "amount"]


def summarize(
    orders: pd.DataFrame | str | Path,
    *,
    end: str | date,
    unit: str,
    holdout_end: str | date | None = None,
    engine: str = "duckdb",
) -> pd.DataFrame:
    """One row a customer: frequency, recency, T, monetary_value and first_date at `end`.

    A purchase is a day with an order: orders of one customer on one day are one purchase, and their
    amounts are added. Customers whose first order is after `end` are not in the summary.

    Parameters
    ----------
    orders : DataFrame, or path of a Parquet file or of a folder of them
        `customer_id`, `date`, `amount`; as a path they never pass through memory as a whole.
    end : date
        Last day of the calibration.
    unit : {"D", "W", "M", "Q", "Y"}
        Unit of time; a month is 30.4375 days.
    holdout_end : date, optional
        Last day of the holdout, which begins the day after `end`.
    engine : {"duckdb", "spark"}
        Where the query runs; the answer is the same.

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
        Unknown unit or engine, missing columns or values, no orders up to `end`, a holdout that
        ends before it begins.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-08", "2024-01-29"])
    >>> orders = pd.DataFrame({"customer_id": "a", "date": days, "amount": [9, 20, 30, 5.0]})
    >>> summarize(orders, end="2024-02-05", unit="W").drop(columns="first_date")
                 frequency  recency    T  monetary_value
    customer_id
    a                    2      4.0  5.0            27.5
    """
    if unit not in UNIT_DAYS:
        message = f"unit must be one of {list(UNIT_DAYS)}, got {unit!r}."
        raise ValueError(message)
    if engine not in ENGINES:
        message = f"engine must be one of {list(ENGINES)}, got {engine!r}."
        raise ValueError(message)
    last, later = pd.Timestamp(end), pd.Timestamp(holdout_end or end)
    if later < last:
        message = f"The holdout must end after the calibration: {later:%Y-%m-%d} < {last:%Y-%m-%d}."
        raise ValueError(message)
    with ENGINES[engine]() as runs:
        if isinstance(orders, pd.DataFrame):
            _check_columns(orders.columns)
            runs.register("orders", orders[COLUMNS])
        else:
            path = Path(orders)
            _check_columns(parquet.ParquetDataset(path).schema.names)
            runs.read_parquet("orders", path)
        check = runs.frame(query("complete")).iloc[0]
        _check_complete(check)
        sql = query("summary", end=f"{last:%Y-%m-%d}", holdout_end=f"{later:%Y-%m-%d}")
        raw = runs.frame(sql).set_index("customer_id")
    if raw.empty:
        first = "none" if pd.isna(check["first_date"]) else f"{check['first_date']:%Y-%m-%d}"
        message = (
            f"A summary needs orders up to its end: 0 of {check['n']:,} orders are dated "
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


def _check_columns(there: Iterable[str]) -> None:
    missing = [name for name in COLUMNS if name not in there]
    if missing:
        message = (
            f"orders need the columns customer_id, date and amount; {missing} are missing among "
            f"{list(there)}. `read_orders` maps the columns of your file."
        )
        raise ValueError(message)


def _check_complete(check: pd.Series) -> None:
    for name in COLUMNS:
        if check[name]:
            message = (
                f"orders must be complete: {name} is missing in {check[name]:,} of "
                f"{check['n']:,} rows. `read_orders` leaves such rows out and says so."
            )
            raise ValueError(message)


def cut(study: Study, orders: pd.DataFrame) -> pd.Timestamp:
    """The last day that a forecast tried on the past may know.

    The study's `calibration_end`; else one horizon before its last day, but not before the middle
    of the history.
    """
    if study.calibration_end:
        return pd.Timestamp(study.calibration_end)
    last, first = pd.Timestamp(study.as_of), orders["date"].min().normalize()
    back = pd.Timedelta(days=round(study.horizon * study.unit_days))
    return max(last - back, (first + (last - first) / 2).normalize())


def has_holdout(study: Study, orders: pd.DataFrame) -> bool:
    """Whether a forecast can be tried on this past: 30 customers by the cut, ten of them back."""
    known = orders[orders["date"] <= cut(study, orders)]
    days = known.assign(date=known["date"].dt.normalize()).drop_duplicates(["customer_id", "date"])
    purchases = days["customer_id"].value_counts()
    return len(purchases) >= 30 and int((purchases > 1).sum()) >= 10
