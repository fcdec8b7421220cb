"""Reasons to leave a row out: each is one SQL condition, and the first that a row breaks counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from goodlib.history.canonical import CANONICAL, of
from goodlib.history.engine import DuckDB, column
from goodlib.history.reading import Problem
from goodlib.history.study import Study


class Rule(NamedTuple):
    """A reason to leave a row out."""

    name: str
    broken: str
    """SQL condition."""
    shown: str
    """SQL expression of what the first offender has there."""
    cure: str
    """What to do about it, or why it is as it should be."""
    unreadable: bool = False
    """Counts towards the share of unreadable rows above which a history is refused."""


def rules(name: str, study: Study, there: set[str]) -> Iterator[Rule]:
    """The rules of a canonical table that has the columns `there`."""
    canonical = of(name, study.stages)
    for key in canonical.ids:
        if key in canonical.required:
            yield Rule(
                f"{key} is missing", f"{column(key)} is null", "''", "fill it in if it is known"
            )
    for key in (*canonical.dates, *canonical.numbers):
        if key in there:
            raw = column(f"_{key}")
            broken = f"({column(key)} is null and {raw} is not null)"
            cure = "give date_format" if key in canonical.dates else "give decimal"
            cure = f"mend it, or {cure} if all are written so"
            yield Rule(f"{key} cannot be read", broken, raw, cure, unreadable=True)
    for key in canonical.required:
        if key in there and key not in canonical.ids and key != "score":
            yield Rule(f"{key} is missing", f"{column(key)} is null", "''", "fill it in")
    for key in canonical.dates:
        if key in there:
            old = f"{column(key)} < timestamp '1900-01-01'"
            cure = "is the year short of digits?"
            yield Rule(f"{key} is before 1900", old, column(f"_{key}"), cure)
    if canonical.past:
        key = column(canonical.past)
        later = f"cast({key} as date) > date '{study.as_of}'"
        cure = "it is not known yet on that day; move as_of if it is"
        yield Rule(f"{canonical.past} is after {study.as_of}", later, f"cast({key} as date)", cure)
    for key in canonical.least:
        if key in there:
            cure = "give it as zero or more"
            yield Rule(f"{key} is negative", f"{column(key)} < 0", column(key), cure)
    if canonical.unique:
        key = column(canonical.unique)
        again = f"row_number() over (partition by {key} order by line) > 1"
        yield Rule(f"{canonical.unique} comes again", again, "''", "keep one row each")
    if name == "ratings":
        # who says that he does not know has answered; who left the field empty has not
        told = "score is null and _score is not null"
        yield Rule("no score", told, "_score", "an answer too: not known")
        yield Rule("score is empty", "score is null", "''", "ask for it, or delete the row")
    if name == "referrals":
        cure = "say who sent them, or delete the row"
        yield Rule("refers to itself", "referrer_id = referred_id", "referrer_id", cure)
        if "would_have_come_anyway" in there:
            shown = "would_have_come_anyway"
            yield Rule(f"{shown} is above 1", f"{shown} > 1", shown, "it is a chance, 0 to 1")
    if name == "prospects":
        yield from _endings(there)
    if name == "orders":
        said = "as options.{} says".format
        if study.options.refunds == "drop":
            yield Rule("refund", "amount < 0", "amount", said("refunds"))
        if study.options.zero == "drop":
            yield Rule("amount is zero", "amount = 0", "amount", said("zero"))
        if study.options.minimum_amount is not None:
            least = study.options.minimum_amount
            small = f"amount >= 0 and amount < {least}"
            yield Rule(f"amount below {least:g}", small, "amount", said("minimum_amount"))


def _endings(there: set[str]) -> Iterator[Rule]:
    """The rules of how a prospect ended; reading has made outcomes small letters."""
    if "outcome" in there:
        strange = "outcome is not null and outcome not in ('won', 'lost')"
        yield Rule("outcome is not won, lost or empty", strange, "outcome", "map your words")
    if {"outcome", "outcome_date"} <= there:
        when = "outcome = 'won' and outcome_date is null"
        yield Rule("won without a date", when, "outcome", "take the first order's date")
    if {"first_contact", "outcome_date"} <= there:
        early = "outcome_date < first_contact"
        shown = "cast(outcome_date as date)"
        cure = "is one of them the day it was entered?"
        yield Rule("outcome_date is before first_contact", early, shown, cure)


def judge(engine: DuckDB, name: str, study: Study) -> Iterator[Problem]:
    """Makes `kept` from `parsed`; what each rule left out.

    Raises
    ------
    ValueError
        More rows are unreadable than options.unreadable_share allows.
    """
    applied = list(rules(name, study, set(engine.columns("parsed"))))
    cases = " ".join(f"when {rule.broken} then {i}" for i, rule in enumerate(applied))
    engine.table("judged", f"select *, case {cases} end as broken from parsed")
    total = int(engine.value("select count(*) from judged"))
    counts = engine.frame(
        "select broken, count(*) as n, min(line) as line from judged "
        "where broken is not null group by broken order by broken"
    )
    who = next(key for key in (*CANONICAL[name].ids, *CANONICAL[name].required))
    for broken, count, line in counts.itertuples(index=False):
        rule = applied[int(broken)]
        first = engine.value(
            f"select trim(concat_ws(' ', {column(who)}, cast({rule.shown} as varchar))) "
            f"from judged where line = {int(line)} and broken = {int(broken)} limit 1"
        )
        if rule.unreadable and count > study.options.unreadable_share * total:
            message = (
                f"{rule.name} in {count:,} of {total:,} rows (first: row {int(line)}, {first!r}), "
                f"more than {study.options.unreadable_share:.0%}. Mend the file, give the table's "
                "date_format or decimal, or raise options.unreadable_share."
            )
            raise ValueError(message)
        shown = f"row {int(line)}: {first}".rstrip(": ")
        yield (name, rule.name, int(count), shown, f"left out; {rule.cure}")
    engine.table("kept", "select * exclude (broken) from judged where broken is null")
