"""Sentences of the chapter that holds money against people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.decision.association import top_count
from goodlib.decision.quadrant import QUADRANTS, UNDECIDED, UNKNOWN
from goodlib.report.words import Sentence, Words

STRENGTH = ((0.2, "hardly"), (0.45, "a little"), (0.7, "fairly well"), (1.01, "closely"))


def listed(names: list[str]) -> str:
    """Names as a sentence lists them: A, B and C."""
    names = [str(name) for name in names]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def agreement(association: pd.DataFrame, reliability: pd.Series, n: int) -> Sentence:
    """How far value and relationship agree, as it looks and once error is taken out."""
    rows = association.set_index(["view", "measure"])
    seen, exact = rows.loc[("naive", "correlation")], rows.loc[("disattenuated", "correlation")]
    values = {
        "n": n,
        "naive": seen["estimate"],
        "exact": exact["estimate"],
        "lower": exact["lower_95"],
        "upper": exact["upper_95"],
        "value": reliability["value"],
        "people": reliability["relationship"],
    }
    if not np.isfinite(exact["estimate"]):
        return Sentence(
            "Whether money and people agree cannot be told: of the {n:count} customers with both, "
            "one side is mostly noise (two looks at the same customers agree at {value:.2f} for "
            "value and {people:.2f} for the relationship).",
            values,
        )
    if exact["lower_95"] <= 0 <= exact["upper_95"]:
        start = (
            "Knowing what a customer is worth says little about how good it is to work together, "
            "and the other way round: "
        )
    elif exact["estimate"] < 0:
        start = "The customers worth most are, if anything, those with whom it is hardest to work: "
    else:
        strength = next(word for cut, word in STRENGTH if exact["estimate"] < cut)
        start = f"Money and people agree {strength} about who is good: "
    return Sentence(
        start + "over the {n:count} customers with both, the two rankings correlate at "
        "{naive:.2f} as they stand, and at {exact:.2f} (95 % sure: {lower:.2f} to {upper:.2f}) "
        "once the errors of both sides are allowed for.",
        values,
    )


def errors(reliability: pd.Series) -> Sentence:
    """Why the corrected figure differs from the one that is seen."""
    return Sentence(
        "Both sides are estimates. Two equally good looks at the same customers would rank them "
        "alike at {value:.2f} by value and at {relationship:.2f} by relationship (1 is exact), and "
        "such error always hides agreement. The first mark is what a spreadsheet would show; the "
        "second puts a likely truth in the place of each estimate, which blurs the picture once "
        "more; the third is what would remain if both sides were known exactly, provided that "
        "their errors have nothing to do with each other.",
        dict(reliability),
    )


def top(association: pd.DataFrame, n: int, share: float) -> Sentence:
    """Of the best by money, how many are among the best by people."""
    rows = association.set_index(["view", "measure"])
    k = top_count(n, share)
    both = rows.loc[("naive", "top"), "estimate"]
    values = {"k": k, "both": round(both * k), "chance": k * k / n}
    return Sentence(
        "Of the {k:count} customers that are worth most, {both:count} are also among the {k:count} "
        "with whom it is best to work; drawing lots would make it about {chance:.1f}.",
        values,
    )


def groups(quadrants: pd.DataFrame, value: pd.Series) -> Sentence:
    """How many customers stand in each quadrant, and how much value is unknown or undecided."""
    counts = quadrants["quadrant"].value_counts()
    share = value.groupby(quadrants["quadrant"], observed=False).sum() / value.sum()
    values = {f"n{i}": int(counts[name]) for i, name in enumerate(QUADRANTS)}
    values |= {"open": int(counts[UNDECIDED]), "unknown": int(counts[UNKNOWN])}
    values |= {"held": share[UNKNOWN], "held_open": share[UNDECIDED]}
    text = (
        "{n0:plural customer} {n0are} valuable and warm, {n1:count} valuable but strained, "
        "{n2:count} "
        "modest but warm, {n3:count} modest and distant; {open:count} cannot honestly be put into "
        "any of the four ({held_open:percent} of all expected value)"
    )
    text = text.replace("{n0are}", "is" if values["n0"] == 1 else "are")
    if values["unknown"]:
        text += ", and {unknown:count} nobody has rated ({held:percent})"
    return Sentence(text + ".", values)


def told(
    customers: pd.DataFrame, matters: int = 8, strained: int = 4, missed: int = 5
) -> pd.Series:
    """Whose name the picture writes, and why: "matters", "strained" or "missed".

    Missed by money alone are the modest whose relationship is warm beyond doubt; strained the most
    valuable among the valuable but strained.
    """
    told = pd.Series(None, index=customers.index, dtype=object)
    known = customers[customers["quadrant"] != UNKNOWN]
    told[known["residual_value"].nlargest(matters).index] = "matters"
    for quadrant, column, count, why in (
        ("valuable but strained", "residual_value", strained, "strained"),
        ("modest but warm", "relationship_lower_80", missed, "missed"),
    ):
        group = known[known["quadrant"] == quadrant]
        told[group[column].nlargest(count).index] = why
    return told


def missed(customers: pd.DataFrame) -> Sentence:
    """The names that money alone would have missed."""
    some = customers[customers["told"] == "missed"].sort_values("relationship", ascending=False)
    if some.empty:
        return Sentence(
            "Money alone would have missed nobody: no customer of modest value is warm for sure.",
            {},
        )
    values = {"names": listed(some["name"].tolist()), "share": some["residual_value"].sum()}
    values["share"] /= customers["residual_value"].sum()
    verb = "is" if len(some) == 1 else "are"
    return Sentence(
        "By money alone nobody would have looked at {names:name}: together {share:percent} of the "
        f"expected value, and {verb} among the best to work with.",
        values,
    )


def strained(customers: pd.DataFrame) -> Sentence:
    """The valuable customers whose relationship is strained."""
    some = customers[customers["quadrant"] == "valuable but strained"]
    share = some["residual_value"].sum() / customers["residual_value"].sum()
    values = {"n": len(some), "share": share}
    if some.empty:
        return Sentence("No customer is valuable and strained beyond reasonable doubt.", values)
    names = some["residual_value"].nlargest(3).index
    values["names"] = listed(customers["name"][names].tolist())
    return Sentence(
        "{n:plural customer} with {share:percent} of the expected value "
        + ("is" if len(some) == 1 else "are")
        + " valuable but strained, first of all {names:name}.",
        values,
    )


def confounding(within: pd.DataFrame, partial: pd.Series, held: str) -> Sentence:
    """Whether the association is still there among customers that are alike."""
    overall, inner = within.iloc[0], within.iloc[1]
    values = {
        "overall": overall["tau_b"],
        "inner": inner["tau_b"],
        "lower": inner["lower_95"],
        "upper": inner["upper_95"],
        "partial": partial["partial"],
    }
    tail = (
        " (Kendall's tau-b {overall:.2f} over all, {inner:.2f} within groups of equal tenure, 95 % "
        f"sure {{lower:.2f}} to {{upper:.2f}}; with {held} held fixed the ranks correlate at "
        "{partial:.2f})."
    )
    there = [row["lower_95"] > 0 or row["upper_95"] < 0 for row in (overall, inner)]
    if there == [True, False]:
        start = (
            "What looks like agreement of money and people comes from how long customers have been "
            "with us: among those of equal tenure it vanishes"
        )
    elif there == [False, True]:
        start = (
            "Among customers of equal tenure money and people do go together, though over all "
            "customers it does not show"
        )
    elif there == [True, True] and overall["tau_b"] * inner["tau_b"] < 0:
        start = (
            "Among customers of equal tenure the sign turns round: what holds over all customers "
            "holds for none of the groups"
        )
    elif there == [True, True]:
        start = "How long customers have been with us does not explain it away"
    else:
        start = "Nor is an agreement hidden by how long customers have been with us"
    return Sentence(start + tail, values)


def gain(gain: pd.DataFrame, n: int, outcome: str, at: object) -> Sentence:
    """Whether the ratings of an earlier day told anything about what came after."""
    saved, alone = gain.loc["gain"], gain.loc["value alone"]
    values = {
        "n": n,
        "at": at,
        "share": saved["deviance"] / alone["deviance"],
        "auc": alone["auc"],
        "auc_both": gain.loc["value and relationship", "auc"],
    }
    facts = (
        " For the {n:count} customers rated by {at:date}, the order book alone puts a customer who "
        f"{outcome} before one who was not in {{auc:percent}} of the pairs, with the ratings in "
        "{auc_both:percent}."
    )
    if saved["lower_95"] > 0:
        start = (
            "The ratings saw something coming that the order book did not: they take "
            "{share:percent} off the error of the forecast."
        )
    elif saved["upper_95"] < 0:
        start = "The ratings made the forecast worse: as a sign of future business they mislead."
    else:
        start = "The ratings added nothing to the forecast that the order book did not tell."
    return Sentence(start + facts, values)


def case(agenda: pd.DataFrame, evidence: pd.DataFrame | None, words: Words) -> pd.DataFrame:
    """What money says, what people say, and the question, for each customer of the agenda.

    `agenda`: `side`, `value_rank`, `residual_value` and its 80 % bounds, `p_alive`, `relationship`,
    `relationship_rank`, `n_ratings`, `n_raters`, `rated`; `evidence`: `customer_id`, `date`,
    `sentence`.
    """
    rows = [_case(customer, row, evidence, words) for customer, row in agenda.iterrows()]
    columns = ["money_says", "people_say", "question"]
    return pd.DataFrame(rows, index=agenda.index, columns=columns)


def _case(
    customer: object, row: pd.Series, evidence: pd.DataFrame | None, words: Words
) -> tuple[str, str, str]:
    money = Sentence(
        "Place {place:.0f} of {rated:count}: worth {value:money} (80 % sure: {lower:money} to "
        "{upper:money}), chance still a customer {alive:percent}.",
        {
            "place": row["value_rank"],
            "rated": row["rated"],
            "value": row["residual_value"],
            "lower": row["residual_value_lower_80"],
            "upper": row["residual_value_upper_80"],
            "alive": row["p_alive"],
        },
    )
    people = Sentence(
        "Place {place:.0f} of {rated:count}, by {n:plural rating} of {raters:plural rater}.",
        {
            "place": row["relationship_rank"],
            "rated": row["rated"],
            "n": row["n_ratings"],
            "raters": row["n_raters"],
        },
    )
    said = words.say(people)
    if evidence is not None:
        own = evidence[evidence["customer_id"] == customer].sort_values("date")
        said = " ".join([said, *own["sentence"].tail(2)])
    if row["side"] == "money":
        question = "Who owns this relationship, and what would make the work better for both?"
        if row["p_alive"] < 0.5:
            question = "Let go in good order, or is somebody to try once more?"
    elif row["p_alive"] < 0.2:
        question = "They have left and thought well of us: who keeps in touch, whom can they refer?"
    else:
        question = "What could we do for them that we have not offered?"
    return words.say(money), said, question


def followed(follow_up: pd.DataFrame) -> Sentence:
    """What became of the decisions of an earlier agenda."""
    values = {"n": len(follow_up), "overdue": int(follow_up["overdue"].sum())}
    if follow_up.empty:
        return Sentence(
            "No earlier decisions to follow up. Fill in the columns decision, owner and by of the "
            "agenda (agenda.csv in the run's tables), and the next run shows what has become of "
            "each.",
            values,
        )
    better = follow_up["relationship_now"] > follow_up["relationship_then"]
    values["better"] = int(better.sum())
    return Sentence(
        "{n:plural decision} of an earlier agenda followed up: the relationship is rated better "
        "than then in {better:count}, and {overdue:count} "
        + ("is" if values["overdue"] == 1 else "are")
        + " past the date set.",
        values,
    )
