"""Sentences of the agenda: what money says, what people say, and what to decide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.report.chapter import Chapter
from goodlib.report.findings.comparison import STILL_THERE, listed
from goodlib.report.words import Sentence, Words

CHANGED = 0.2
"""A relationship that moved by less than this, on its latent scale, is as it was."""


def agenda(asked: pd.DataFrame, customers: pd.DataFrame, rated: int) -> pd.DataFrame:
    """The agenda with what the picture knows of each of its customers."""
    known = customers.drop(columns=[c for c in asked if c in customers])
    return asked.join(known).assign(rated=rated)


def left_warm(customers: pd.DataFrame) -> Sentence:
    """Who has most likely left and was among the best to work with."""
    warm = customers[(customers["p_warm"] >= 0.8) & (customers["p_alive"] < STILL_THERE)]
    values = {"n": len(warm)}
    if warm.empty:
        return Sentence("Nobody who has left was warm beyond doubt.", values)
    values["names"] = listed(warm.nlargest(4, "relationship")["name"].tolist())
    verb = "was" if len(warm) == 1 else "were"
    return Sentence(
        f"Customers who have most likely left are not on the agenda. {{n:count}} of them {verb} "
        "among the better half to work with, first of all {names:name}: keeping in touch costs "
        "little, and they can send others.",
        values,
    )


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
        "Place {place:.0f} of {rated:count}: worth {value:money} (80% sure: {lower:money} to "
        "{upper:money}), chance still a customer {alive:chance}.",
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
    said = " ".join([words.say(people), *_seen(customer, row["side"], evidence)])
    if row["side"] == "money":
        question = "Who owns this relationship, and what would make the work better for both?"
        if row["p_alive"] < 0.5:
            question = "Let go in good order, or is somebody to try once more?"
    elif row["p_alive"] < STILL_THERE:
        question = "They have left and thought well of us: who keeps in touch, whom can they refer?"
    else:
        question = "What could we do for them that we have not offered?"
    return words.say(money), said, question


def _seen(customer: object, side: str, evidence: pd.DataFrame | None) -> list[str]:
    """What the log of interactions shows of a customer, and whether it speaks for the ratings."""
    if evidence is None:
        return []
    own = evidence[evidence["customer_id"] == customer]
    if own.empty:
        return ["Nothing noteworthy in the log."]
    agrees = own["weight"] < 0 if side == "money" else own["weight"] > 0
    shown = own[agrees] if agrees.any() else own
    strongest = shown.loc[shown["weight"].abs().nlargest(2).index].sort_values("date")
    start = "In the log: " if agrees.any() else "The log shows the opposite: "
    return [start + "; ".join(strongest["short"]) + "."]


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
    better = follow_up["relationship_now"] > follow_up["relationship_then"] + CHANGED
    values["better"] = int(better.sum())
    return Sentence(
        "{n:plural decision} of an earlier agenda followed up: the relationship is rated better "
        "than then in {better:count}, and {overdue:count} "
        + ("is" if values["overdue"] == 1 else "are")
        + " past the date set.",
        values,
    )


def show_followed(chapter: Chapter, follow_up: pd.DataFrame, names: pd.Series) -> None:
    """What became of earlier decisions: in a sentence, and where there are any in a table."""
    chapter.note(followed(follow_up))
    if follow_up.empty:
        return
    table = pd.DataFrame(
        {
            "name": names.reindex(follow_up.index).fillna(follow_up.index.to_series()),
            "decided": follow_up["decision"].str.removeprefix("'"),
            "owner": follow_up["owner"].str.removeprefix("'"),
            "by": follow_up["by"],
            "past its date": follow_up["overdue"],
        }
    )
    for column, words in (("residual_value", "value"), ("quadrant", "stood")):
        for time in ("then", "now"):
            table[f"{words} {time}"] = follow_up[f"{column}_{time}"]
    better = follow_up["relationship_now"] - follow_up["relationship_then"]
    table["relationship"] = np.where(
        better > 0, "better", np.where(better < 0, "worse", "as it was")
    )
    formats = {"value then": "money", "value now": "money", "by": "date"}
    chapter.table(table.reset_index(drop=True), "What became of what was decided", formats)
