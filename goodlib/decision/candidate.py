"""Everyone the firm may serve, customers and prospects, on the one scale of the three goods."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from goodlib.decision.investment import GOODS, Plan

FIRM = 0.95
"""Share of the draws in which a move must go the same way to be called firm."""


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
    efforts: pd.DataFrame | None = None,
) -> Candidates:
    """Customers and open prospects in one table of candidates.

    A customer of whom a good is unknown gets the mean of the known, and is counted: unknown is
    neither nothing nor a reason to be left out. A prospect brings its expected value (chance to be
    won times value if won) as good for you, and the other two goods at the customers' mean times
    that chance.

    Parameters
    ----------
    goods : DataFrame, one row a customer
        `good_for_others`, `good_at_it`, `good_for_you`; optional `through_others`, the part of
        the last that comes through others, and `others_in_money` where the firm gives a rate.
    future : DataFrame, one row a customer, optional
        `p_top`, `top_today`.
    quadrants : DataFrame, one row a customer, optional
        `strained`: probability that the relationship is strained.
    prospects : DataFrame, one row an open prospect, optional
        `p_won`, `expected_value`; those `already_customer` stand among the customers only.
    customers : DataFrame, one row a customer, optional
        `name`, `owner`.
    efforts : DataFrame, one row a piece of work, optional
        `customer_id`, `hours`, `skill`: what most of a customer's work asks for is their `skill`.
    """
    goods = _by_id(goods)
    more = [name for name in ("others_in_money", "through_others") if name in goods]
    columns = [*GOODS.values(), *more]
    frame = goods[columns].astype(float)
    assumed = frame[list(GOODS.values())].isna().sum().rename("assumed")
    frame = frame.fillna(frame.mean()).fillna(0.0)
    frame.insert(0, "kind", "customer")
    for table, columns in (
        (future, ["p_top", "top_today"]),
        (quadrants, ["strained"]),
        (customers, ["name", "owner"]),
    ):
        if table is not None:
            kept = _by_id(table)
            frame = frame.join(kept[[column for column in columns if column in kept]])
    if efforts is not None and "skill" in efforts:
        asked = efforts.groupby(["customer_id", "skill"])["hours"].sum().sort_values(kind="stable")
        frame["skill"] = asked.reset_index("skill")["skill"].groupby(level=0).last()
    if prospects is not None and "already_customer" in prospects:
        prospects = prospects[~prospects["already_customer"].astype(bool)]
    if prospects is not None and len(prospects):
        frame = pd.concat([frame, _as_candidates(_by_id(prospects), frame)])
    if "name" in frame:
        frame["name"] = frame["name"].fillna(frame.index.to_series())
    else:
        frame["name"] = frame.index
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
    if "others_in_money" in customers:
        frame["others_in_money"] = chance * customers["others_in_money"].mean()
    for column in ("p_top", "name", "p_won", "p_won_lower_80", "p_won_upper_80"):
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


def hours_now(
    people: pd.Index,
    orders: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    hours: float,
    efforts: pd.DataFrame | None = None,
) -> pd.Series:
    """Hours a month that each candidate is given now.

    The hours recorded over the last year where the firm keeps them; else `hours` spread over the
    customers in proportion to what they ordered in the last three years, as if service went with
    money (`Series.name` says which: "recorded" or "spread").
    """
    as_of = pd.Timestamp(as_of)
    if efforts is not None:
        lately = efforts[efforts["date"] > as_of - pd.DateOffset(years=1)]
        given = lately.groupby("customer_id")["hours"].sum() / 12
        return given.reindex(people, fill_value=0.0).rename("recorded")
    lately = orders[orders["date"] > as_of - pd.DateOffset(years=3)]
    spent = lately.groupby("customer_id")["amount"].sum().clip(lower=0)
    return (hours * spent / spent.sum()).reindex(people, fill_value=0.0).rename("spread")


def hours_of(hours: pd.Series, services: pd.DataFrame) -> float:
    """Hours that the levels nearest to the hours given now take in all."""
    return float(services["hours"].reindex(level_now(hours, services)).sum())


def level_now(hours: pd.Series, services: pd.DataFrame) -> pd.Series:
    """The level whose hours come nearest to those a customer was given (ties: the lower one).

    Parameters
    ----------
    hours : Series, shape (n,)
        Hours given to each customer in one planning period.
    services : DataFrame
        As for `InvestmentModel`.
    """
    table = services.set_index("level") if "level" in services.columns else services
    table = table["hours"].astype(float).sort_values()
    middles = [(low + high) / 2 for low, high in pairwise(table)]
    return pd.Series(
        table.index.to_numpy()[np.searchsorted(middles, hours.to_numpy(float))],
        hours.index,
        name="level_now",
    )


def known_balance(
    balance: Mapping[str, float], people: pd.DataFrame
) -> tuple[dict[str, float], list[str]]:
    """The balance over the goods of which anybody has some, and the goods of which nobody has any.

    The weight of a good of which nothing is known goes to the others in proportion.
    """
    there = {good: bool((people[column] > 0).any()) for good, column in GOODS.items()}
    lost = [good for good in GOODS if balance[good] > 0 and not there[good]]
    total = sum(balance[good] for good in GOODS if good not in lost)
    if not lost or not total > 0:
        return dict(balance), []
    return {good: 0.0 if good in lost else balance[good] / total for good in GOODS}, lost


def drawn_goods(
    people: pd.DataFrame, draws: Mapping[str, pd.DataFrame], *, seed: int
) -> dict[str, np.ndarray]:
    """Joint draws of the goods of every candidate, by good, each of shape (candidates, draws).

    Each draw is moved so that its mean is the candidate's good, which also holds what comes through
    others; nobody's good for others or good at it falls below zero. Of a prospect the chance to be
    won is drawn, as unsure as its interval says, and moves all three goods; who has neither draws
    nor a chance stays at the mean.

    Parameters
    ----------
    people : DataFrame, one row a candidate
        As `gather` makes it.
    draws : by good, customers x draws
        As chapters hand them over.
    seed : int
    """
    random = np.random.default_rng(seed)
    count = max((frame.shape[1] for frame in draws.values()), default=1)
    won = _chance_drawn(people, count, random)
    found = {}
    for good, column in GOODS.items():
        mean = people[column].to_numpy(float)[:, None]
        value = mean * won
        if good in draws:
            own = draws[good].reindex(people.index).to_numpy(float)
            own = own[:, np.arange(count) % own.shape[1]]
            there = ~np.isnan(own).any(axis=1)
            around = own[there] - own[there].mean(axis=1, keepdims=True)
            value[there] = mean[there] + around
        found[good] = value if good == "you" else value.clip(min=0.0)
    return found


def _chance_drawn(people: pd.DataFrame, count: int, random: np.random.Generator) -> np.ndarray:
    """Draws of each candidate's chance to be won, over its estimate; one for customers."""
    drawn = np.ones((len(people), count))
    bounds = ["p_won", "p_won_lower_80", "p_won_upper_80"]
    if not set(bounds) <= set(people):
        return drawn
    chance = people[bounds].clip(1e-4, 1 - 1e-4)
    open_now = people["p_won"].gt(0).to_numpy() & chance.notna().all(axis=1).to_numpy()
    middle, lower, upper = logit(chance[open_now].to_numpy(float)).T[:, :, None]
    step = random.standard_normal((int(open_now.sum()), count)) / 1.2816
    found = expit(middle + step * np.where(step > 0, upper - middle, middle - lower))
    drawn[open_now] = found / found.mean(axis=1, keepdims=True)
    return drawn


def _by_id(table: pd.DataFrame) -> pd.DataFrame:
    """The table indexed by its id, the first column that is one."""
    for key in ("prospect_id", "customer_id"):
        if key in table.columns:
            return table.set_index(key)
    return table


def moves(plan: Plan, hours: pd.Series, acceptability: pd.DataFrame) -> pd.DataFrame:
    """Everyone's level now and in the plan, and whether the move is firm.

    Parameters
    ----------
    plan : Plan
    hours : Series by candidate
        Hours a month given now.
    acceptability : DataFrame
        As made by `Plan.stability`.

    Returns
    -------
    DataFrame, one row a candidate
        `kind`, `name`, `level_now`, `level`, `level_name`, `hours_now` and `hours` (a month, of the
        levels), `cost`, `firmness` (share of draws in which the move goes the same way), `firm` (at
        least `FIRM`, and no rise that rests on money through others),
        and the goods, `p_top` and `strained` of the candidate.
    """
    people, services = plan.model.candidates, plan.model.services
    before = level_now(hours.reindex(people.index), services)
    frame = plan.levels[["kind", "level", "level_name", "hours", "cost"]].copy()
    frame.insert(1, "name", people["name"] if "name" in people else people.index)
    frame.insert(2, "level_now", before)
    frame.insert(3, "hours_now", services["hours"].reindex(before).to_numpy(float))
    frame["firmness"] = firmness(acceptability, before, frame["level"])
    upward = frame["level"] > before
    frame["firm"] = (frame["firmness"] >= FIRM) & ~(upward & mostly_through_others(people))
    kept = [key for key in (*GOODS.values(), "p_top", "strained") if key in people]
    return frame.join(people[kept])


def mostly_through_others(people: pd.DataFrame) -> pd.Series:
    """Whose money is more than half what comes through those whom they send.

    It stands with the sender and with those who pay. That time with the sender keeps it is an
    assumption which no draw varies, so no such rise is firm.
    """
    through = people.get("through_others", pd.Series(0.0, people.index)).fillna(0.0)
    return through > people["good_for_you"] / 2


def by_level(table: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """One row a level: hours and candidates now and in the plan (`moves` gives the table)."""
    now, then = table.groupby("level_now"), table.groupby("level")
    columns = {
        "hours_now": now["hours_now"].sum(),
        "hours": then["hours"].sum(),
        "candidates_now": now.size(),
        "candidates": then.size(),
    }
    frame = pd.DataFrame(columns).reindex(services.index).fillna(0)
    frame.insert(0, "level_name", services["name"])
    return frame


def transitions(table: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """How many move from each level now (rows) to each level in the plan (columns)."""
    counts = pd.crosstab(table["level_now"], table["level"])
    return counts.reindex(index=services.index, columns=services.index, fill_value=0)


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
