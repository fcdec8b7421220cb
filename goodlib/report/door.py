"""What a report refuses before any chapter runs, because study and tables alone show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from goodlib.decision.skill import CELL
from goodlib.history import Study, StudyError, audit
from goodlib.report.run import BASE


def require(study: Study, tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuses a study that some chapter could not use, all reasons at once.

    Parameters
    ----------
    study : Study
    tables : canonical tables by name, as intake leaves them

    Raises
    ------
    StudyError
        Nothing says what stays with the firm; nobody bought in the last period; the horizon is
        longer than twice the history; none of our own people rated, or a side of ratings is
        unknown; the log of interactions cannot be read; efforts name no skill; hours, budget or
        least level of the service plan cannot hold. One line a problem.
    """
    checks = (_margin, _alive, _horizon, _sides, _log, _work, _plan)
    problems = [said for check in checks for said in check(study, tables)]
    if problems:
        raise StudyError("\n".join(f"{study.path.name}: {said}" for said in problems))


def _margin(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    if study.margin is None and not {"cost", "margin"} & set(tables["orders"].columns):
        yield (
            "value needs a margin, orders have neither `cost` nor `margin`, "
            "and the study gives none. Map one of the columns, set `margin` to the share of an "
            "amount that stays with the firm, or `margin: 1` to count revenue as value."
        )


def _alive(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    orders = tables["orders"]
    base = audit.audit(orders, end=study.as_of)
    if base.active.empty:
        yield (
            f"somebody must have bought in the {base.months} months before as_of "
            f"({study.as_of}): 0 of {len(orders):,} orders did, the last is of "
            f"{orders['date'].max():%Y-%m-%d}. Set as_of to the last day the data knows, or add "
            "the orders since."
        )


def _horizon(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    orders = tables["orders"]
    if orders["customer_id"].nunique() < BASE:  # no model of the base, and no horizon in use
        return
    first = orders["date"].min().normalize()
    history = (pd.Timestamp(study.as_of) - first).days / study.unit_days
    if study.horizon > 2 * history:
        yield (
            f"a horizon may be at most twice the history before it: {study.horizon:g} "
            f"{study.unit} against {history:.0f} {study.unit} since {first:%Y-%m-%d}. Set horizon "
            f"to {int(2 * history) or round(2 * history, 1):g} or less."
        )


def _sides(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    ratings = tables.get("ratings")
    if ratings is None or "side" not in ratings:
        return
    strange = ~ratings["side"].isin(("staff", "client"))
    if strange.any():
        first = ratings[strange].iloc[0]
        yield (
            f"the side of a rating must be staff or client: {strange.sum():,} of "
            f"{len(ratings):,} are neither (first: {first['customer_id']!r}, side "
            f"{first['side']!r}). Map the firm's own words in the study file, such as "
            "side: \"case when side = 'word' then 'staff' else side end\"."
        )
    elif not (ratings["side"] == "staff").any():
        yield (
            f"ratings need one by our own people at least: 0 of {len(ratings):,} have side staff. "
            "Add theirs, or leave ratings out of the study."
        )


def _log(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    if "interactions" in tables:
        from goodlib.relationship.interaction import read_log  # it brings the models' libraries

        try:
            read_log(tables["interactions"], study.as_of)
        except ValueError as error:
            yield f"interactions: {error}"


def _work(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    efforts = tables.get("efforts")
    said = [frame for frame in (efforts, tables.get("customers")) if frame is not None]
    if efforts is not None and not any(name in frame for frame in said for name in CELL):
        yield (
            f"efforts must say what was learned at: 0 of {len(efforts):,} rows have one of "
            f"{', '.join(CELL)} (columns: {', '.join(efforts.columns)}). Map one of them under "
            "tables.efforts.columns, or leave efforts out of the study."
        )


def _plan(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """The least that everybody takes is more than there is; no level is the least one asked for."""
    chosen, services = study.investment, tables.get("services")
    if services is None:
        return
    least = chosen.minimum_level
    open_to_all = services if least is None else services[services["level"] >= least]
    if open_to_all.empty:
        yield (
            f"investment.minimum_level must be a level of the services: {least} is above the "
            f"highest of {len(services)} ({services['level'].max():g}). Lower it or add the level."
        )
        return
    count = tables["orders"]["customer_id"].nunique()
    hours = chosen.hours_per_month if "efforts" in tables else None
    limits = {"hours": ("hours_per_month", hours), "cost": ("budget", chosen.budget)}
    for column, (key, there) in limits.items():
        needed = open_to_all[column].min() * count if column in open_to_all else 0.0
        if there is not None and needed > there:
            yield (
                f"investment.{key} must suffice for the least level of everybody: "
                f"{count:,} customers take {needed:,.6g}, {there:,.6g} are there. Raise {key} to "
                f"{needed:,.6g}, lower minimum_level or add a cheaper level to the services."
            )
