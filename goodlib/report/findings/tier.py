"""What the chapter on tomorrow's best says about tiers: what stays, and whether effort made it
so.
"""

from __future__ import annotations

import pandas as pd

from goodlib.report.chapter import Chapter
from goodlib.report.words import Sentence
from goodlib.value.feature import Past, days_of, ordinal, stamp
from goodlib.value.tier import RULE, Tiers, audit_effort, compare_tiers


def two_windows(chapter: Chapter, past: Past, horizon: float) -> tuple[pd.Series, pd.Series]:
    """Spend of the last window but one and of the last, of those known between them."""
    study = chapter.study
    between = stamp(ordinal(study.as_of) - days_of(horizon, study.unit))
    before = past.at(between, horizon, study.unit)["window_spend"]
    return before, past.after(between, horizon, study.unit)["spend"]


def tiers(chapter: Chapter, past: Past, horizon: float, seed: int) -> Tiers:
    """The study's own tiers in its last two windows."""
    return compare_tiers(*two_windows(chapter, past, horizon), draws=500, seed=seed)


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
    """Whether the fall of the former best is more than the ordinary return to the mean."""
    fall, rise = -found.fall, -found.rise
    if fall > rise + 0.1:
        end = "the former best fell further than luck explains"
    elif fall < rise - 0.1:
        end = "the former best held up better than luck explains"
    else:
        end = "so the fall is the ordinary return to the mean, not a loss"
    moved = found.symmetry
    if moved.pvalue < 0.05:
        way = "More moved one way between the tiers than the other, beyond what chance makes"
    else:
        way = "Between the tiers as many rose as fell back, within what chance makes"
    chance = "p below 0.01" if moved.pvalue < 0.005 else "p = {p:.2f}"
    text = (
        "Those on top before spent {fall:percent} {way_after:name} afterwards; those on top "
        "afterwards had spent {rise:percent} {way_before:name} before: {end:name}. {way:name} "
        f"(Bowker's test, {chance})."
    )
    values = {
        "fall": abs(fall),
        "way_after": "less" if fall > 0 else "more",
        "rise": abs(rise),
        "way_before": "less" if rise > 0 else "more",
        "end": end,
        "way": way,
        "p": moved.pvalue,
    }
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
    found = audit_effort(first, last, hours, minimum)
    text = (
        "Of today's best fifth {best_once_low:percent} were not among it one window earlier. Of "
        "the "
        "{low:count} customers outside it then, {given_more:percent} got more hours than the "
        "median "
        "customer ({minimum:.0f}); of these {rose_given:percent} rose into it, of the others "
        "{rose_not:percent}. This is observed, not tried out: hours may have gone to those who "
        "were "
        "rising anyway."
    )
    return Sentence(text, {**found, "minimum": minimum})
