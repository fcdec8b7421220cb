"""What a plan refuses at the door: services, balance and candidates that cannot serve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from goodlib.decision.knapsack import InfeasiblePlan

if TYPE_CHECKING:
    from goodlib.decision.investment import Limits


def check_services(services: pd.DataFrame, goods: Mapping[str, str]) -> None:
    """Refuses a table of services that lacks a column or a number."""
    needed = ["name", "hours", "cost", *(f"response_{good}" for good in goods)]
    missing = [column for column in needed if column not in services]
    if missing:
        message = (
            f"services needs the columns {needed}: {missing} are missing. "
            "Add them to the study's services."
        )
        raise ValueError(message)
    numbers = services[needed[1:]].apply(pd.to_numeric, errors="coerce")
    for column in numbers:
        bad = numbers[column].isna() | (numbers[column] < 0)
        if bad.any():
            message = (
                f"A level's {column} must be a number, zero or more: {bad.sum()} of {len(bad)} "
                f"levels break this "
                f"(first: level {services.index[bad][0]!r}, {services[column][bad].iloc[0]!r}). "
                f"Fill it in the services."
            )
            raise ValueError(message)


def check_balance(balance: Mapping[str, float], goods: Mapping[str, str]) -> None:
    """Refuses shares that are not three, not one together, or below zero."""
    if set(balance) != set(goods):
        message = f"The balance needs the shares {list(goods)}, got {list(balance)}."
        raise ValueError(message)
    total = sum(balance.values())
    if min(balance.values()) < 0 or abs(total - 1) > 1e-6:
        message = (
            f"The shares of the balance must be zero or more and sum to one: "
            f"{dict(balance)} sums to {total:.3g}. Divide each by their sum, or correct one."
        )
        raise ValueError(message)


def check_candidates(
    people: pd.DataFrame,
    balance: Mapping[str, float],
    limits: Limits,
    goods: Mapping[str, str],
) -> None:
    """Refuses candidates of whom a good is unknown, and limits that speak of what is not there."""
    if people.empty:
        message = (
            "A plan needs at least one customer or prospect: the table of candidates is empty."
        )
        raise ValueError(message)
    for good, column in goods.items():
        if column not in people:
            message = f"Candidates need the column {column!r}; there are {list(people.columns)}."
            raise ValueError(message)
        values = people[column].to_numpy(float)
        unknown = ~np.isfinite(values)
        if unknown.any():
            message = (
                f"{column} must be known of every candidate: {unknown.sum():,} of "
                f"{len(people):,} have none "
                f"(first: {people.index[unknown][0]!r}). Give the firm's mean for the unknown, "
                f"or leave them out and say so."
            )
            raise ValueError(message)
        if balance[good] > 0 and not (values > 0).any():
            message = (
                f"The balance gives {good} {balance[good]:.0%}, but nobody has any {column}: "
                f"0 of {len(people):,} are above zero. Set its share to 0 or supply the data."
            )
            raise InfeasiblePlan(message)
    known = set(people["skill"].dropna()) if "skill" in people else set()
    unknown_skills = [skill for skill in limits.skills if skill not in known]
    if unknown_skills:
        message = (
            f"Limits name {len(unknown_skills)} skills that no candidate needs (first: "
            f"{unknown_skills[0]!r}); "
            f"known are {sorted(known)}. Correct the name, or leave it out of the limits."
        )
        raise InfeasiblePlan(message)
    unknown_floors = [good for good in limits.floors if good not in goods]
    if unknown_floors:
        message = f"Floors are for {list(goods)}, got {unknown_floors[0]!r}."
        raise ValueError(message)
    if not limits.hours > 0:
        message = f"The hours of a plan must be above zero, got {limits.hours!r}."
        raise ValueError(message)
