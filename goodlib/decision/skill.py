"""What the firm can do, and whose work taught it: a map of skills, industries and services.

The first engagement in a cell of the map teaches more than the tenth. How much more is the learning
curve: with every doubling of experience in a cell the effort of the work falls to a fixed share
(Wright 1936; 80 % is the usual figure). What an engagement taught is the part of that fall that
it brought, in units of a first engagement of typical size; so splitting one engagement into many
rows changes nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

CELL = ("skill", "industry", "service")
"""Columns that span the map, as far as a study has them."""


def cells(efforts: pd.DataFrame) -> list[str]:
    """The columns of CELL that the table has."""
    found = [column for column in CELL if column in efforts and efforts[column].notna().any()]
    if not found:
        message = (
            f"A map of skills needs at least one of the columns {', '.join(CELL)}: the table has "
            f"{', '.join(map(str, efforts.columns))}."
        )
        raise ValueError(message)
    return found


def learned(
    efforts: pd.DataFrame, *, progress: float | np.ndarray = 0.8, size: float | None = None
) -> np.ndarray:
    """What each piece of work taught the firm, in first engagements of typical size.

    Parameters
    ----------
    efforts : DataFrame, one row a piece of work
        `customer_id`, `date`, `hours` (one for each engagement where hours are not known), and
        columns of CELL. A row without a cell teaches nothing that can be placed: zero.
    progress : float or array in (0.5, 1)
        Share to which effort falls with each doubling of experience; an array gives one column
        each.
    size : float, optional
        Hours of a first engagement of typical size. Default: the median over customers, cells and
        calendar years.

    Returns
    -------
    array of one number a row (and one column for each of an array of `progress`)
        One for a first engagement of typical size, 0.07 for a tenth of equal size at 0.8.

    Examples
    --------
    >>> ten = pd.DataFrame({"date": pd.date_range("2025-01-01", periods=10), "hours": 8.0})
    >>> taught = learned(ten.assign(skill="statistics", customer_id=list("ABCDEFGHIJ")))
    >>> [round(float(x), 2) for x in taught[[0, 1, 9]]]
    [1.0, 0.49, 0.07]
    """
    progress = np.asarray(progress, float)
    if ((progress <= 0.5) | (progress >= 1)).any():
        message = f"progress lies between 0.5 and 1 (0.8 is usual), got {progress.min():g}."
        raise ValueError(message)
    curve = -np.log2(progress)
    names = cells(efforts)
    placed = efforts[names].notna().all(axis=1) & (efforts["hours"] > 0)
    order = efforts[placed].sort_values("date", kind="stable")
    size = _size(order, names) if size is None else size
    after = order.groupby(names, sort=False)["hours"].cumsum()
    experience = pd.DataFrame({"before": after - order["hours"], "after": after}) / size
    shape = (len(efforts), *progress.shape)
    taught = np.zeros(shape)
    rows = efforts.index.get_indexer(order.index) if efforts.index.is_unique else None
    if rows is None:
        message = "Every row of efforts needs an index of its own. Use reset_index(drop=True)."
        raise ValueError(message)
    before, later = (
        np.power.outer(1.0 + experience[side].to_numpy(), -curve) for side in ("before", "after")
    )
    taught[rows] = (before - later) / (1.0 - 2.0**-curve)
    return taught


def _size(order: pd.DataFrame, names: list[str]) -> float:
    """The usual size of an engagement: the median over customers, cells and calendar years."""
    if not len(order):
        return 1.0
    by = [order["customer_id"], *(order[name] for name in names), order["date"].dt.year]
    return float(order["hours"].groupby(by).sum().median())


def skill_map(efforts: pd.DataFrame, as_of: str | pd.Timestamp) -> pd.DataFrame:
    """One row a cell of the map: how much work, how old, how lately, with how many customers.

    Returns
    -------
    DataFrame, indexed by the columns of CELL that there are
        `hours`, `customers`, `first_date`, `last_date`, `age` (years since the first work in it).
    """
    names = cells(efforts)
    frame = efforts.dropna(subset=names).groupby(names).agg(
        hours=("hours", "sum"),
        customers=("customer_id", "nunique"),
        first_date=("date", "min"),
        last_date=("date", "max"),
    )  # fmt: skip
    frame["age"] = (pd.Timestamp(as_of) - frame["first_date"]).dt.days / 365.25
    return frame


def placed(efforts: pd.DataFrame) -> float:
    """The share of the work that names a cell of the map."""
    there = efforts[cells(efforts)].notna().all(axis=1)
    return float(efforts.loc[there, "hours"].sum() / efforts["hours"].sum())


def scatter(hours: pd.Series) -> float:
    """Over how many cells work is spread: the exponential of the entropy of its shares.

    Examples
    --------
    >>> round(scatter(pd.Series([10.0, 10.0, 10.0, 0.0])), 6)
    3.0
    """
    share = hours[hours > 0] / hours.sum()
    return float(np.exp(-(share * np.log(share)).sum())) if len(share) else 0.0
