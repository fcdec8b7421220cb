"""The canonical tables: what each may hold, whatever a firm calls its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Canonical(NamedTuple):
    """A canonical table's columns by kind; columns that are not named here are kept as text."""

    required: tuple[str, ...]
    ids: tuple[str, ...] = ()
    """Text, as it stands: "007" stays "007"."""
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    past: str | None = None
    """The date that must not lie after the study's as-of date."""
    least: tuple[str, ...] = ()
    """Numbers that must not be negative."""
    unique: str | None = None
    """The column that names a row: it must not come again."""


def of(name: str, stages: Sequence[str] = ()) -> Canonical:
    """A canonical table's columns; one of prospects that is named as a stage holds a date."""
    canonical = CANONICAL[name]
    return (
        canonical._replace(dates=(*canonical.dates, *stages)) if name == "prospects" else canonical
    )


CANONICAL = {
    "orders": Canonical(
        required=("customer_id", "date", "amount"),
        ids=("customer_id",),
        dates=("date",),
        numbers=("amount", "margin", "cost"),
        past="date",
    ),
    "customers": Canonical(
        required=("customer_id",),
        ids=("customer_id",),
        dates=("since",),
        unique="customer_id",
    ),
    "ratings": Canonical(
        required=("customer_id", "rater", "date", "score"),
        ids=("customer_id", "rater"),
        dates=("date",),
        past="date",
    ),
    "interactions": Canonical(
        required=("customer_id", "time", "side", "kind"),
        ids=("customer_id", "thread"),
        dates=("time",),
        past="time",
    ),
    "referrals": Canonical(
        required=("referrer_id", "referred_id", "date"),
        ids=("referrer_id", "referred_id"),
        dates=("date",),
        numbers=("would_have_come_anyway", "cost"),
        past="date",
        least=("would_have_come_anyway", "cost"),
    ),
    "prospects": Canonical(
        required=("prospect_id", "stage"),
        ids=("prospect_id", "customer_id"),
        dates=("first_contact", "outcome_date"),
        numbers=("expected_value",),
        past="first_contact",
        least=("expected_value",),
        unique="prospect_id",
    ),
    "efforts": Canonical(
        required=("customer_id", "date", "hours", "good"),
        ids=("customer_id",),
        dates=("date",),
        numbers=("hours",),
        past="date",
        least=("hours",),
    ),
    "services": Canonical(
        required=("level", "name", "hours"),
        numbers=(
            *("level", "hours", "cost"),
            *("response_others", "response_skill", "response_you"),
        ),
        least=("hours", "cost"),
    ),
}
