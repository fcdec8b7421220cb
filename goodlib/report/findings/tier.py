"""What the chapter on tomorrow's best says about tiers: what stays, and whether effort made it
so.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from goodlib.report.chapter import Chapter
from goodlib.report.words import Sentence
from goodlib.value.feature import Past, days_of, ordinal, stamp
from goodlib.value.luck import by_luck
from goodlib.value.tier import RULE, Tiers, audit_effort, compare_tiers

SHARES = ("rose_given", "rose_not")
"""Who rose, of those who got more hours and of the others."""


def two_windows(chapter: Chapter, past: Past, horizon: float) -> tuple[pd.Series, pd.Series]:
    """Spend of the last window but one and of the last, of those known between them."""
    study = chapter.study
    between = stamp(ordinal(study.as_of) - days_of(horizon, study.unit))
    before = past.at(between, horizon, study.unit)["window_spend"]
    return before, past.after(between, horizon, study.unit)["spend"]


def tiers(chapter: Chapter, past: Past, horizon: float, seed: int) -> Tiers:
    """The study's own tiers in its last two windows, beside what luck alone would move."""
    found = compare_tiers(*two_windows(chapter, past, horizon), draws=500, seed=seed)
    study = chapter.study
    between = stamp(ordinal(study.as_of) - days_of(horizon, study.unit))
    try:
        luck = by_luck(past, between, horizon, study.unit, draws=200, seed=seed)
    except ValueError:  # nobody bought twice in the two windows: there is no pace to keep
        return found
    return replace(found, luck=luck)


def misclassified(found: Tiers, length: str) -> Sentence:
    """How many were not where their tier had put them, beside the field's rule of thumb."""
    missed, lower, upper = found.missed
    rule, other = RULE
    if upper < rule:
        end = "a tier tells more here than it commonly does, so treating today's best better pays"
    elif lower > rule:
        end = "a tier tells less here than it commonly does, so treat nobody by tier alone"
    else:
        end = "a tier tells about as much here as it commonly does"
    text = (
        "Of the best fifth of the last {length:name} {missed:percent} had not been among the best "
        "fifth before (95% interval {lower:percent} to {upper:percent}), and {mistaken:percent} of "
        "the others had been; elsewhere it is commonly {rule:percent} and {other:percent}: "
        "{end:name}."
    )
    values = {
        "length": length,
        "missed": missed,
        "lower": lower,
        "upper": upper,
        "mistaken": found.mistaken[0],
        "rule": rule,
        "other": other,
        "end": end,
        "correlation": found.correlation,
    }
    return Sentence(text, values)


def returning(found: Tiers) -> Sentence:
    """Whether more left the best than the ordinary return to the mean would take away."""
    stayed, moved = 1 - found.missed[0], found.symmetry
    if moved.pvalue < 0.05:
        way = "More moved one way between the tiers than the other, beyond what chance makes"
    else:
        way = "Between the tiers as many rose as fell back, within what chance makes"
    chance = "p below 0.01" if moved.pvalue < 0.005 else "p = {p:.2f}"
    values = {"stayed": stayed, "way": way, "p": moved.pvalue}
    text = "Of the best fifth before, {stayed:percent} stayed in it. "
    if found.luck is not None:
        kept, lower, upper = found.luck.stay
        if stayed < lower:
            end = "more left than luck takes away, so some have changed"
        elif stayed > upper:
            end = "customers are steadier than purchases drawn by luck would be"
        else:
            end = "luck is enough to explain how many left"
        text += (
            "If every customer had kept one pace and one size of purchases, luck alone would have "
            "let {kept:percent} stay (95% range {luck_lower:percent} to {luck_upper:percent}): "
            "{end:name}. "
        )
        values |= {"kept": kept, "luck_lower": lower, "luck_upper": upper, "end": end}
    text += f"{{way:name}} (Bowker's test, {chance})."
    return Sentence(text, values)


def audit(chapter: Chapter, past: Past, horizon: float) -> Sentence:
    """Whether hours followed the tier, and how those fared who got more all the same."""
    first, last = two_windows(chapter, past, horizon)
    efforts = chapter.load("efforts")
    study = chapter.study
    start = stamp(ordinal(study.as_of) - days_of(2 * horizon, study.unit))
    inside = efforts[efforts["date"] > start]
    hours = inside.groupby("customer_id")["hours"].sum()
    minimum = float(hours.reindex(first.index).fillna(0.0).median())
    return followed(audit_effort(first, last, hours, minimum), minimum)


def followed(found: dict[str, float], minimum: float) -> Sentence:
    """The same of what `audit_effort` counted."""
    rose, rest = ("{" + name + ":percent}" if found[name] else "none" for name in SHARES)
    return Sentence(
        "Of today's best fifth {best_once_low:percent} were not among it one window earlier. Of "
        "the {low:count} customers outside it then, {given_more:percent} got more hours than the "
        f"median customer ({{minimum:count}} hours); of these {rose} rose into it, of the others "
        f"{rest}. This is observed, not tried out: hours may have gone to those who were rising "
        "anyway.",
        {**found, "minimum": minimum},
    )
