"""The customers a purchase model looks at: checked once, then one row for each distinct history.

Two customers with the same frequency, recency and T have the same likelihood and the same forecast,
so each distinct (x, t_x, T) is kept once with its count, and answers are handed back by `row`. Time
is never binned to make rows equal: days floored to weeks move the dropout rate by many standard
errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

COLUMNS = ("frequency", "recency", "T")
Index = pd.Index


class Times(NamedTuple):
    """Lengths of time as the few that differ: daily histories of years hold a thousand.

    values : the distinct times; code : which of them each row has; cell : where a row stands in a
    table of frequency by distinct time, read row after row.
    """

    values: np.ndarray
    code: np.ndarray
    cell: np.ndarray


class Customers(NamedTuple):
    """Distinct histories: x, t_x and T with the `count` of each, and the `row` of each customer.

    `designs` holds the covariates of each row, one matrix an effect; then rows differ in these too.
    `times` are recency and T by distinct value, where these are few.
    """

    x: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    count: np.ndarray
    row: np.ndarray
    index: Index
    designs: tuple[np.ndarray, ...] = ()
    times: tuple[Times, Times] | None = None

    @property
    def n(self) -> int:
        """Customers, not rows."""
        return len(self.row)

    def each(self, values: np.ndarray, name: str) -> pd.Series:
        """Values of the rows as a Series with one entry a customer."""
        return pd.Series(values.take(self.row), index=self.index, name=name, copy=False)

    def part(self, rows: np.ndarray) -> Customers:
        """Some of the rows; what remains belongs to nobody by name."""
        none = np.empty(0, dtype=np.intp)
        columns = (self.x[rows], self.recency[rows], self.T[rows], self.count[rows])
        designs = tuple(design[rows] for design in self.designs)
        return Customers(*columns, none, self.index[:0], designs)


def read_customers(
    summary: pd.DataFrame,
    *,
    observed: bool = True,
    distinct: bool = True,
    designs: tuple[np.ndarray, ...] = (),
) -> Customers:
    """The distinct histories of a summary, after its one check at the door.

    Parameters
    ----------
    summary : DataFrame of n customers
        Columns `frequency` (repeat purchases, whole numbers), `recency` (first to last purchase)
        and `T` (first purchase to the end of the observation), both in one unit; one row a
        customer.
    observed : bool
        Customers to fit to must have been observed for some time: T > 0. Forecasts allow T = 0.
    distinct : bool
        Equal histories are made one row. Finding them costs more than some answers do: those take
        a row a customer.
    designs : matrices of n rows
        Covariates of each customer, one matrix an effect.

    Raises
    ------
    TypeError, ValueError
        With the rule, the number of customers that break it, the first of them, and the cure.
    """
    if not isinstance(summary, pd.DataFrame):
        message = (
            f"summary must be a DataFrame, not {type(summary).__name__}: make one with summarize()"
        )
        raise TypeError(message)
    missing = [name for name in COLUMNS if name not in summary.columns]
    if missing:
        message = (
            f"summary must have the columns frequency, recency, T: {', '.join(missing)} missing, "
            f"got {', '.join(map(str, summary.columns))}. Make it with summarize() or rename."
        )
        raise ValueError(message)
    if summary.empty:
        message = (
            "summary must hold at least one customer: it is empty. Is `end` before the first order?"
        )
        raise ValueError(message)
    try:
        x, recency, T = (summary[name].to_numpy(dtype=float, na_value=np.nan) for name in COLUMNS)
    except (TypeError, ValueError) as error:
        message = "frequency, recency and T must be numbers: a column holds text. Convert it first."
        raise TypeError(message) from error
    hold = _Door(summary.index, x, recency, T).hold
    for name, values in zip(COLUMNS, (x, recency, T), strict=True):
        hold(np.isfinite(values), f"{name} must be finite", "Drop or mend those rows.")
    hold(x >= 0, "frequency must not be negative", "It counts repeat purchases from 0.")
    hold(x == np.floor(x), "frequency must be a whole number", "Count purchases, not amounts.")
    hold(recency >= 0, "recency must not be negative", "It runs from first to last purchase.")
    hold(recency <= T, "recency must not exceed T", "Is `end` earlier than the last purchase?")
    hold((x > 0) | (recency == 0), "recency must be 0 at frequency 0", "recency is not idle time.")
    hold((x == 0) | (recency > 0), "recency must be positive at a frequency above 0", "Merge days.")
    cure = "Set `end` a day later, or leave them out: expected_purchases_new() speaks for them."
    hold((T > 0) | (not observed), "T must be positive", cure)
    if not distinct:
        each, row = np.ones(len(x)), np.arange(len(x))
        return Customers(x.astype(np.int64), recency, T, each, row, summary.index, designs)
    return _compress(x, recency, T, summary.index, designs)


class _Door(NamedTuple):
    """Names the first customer that breaks a rule."""

    index: Index
    x: np.ndarray
    recency: np.ndarray
    T: np.ndarray

    def hold(self, kept: np.ndarray, rule: str, cure: str) -> None:
        """Raise unless every customer keeps the rule."""
        if kept.all():
            return
        first = int(np.argmin(kept))
        message = (
            f"{rule}: {np.count_nonzero(~kept):,} of {len(kept):,} customers break this (first: "
            f"{self.index[first]!r}, frequency {self.x[first]:g}, recency {self.recency[first]:g}, "
            f"T {self.T[first]:g}). {cure}"
        )
        raise ValueError(message)


def _compress(
    x: np.ndarray,
    recency: np.ndarray,
    T: np.ndarray,
    index: Index,
    designs: tuple[np.ndarray, ...],
) -> Customers:
    """Distinct (x, t_x, T) by hashing each column to codes, then the codes to one key."""
    key, codes = x.astype(np.int64), []
    for column in (recency, T, *(part for design in designs for part in design.T)):
        code, values = pd.factorize(column)
        codes.append((values, code))
        if key.max() * len(values) >= 2**62:  # keys grown too long: number them anew
            key = pd.factorize(key)[0]
        key = key * len(values) + code
    row, keys = pd.factorize(key)
    first = np.empty(len(keys), dtype=np.intp)
    first[row[::-1]] = np.arange(len(row) - 1, -1, -1)  # the last write is the first customer
    count = np.bincount(row, minlength=len(keys)).astype(float)
    columns = (x[first].astype(np.int64), recency[first], T[first])
    times = None
    if len(codes[0][0]) + len(codes[1][0]) < len(keys) / 4:
        times = tuple(
            Times(values, code[first], columns[0] * len(values) + code[first])
            for values, code in codes[:2]
        )
    own = tuple(design[first] for design in designs)
    return Customers(*columns, count, row, index, own, times)
