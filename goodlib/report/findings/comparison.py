"""Sentences of the chapter that holds money against people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.decision.association import top_count
from goodlib.decision.quadrant import QUADRANTS, UNDECIDED, UNKNOWN
from goodlib.report.words import Sentence

STILL_THERE = 0.2
"""From this chance on a customer may still be one."""
LITTLE = 0.01
"""Below this share of the expected value little hangs on a group."""
STRENGTH = ((0.2, "hardly"), (0.45, "a little"), (0.7, "fairly well"), (1.01, "closely"))


def listed(names: list[str]) -> str:
    """Names as a sentence lists them: A, B and C."""
    names = [str(name) for name in names]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def customers(
    groups: pd.DataFrame,
    value: pd.DataFrame,
    relation: pd.DataFrame,
    names: pd.DataFrame | None,
) -> pd.DataFrame:
    """One row a customer with both sides, for the picture: what is worth a name is told.

    `groups`: quadrants; `names`: the customers table, or None where the study has none.
    """
    frame = groups.join(value.filter(regex="^residual_value|^p_alive$"))
    sides = relation[["relationship", "lower_80", "upper_80", "n_ratings", "n_raters"]]
    frame = frame.join(sides.rename(columns=lambda c: f"relationship_{c}" if "80" in c else c))
    frame["name"] = named(frame.index, names)
    return frame.assign(told=told(frame))


def named(customers: pd.Index, names: pd.DataFrame | None) -> pd.Series:
    """The name of each customer; the id where there is none."""
    own = pd.Series(customers.astype(str), customers, name="name")
    if names is None or "name" not in names:
        return own
    names = names.set_index("customer_id") if "customer_id" in names else names
    return names["name"].reindex(customers).fillna(own)


def coverage(customers: pd.DataFrame, rated: pd.Index) -> Sentence:
    """How many customers have both sides, how many lack one, and whom to ask about first."""
    unrated = customers[customers["quadrant"] == UNKNOWN]
    values = {
        "both": len(customers) - len(unrated),
        "unrated": len(unrated),
        "strangers": int((~rated.isin(customers.index)).sum()),
    }
    text = "{both:plural customer} can be compared."
    if len(unrated):
        first = unrated.nlargest(3, "residual_value")["name"].tolist()
        values["first"] = listed(first)
        values["held"] = unrated["residual_value"].sum() / customers["residual_value"].sum()
        text += (
            " {unrated:count} nobody has rated ({held:percent} of the expected value): they stand "
            "as unknown in what follows. Worth most among them, and so the first to ask about, "
            + ("is {first:name}." if len(first) == 1 else "are {first:name}.")
            if values["held"] >= LITTLE
            else " {unrated:count} nobody has rated: unknown, but with {held:percent} of the "
            "expected value little hangs on them."
        )
    if values["strangers"]:
        text += " {strangers:count} were rated and never ordered, so there is no value to compare."
    return Sentence(text, values)


def agreement_claim(association: pd.DataFrame) -> Sentence:
    """The corrected agreement as a heading."""
    rows = association.set_index(["view", "measure"])["estimate"]
    values = {"naive": rows["naive", "correlation"], "exact": rows["disattenuated", "correlation"]}
    if not np.isfinite(values["exact"]):
        return Sentence("One side is too unsure to say how far money and people agree", values)
    return Sentence(
        "Agreement looks like {naive:.2f}; without the errors of both sides it would be "
        "{exact:.2f}",
        values,
    )


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
        "{naive:.2f} as they stand, and at {exact:.2f} (95% sure: {lower:.2f} to {upper:.2f}) "
        "once the errors of both sides are allowed for.",
        values,
    )


def reading(held: float, cut: float, decided: float) -> Sentence:
    """How the lines and the ground of the picture are to be read."""
    return Sentence(
        "Valuable are the fewest customers that together hold {held:percent} of all expected "
        "value, "
        "which is everybody from {cut:money} on; warm is the better half of those who are rated. "
        "The ground is tinted where a typical customer's quadrant is likely, darker where "
        "surer; in "
        "the white cross it is anybody's guess, and a customer is put into a quadrant only from a "
        "chance of {decided:percent} on.",
        {"held": held, "cut": cut, "decided": decided},
    )


def moved_claim(table: pd.DataFrame) -> Sentence:
    """How many of the best by money are not among the best by people."""
    first = table.iloc[0]
    return Sentence(
        "Of the {n:count} customers in the best fifth by value, {there:count} are in the best "
        "fifth by "
        "relationship and {below:count} in the lower half",
        {"n": first.sum(), "there": first.iloc[0], "below": first.iloc[-1]},
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
    verb = "is" if values["both"] == 1 else "are"
    return Sentence(
        f"Of the {{k:count}} customers that are worth most, {{both:count}} {verb} also among the "
        "{k:count} with whom it is best to work; drawing lots would make it about {chance:.1f}.",
        values,
    )


def groups(quadrants: pd.DataFrame, value: pd.Series) -> Sentence:
    """How many customers stand in each quadrant, and how much value is unknown or undecided."""
    counts = quadrants["quadrant"].value_counts()
    share = value.groupby(quadrants["quadrant"], observed=False).sum() / value.sum()
    values = {f"n{i}": int(counts[name]) for i, name in enumerate(QUADRANTS)}
    values |= {"open": int(counts[UNDECIDED]), "unknown": int(counts[UNKNOWN])}
    values |= {"held": share[UNKNOWN], "held_open": share[UNDECIDED]}
    start = f"{{n0:plural customer}} {'is' if values['n0'] == 1 else 'are'}"
    parts = [f"{start if values['n0'] else 'No customer is'} {QUADRANTS[0]}"]
    parts += [
        f"{{n{i}:count}} {name}" if values[f"n{i}"] else f"none {name}"
        for i, name in enumerate(QUADRANTS)
        if i
    ]
    text = ", ".join(parts)
    if values["open"]:
        text += "; {open:count} cannot honestly be put into any of the four ({held_open:percent} "
        text += "of all expected value)"
    if values["unknown"]:
        text += "; {unknown:count} nobody has rated ({held:percent} of it)"
    return Sentence(text + ".", values)


def told(
    customers: pd.DataFrame, matters: int = 8, strained: int = 4, missed: int = 5
) -> pd.Series:
    """Whose name the picture writes, and why: "matters", "strained" or "missed".

    Missed by money alone are the modest whose relationship is warm beyond doubt and who are likely
    enough to be customers still; strained the most valuable among the valuable but strained.
    """
    told = pd.Series(None, index=customers.index, dtype=object)
    known = customers[customers["quadrant"] != UNKNOWN]
    told[known["residual_value"].nlargest(matters).index] = "matters"
    for quadrant, column, count, why in (
        ("valuable but strained", "residual_value", strained, "strained"),
        ("modest but warm", "relationship_lower_80", missed, "missed"),
    ):
        group = known[(known["quadrant"] == quadrant) & (known["p_alive"] >= STILL_THERE)]
        told[group[column].nlargest(count).index] = why
    return told


def missed(customers: pd.DataFrame) -> Sentence:
    """The names that money alone would have missed."""
    some = customers[customers["told"] == "missed"].sort_values("relationship", ascending=False)
    if some.empty:
        return Sentence(
            "Money alone would have missed nobody: no customer of modest value is warm for sure "
            "and still there.",
            {},
        )
    values = {"names": listed(some["name"].tolist()), "share": some["residual_value"].sum()}
    values["share"] /= customers["residual_value"].sum()
    held, verb = ("it holds", "is") if len(some) == 1 else ("together they hold", "are")
    return Sentence(
        f"By money alone nobody would have looked at {{names:name}}: {held} {{share:percent}} of "
        f"the expected value and {verb} among the best to work with.",
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


def confounding(within: pd.DataFrame, partial: pd.Series, held: str) -> tuple[Sentence, Sentence]:
    """Whether the association is still there among customers that are alike: claim and figures."""
    overall, inner = within.iloc[0], within.iloc[1]
    values = {
        "overall": overall["tau_b"],
        "inner": inner["tau_b"],
        "lower": inner["lower_95"],
        "upper": inner["upper_95"],
        "partial": partial["partial"],
    }
    tail = (
        "Kendall's tau-b is {overall:.2f} over all and {inner:.2f} within groups of equal tenure "
        f"(95% sure: {{lower:.2f}} to {{upper:.2f}}); with {held} held fixed the ranks correlate "
        "at {partial:.2f}."
    )
    there = [row["lower_95"] > 0 or row["upper_95"] < 0 for row in (overall, inner)]
    smaller = abs(inner["tau_b"]) < abs(overall["tau_b"]) / 2
    larger = abs(inner["tau_b"]) > 2 * abs(overall["tau_b"])
    if there == [True, False] and smaller:
        start = (
            "What looks like agreement of money and people comes from how long customers have been "
            "with us: among those of equal tenure it vanishes"
        )
    elif there == [False, True] and larger:
        start = (
            "Among customers of equal tenure money and people do go together, though over all "
            "customers it does not show"
        )
    elif all(there) and overall["tau_b"] * inner["tau_b"] < 0:
        start = (
            "Among customers of equal tenure the sign turns round: what holds over all customers "
            "holds for none of the groups"
        )
    elif any(there):
        start = "How long customers have been with us does not change the picture"
    else:
        start = "Nor is an agreement hidden by how long customers have been with us"
    return Sentence(start, values), Sentence(tail, values)


def gain_claim(tested: pd.DataFrame) -> Sentence:
    """Whether the ratings of an earlier day told anything about what came after."""
    if tested.empty:
        return Sentence("Whether ratings foretell business cannot be tested yet", {})
    saved = tested[tested["forecast"] == "gain"]
    better = saved.loc[saved["lower_95"] > 0, "outcome"]
    if len(better):
        words = f"The ratings told who {' and who '.join(better)}, beyond what the order book told"
    else:
        words = "The ratings added nothing to the forecast of future business"
    return Sentence(words, {})


def gain(tested: pd.DataFrame, at: object, n: int) -> Sentence:
    """How well the order book alone, and with the ratings, told what came after."""
    if tested.empty:
        return Sentence(
            "By {at:date} too few customers had been rated ({n:count}), or too few of them came "
            "back or stayed away, to hold a forecast against what happened.",
            {"at": at, "n": n},
        )
    texts, values = ["Seen from {at:date}, with {n:count} customers rated by then:"], {"at": at}
    values["n"] = int(tested["n"].iloc[0])
    saved = tested["outcome"].unique()
    for i, (outcome, part) in enumerate(tested.groupby("outcome", sort=False)):
        part = part.set_index("forecast")
        values[f"auc{i}"] = part.loc["value alone", "auc"]
        values[f"both{i}"] = part.loc["value and relationship", "auc"]
        values[f"share{i}"] = part.loc["gain", "deviance"] / part.loc["value alone", "deviance"]
        saves = values[f"share{i}"] >= 0
        values[f"share{i}"] = abs(values[f"share{i}"])
        texts.append(
            f"who {outcome} is told from who did not in {{auc{i}:percent}} of the pairs by the "
            f"order book alone and in {{both{i}:percent}} with the ratings, which "
            + (f"saves {{share{i}:percent}} of" if saves else f"adds {{share{i}:percent}} to")
            + " the error"
            + (";" if i + 1 < len(saved) else ".")
        )
    return Sentence(" ".join(texts), values)


GAIN_FORMATS = {
    "error": "number",
    "told apart": "percent",
    "chances right at 1": "number",
    "error saved": "number",
    "at least (95% sure)": "number",
    "at most": "number",
}


def gain_table(tested: pd.DataFrame) -> pd.DataFrame:
    """The two forecasts of each outcome side by side, in words."""
    rows = []
    for outcome, part in tested.groupby("outcome", sort=False):
        part = part.set_index("forecast")
        alone, both = part.loc["value alone"], part.loc["value and relationship"]
        saved = part.loc["gain"]
        for words, row in (("orders alone", alone), ("orders and ratings", both)):
            rows.append(
                {
                    "who": outcome,
                    "forecast from": words,
                    "error": _written(row["deviance"], 2),
                    "told apart": row["auc"],
                    "chances right at 1": _written(row["calibration"], 2),
                }
            )
        rows[-1] |= {
            "error saved": _written(saved["deviance"], 3),
            "at least (95% sure)": _written(saved["lower_95"], 3),
            "at most": _written(saved["upper_95"], 3),
        }
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["who", *GAIN_FORMATS])


def _written(x: float, digits: int) -> str:
    """A number with as many digits as the others of its column; a minus is a minus."""
    return f"{round(x, digits) + 0.0:.{digits}f}".replace("-", "−") if np.isfinite(x) else "–"
