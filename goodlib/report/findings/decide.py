"""What to decide: a tidy frame in, a sentence that names somebody and something to do, or nothing.

A decision stands first on the report's front page, so there is at most one of a kind, it names at
most three, and where the numbers call for nothing it is None and nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from goodlib.report.findings.comparison import listed
from goodlib.report.findings.future import LOST
from goodlib.report.findings.goods import WORDS
from goodlib.report.findings.investment import marked
from goodlib.report.words import Sentence

LIKELY = 0.2
"""From this chance on somebody may well be among the best."""
UNSURE = 0.5
"""Below this chance one of today's best is more likely to leave the best than to stay."""
SHORT = 0.03
"""A good that lacks less than this share of all effort is where the firm wants it."""
WORTH = 0.02
"""Customers nobody rated matter from this share of the expected value on."""


def rising(customers: pd.DataFrame, length: str) -> Sentence | None:
    """Who is not among today's best and may be tomorrow.

    `customers`: `name`, `p_top`, `top_today`; `length`: the horizon, as after "the next".
    """
    new = customers[~customers["top_today"].astype(bool) & (customers["p_top"] >= LIKELY)]
    if new.empty:
        return None
    first = new.nlargest(3, "p_top")
    values = {"names": _together(first["name"]), "least": first["p_top"].min()}
    if len(first) == 1:
        they = "by what they spend they are not among today's best, with a chance of {least:chance}"
    else:
        they = (
            "by what they spend they are not among today's best, and each has a chance of at least "
            "{least:chance}"
        )
    return Sentence(
        f"Do not overlook {{names:name}}: {they} to be among those of the next {{length:name}}.",
        values | {"length": length},
    )


def fading(customers: pd.DataFrame, length: str) -> Sentence | None:
    """Who of today's best is likelier to drop out than to stay, and may still be held.

    `customers`: `name`, `p_top`, `top_today`, `spent` (in the period that has just ended). Who is
    as good as lost is not named: a call comes too late. First stands who would be missed most.
    """
    chance = customers["p_top"]
    old = customers[customers["top_today"].astype(bool) & chance.between(LOST, UNSURE, "left")]
    if old.empty:
        return None
    first = old.nlargest(3, "spent")
    values = {"names": _together(first["name"]), "length": length, "n": len(old)}
    values |= {"least": first["p_top"].min(), "most": first["p_top"].max()}
    if len(first) == 1:
        stay = "with a chance of {most:chance} to stay among them over the next {length:name}"
    else:
        stay = (
            "with chances from {least:chance} to {most:chance} to stay among them over the next "
            "{length:name}"
        )
    who = "among today's best"
    if len(old) > len(first):
        who = "the largest of {n:count} of today's best who are likelier to drop out than to stay"
    return Sentence(f"Call {{names:name}} now: {who}, {stay}.", values)


def _together(names: pd.Series) -> str:
    """The names as a list; of customers without one, who are "customer 7", the word stands once."""
    if len(names) > 1 and names.str.startswith("customer ").all():
        return "customers " + listed(names.str.removeprefix("customer ").tolist())
    return listed(names.tolist())


def strained(customers: pd.DataFrame) -> Sentence | None:
    """Whom to speak about: worth much and hard to work with.

    `customers`: `name`, `quadrant`, `residual_value`.
    """
    hard = customers[customers["quadrant"] == "valuable but strained"]
    if hard.empty:
        return None
    first = hard.nlargest(3, "residual_value")
    values = {
        "names": listed(first["name"].tolist()),
        "n": len(hard),
        "share": hard["residual_value"].sum() / customers["residual_value"].sum(),
    }
    much = "worth much ({share:percent} of the value to come) and hard to work with."
    if len(hard) > len(first):
        rest = f", the first of {{n:count}} customers who are {much}"
    else:
        rest = f": {'it is' if len(hard) == 1 else 'they are'} {much}"
    return Sentence("Settle how to go on with {names:name}" + rest, values)


def unrated(customers: pd.DataFrame) -> Sentence | None:
    """Whom to ask about: nobody rated them and they are worth something."""
    unknown = customers[customers["quadrant"] == "unknown"]
    total = customers["residual_value"].sum()
    if unknown["residual_value"].sum() < WORTH * total or unknown.empty:
        return None
    first = unknown.nlargest(3, "residual_value")
    values = {
        "names": listed(first["name"].tolist()),
        "n": len(unknown),
        "share": unknown["residual_value"].sum() / total,
    }
    return Sentence(
        "Ask who knows {names:name}: of the {n:plural customer} nobody has rated, together "
        "{share:percent} of the value to come, they are worth most.",
        values,
    )


def balance(now: pd.Series, goal: Mapping[str, float], hours: float, unit: str) -> Sentence | None:
    """Which good lacks effort, and how much a month.

    `now`, `goal`: shares of the three goods; `hours`: effort a month, in `unit`.
    """
    gap = {good: goal[good] - now[good] for good in goal}
    least = max(gap, key=lambda good: gap[good])
    if gap[least] < SHORT:
        return None
    values = {"more": gap[least] * hours, "now": now[least], "goal": goal[least]}
    amount = "{more:count} hours" if unit == "hours" else "{more:money}"
    return Sentence(
        f"Move about {amount} a month to {WORDS[least]}, or choose another balance: it has "
        "{now:percent} of the effort where {goal:percent} was chosen.",
        values,
    )


def low(customers: pd.DataFrame, unit: str) -> Sentence | None:
    """For whom effort goes that brings little of any good; `customers`: `name`, `hours`."""
    if customers.empty:
        return None
    first = customers.nlargest(3, "hours")
    values = {
        "names": listed(first["name"].tolist()),
        "n": len(customers),
        "hours": customers["hours"].sum(),
    }
    amount = "{hours:money}" if unit == "money" else f"{{hours:count}} {unit}"
    if len(customers) == 1:
        return Sentence(f"Ask what the {amount} for {{names:name}} are for.", values)
    return Sentence(
        f"Ask what the {amount} for {{n:count}} customers are for that give little of any good, "
        "{names:name} first.",
        values,
    )


def moves(plan: pd.DataFrame) -> Sentence | None:
    """Who gets more and who less, of the moves that hold in nearly all draws.

    `plan`: `name`, [`kind`], `level`, `level_now`, `hours`, `hours_now`, `firm`.
    """
    change = (plan["hours"] - plan["hours_now"]).where(plan["firm"].astype(bool), 0.0)
    way = plan["level"] - plan["level_now"]
    up, down = change[(way > 0) & (change > 0)], change[(way < 0) & (change < 0)]
    parts, values = [], {"firm": len(up) + len(down)}
    for side, word, chosen in (("more", "up", up.nlargest(3)), ("less", "down", down.nsmallest(3))):
        if len(chosen):
            values[word] = listed(marked(plan.loc[chosen.index]).tolist())
            parts.append(f"{side} {'time to' if side == 'more' else 'to'} {{{word}:name}}")
    if not parts:
        return None
    held = "this move holds" if values["firm"] == 1 else "these {firm:count} moves hold"
    if values["firm"] > len(up.nlargest(3)) + len(down.nsmallest(3)):
        held = "these are the largest of {firm:count} moves that hold"
    text = f"Give {' and '.join(parts)}: {held} in at least 95 of 100 possible futures."
    return Sentence(text, values)
