"""Sentences of the chapter on relationships: what the log of the work says."""

from __future__ import annotations

import pandas as pd

from goodlib.relationship.evidence import alike, story, strained
from goodlib.relationship.respect import Respect
from goodlib.relationship.signal import Conduct
from goodlib.report.words import Sentence

SIGNALS = {
    "their_reply": "how long they take to answer",
    "left": "how often they leave us waiting",
    "asymmetry": "how long they let us wait, beside how soon they chase",
    "silence": "a silence beyond their own habit",
    "dismissed": "dismissing work without a comment",
    "rework": "rounds of rework",
    "late": "changes after approval",
    "read": "whether they read what we deliver",
    "chased": "chasing early",
}
"""The signals as a sentence names them."""


def from_the_log(found: pd.DataFrame, told: pd.DataFrame, called: pd.Series) -> Sentence:
    """Whom the log alone calls strained, with the weightiest story quoted."""
    who = strained(found, told)
    if not who:
        return Sentence(
            "The log holds {events:plural event} worth quoting about {customers:plural customer}, "
            "and calls nobody strained.",
            {"events": len(found), "customers": found["customer_id"].nunique()},
        )
    values = {"n": len(who), "customers": len(told), "first": called.get(who[0], who[0])}
    values["story"] = story(found[found["weight"] <= 0], who[0])
    return Sentence(
        "The log alone calls {n:count} of {customers:plural customer} strained; first of them "
        "{first:name}: {story:name}.",
        values,
    )


def written_down(found: pd.DataFrame, told: pd.DataFrame) -> Sentence:
    """How much can be quoted, and of how many customers."""
    values = {"events": len(found), "customers": found["customer_id"].nunique(), "all": len(told)}
    return Sentence(
        "{events:plural event} can be quoted, about {customers:count} of {all:plural customer} in "
        "the log.",
        values,
    )


def cards(
    found: pd.DataFrame, told: pd.DataFrame, called: pd.Series, side: str, show: int = 5
) -> pd.DataFrame:
    """The customers at one end of the log, "strained" or "warm", with what was written down."""
    bad = side == "strained"
    rows = found[(found["weight"] <= 0) == bad]
    score = alike(told)
    order = score[(score < 0) == bad]
    order = order[order.index.isin(rows["customer_id"])].sort_values(kind="stable", ascending=bad)
    lines = [(called.get(c, c), story(rows, c)) for c in order.index[:show]]
    return pd.DataFrame(lines, columns=["name", "evidence"]).set_index("name")


def worth_of_log(heard: Respect) -> Sentence:
    """Whether the log says anything about the ratings that chance would not."""
    if not heard.n:
        return Sentence(
            "Too few customers are both rated and in the log to learn what in it matters; its "
            "signals count alike here.",
            {},
        )
    values = {"n": heard.n, "gain": heard.gain, "sd": heard.gain_sd}
    values |= {"share": heard.gain / heard.without, "doubt": heard.gain_sd / heard.without}
    if not heard.helps:
        return Sentence(
            "The log adds nothing to what the ratings say: of {n:plural customer}, scores of those "
            "it had not seen are guessed no better with it than without.",
            values,
        )
    weights = heard.weights.sort_values()
    values["most"] = SIGNALS[weights.idxmax()]
    return Sentence(
        "The log tells beforehand what raters will say: with it the scores of customers it had not "
        "seen are guessed {share:percent} better than without (error {doubt:percent}; deviance, "
        "{n:plural customer}). Most telling is {most:name}.",
        values,
    )


def disagreement(apart: pd.DataFrame, called: pd.Series) -> Sentence:
    """Where log and rating contradict each other."""
    far = apart[apart["contradiction"].abs() > 2.0]
    values = {"n": len(far), "both": len(apart)}
    if far.empty:
        return Sentence(
            "Log and ratings contradict each other nowhere: all {both:plural customer} with both "
            "lie within what the uncertainty allows.",
            values,
        )
    first = far.iloc[0]
    values["who"] = called.get(far.index[0], far.index[0])
    way = "better" if first["contradiction"] > 0 else "worse"
    return Sentence(
        "For {n:count} of {both:plural customer} log and ratings contradict each other; widest for "
        f"{{who:name}}, who is rated {way} than the log would have it.",
        values,
    )


def as_supplier(ours: Conduct, theirs: Conduct) -> Sentence:
    """Are we a good supplier? First of all, who waits longer for whom."""
    return Sentence(
        "Are we a good supplier? We answer in {ours:.1f} days at the median, customers in "
        "{theirs:.1f}",
        {"ours": ours.reply, "theirs": theirs.reply},
    )


def supplied(ours: Conduct) -> Sentence:
    """How often we had to be chased, kept our promises, did the work again, owe an answer."""
    values = {"chased": ours.chased, "kept": ours.kept, "promises": ours.promises}
    values |= {"open": ours.open, "rework": ours.rework}
    text = "They had to chase us in {chased:percent} of the cases"
    if ours.promises:
        text += "; we kept {kept:percent} of {promises:plural promise} that named a day"
    if ours.rework > 0:
        text += "; a delivery went through {rework:.2f} rounds of changes"
    if ours.open:
        waits = "waits" if ours.open == 1 else "wait"
        return Sentence(f"{text}; {{open:plural question}} still {waits} for us.", values)
    return Sentence(f"{text}; no question waits for us.", values)
