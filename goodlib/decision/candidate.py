"""Everyone the firm may serve, customers and prospects, on the one scale of the three goods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from goodlib.decision.investment import GOODS


class Candidates(NamedTuple):
    """Who is up for a level of service, and what had to be assumed of them."""

    frame: pd.DataFrame
    """One row a customer or prospect, as `InvestmentModel` takes it."""
    assumed: pd.Series
    """One row a good: of how many customers it was unknown and set to the mean of the known."""


def gather(
    goods: pd.DataFrame,
    *,
    future: pd.DataFrame | None = None,
    quadrants: pd.DataFrame | None = None,
    prospects: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
) -> Candidates:
    """Customers and open prospects in one table of candidates.

    A customer of whom a good is unknown gets the mean of the known, and is counted: unknown is
    neither nothing nor a reason to be left out. A prospect brings its expected value (chance to be
    won times value if won) as good for you, and the other two goods at the customers' mean times
    that chance.

    Parameters
    ----------
    goods : DataFrame, one row a customer
        `good_for_others`, `good_at_it`, `good_for_you`.
    future : DataFrame, one row a customer, optional
        `p_top`, `top_today`.
    quadrants : DataFrame, one row a customer, optional
        `strained`: probability that the relationship is strained.
    prospects : DataFrame, one row an open prospect, optional
        `p_won`, `expected_value`.
    customers : DataFrame, one row a customer, optional
        `name`, `owner`.
    """
    frame = goods[list(GOODS.values())].astype(float)
    assumed = frame.isna().sum().rename("assumed")
    frame = frame.fillna(frame.mean()).fillna(0.0)
    frame.insert(0, "kind", "customer")
    for table, columns in (
        (future, ["p_top", "top_today"]),
        (quadrants, ["strained"]),
        (customers, ["name", "owner"]),
    ):
        if table is not None:
            frame = frame.join(table[[column for column in columns if column in table]])
    if prospects is not None and len(prospects):
        frame = pd.concat([frame, _as_candidates(prospects, frame)])
    if "top_today" in frame:
        frame["top_today"] = frame["top_today"].eq(True)
    frame.index.name = "customer_id"
    return Candidates(frame, assumed)


def _as_candidates(prospects: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    chance = prospects["p_won"].fillna(0).to_numpy(float)
    frame = pd.DataFrame(
        {
            "kind": "prospect",
            "good_for_others": chance * customers["good_for_others"].mean(),
            "good_at_it": chance * customers["good_at_it"].mean(),
            "good_for_you": prospects["expected_value"].fillna(0).to_numpy(float),
        },
        index=prospects.index.astype(customers.index.dtype),
    )
    for column in ("p_top", "name"):
        if column in prospects:
            frame[column] = prospects[column].to_numpy()
    both = frame.index.intersection(customers.index)
    if len(both):
        message = (
            f"A prospect is not yet a customer: {len(both):,} of {len(frame):,} prospects stand "
            f"among the customers too (first: {both[0]!r}). Take them out of the prospects."
        )
        raise ValueError(message)
    return frame


def direction(level_now: pd.Series, level: pd.Series) -> pd.Series:
    """Whether each candidate moves up, down or stays: 1, -1 or 0."""
    return pd.Series(np.sign(level - level_now), level.index, name="direction").astype(int)


def firmness(acceptability: pd.DataFrame, level_now: pd.Series, level: pd.Series) -> pd.Series:
    """The share of draws in which a candidate's move goes the same way as in the plan.

    Parameters
    ----------
    acceptability : DataFrame, one row a candidate, one column a level
        As made by `Plan.stability`.
    level_now, level : Series
        Level today and in the plan.
    """
    levels = acceptability.columns.to_numpy()
    way = np.sign(levels[None, :] - level_now.to_numpy()[:, None])
    same = way == direction(level_now, level).to_numpy()[:, None]
    return pd.Series((acceptability.to_numpy() * same).sum(axis=1), level.index, name="firmness")
