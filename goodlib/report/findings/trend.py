"""Sentences of the chapter on relationships: how scores and raters moved with the years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from goodlib.relationship.rating import RatingModel
from goodlib.relationship.standing import Relationship
from goodlib.report.findings.comparison import listed
from goodlib.report.words import Sentence

IN_USE = 0.05
"""A word of the scale is in use where it gets this share of a period's scores or more."""
AS_MANY = 0.6
"""Periods compare where at least this share of the words of the fullest period is in use."""
ENOUGH = 0.01
"""A period with a smaller share of all scores says too little."""
CLEAR = 2.5
"""Standard errors from which on the farthest of several raters is no accident."""


def years(ratings: pd.DataFrame) -> int:
    """Length of a period that the dates of the ratings bear: one year, or five."""
    dates = ratings["date"]
    return 1 if (dates.max() - dates.min()).days < 8 * 365.25 else 5


def since(relation: Relationship, years: int) -> pd.Timestamp:
    """The first period from which on scores compare: before it fewer words were in use.

    A mean over two words and one over six are not the same measure, whoever gives them.
    """
    shares = _shares(relation, years)
    used = (shares >= IN_USE).sum(axis=1)
    return pd.Timestamp(year=int((used >= AS_MANY * used.max()).idxmax()), month=1, day=1)


def trend(over_time: pd.DataFrame, years: int = 1) -> Sentence:
    """Whether scores moved, the mix of customers and raters held constant."""
    enough = over_time[over_time["n_ratings"] >= ENOUGH * over_time["n_ratings"].sum()]
    first, last = enough.iloc[0], enough.iloc[-1]
    values = {
        "start": _named(first["period"], years),
        "end": _named(last["period"], years),
        "before": first["score"],
        "now": last["score"],
        "change": abs(last["score"] - first["score"]),
    }
    bend = _bend(enough)
    if bend is not None:
        values |= {"when": _named(bend["period"], years), "then": bend["score"]}
    if last["lower_80"] > first["upper_80"]:
        word = "rose"
    elif last["upper_80"] < first["lower_80"]:
        word = "fell"
    elif bend is not None:
        word = "fell" if bend["score"] < first["score"] else "rose"
        return Sentence(
            f"Scores {word} from {{before:.2f}} in {{start:name}} to {{then:.2f}} in {{when:name}} "
            "and are back at {now:.2f} in {end:name}, the mix of customers held constant.",
            values,
        )
    elif len(enough) == 1:
        return Sentence("All scores are of one time, {start:name}: no change can be seen.", values)
    else:
        return Sentence(
            "Between {start:name} and {end:name} the same customers get the same scores: "
            "{before:.2f} then, {now:.2f} now, within the uncertainty.",
            values,
        )
    between = "" if bend is None else ", with {then:.2f} in {when:name} between"
    return Sentence(
        f"Between {{start:name}} and {{end:name}} scores {word} by {{change:.2f}} points, from "
        f"{{before:.2f}} to {{now:.2f}}{between}, the mix of customers held constant.",
        values,
    )


def before(relation: Relationship, years: int) -> Sentence | None:
    """Where fewer words were in use early on: what of the years before can be compared."""
    start, shares = since(relation, years), _shares(relation, years)
    early = shares[shares.index < start.year]
    if early.empty:
        return None
    half = len(relation.model.scale) / 2
    high = shares.loc[:, [relation.model.scale.index(word) >= half for word in shares]].sum(axis=1)
    told = (early.index[0], early.index[-1], shares.index[-1])
    values = {
        "until": start.year - 1,
        "used": int((early >= IN_USE).sum(axis=1).iloc[-1]),
        "words": len(relation.model.scale),
    }
    parts = []
    for i, period in enumerate(dict.fromkeys(told)):
        values |= {f"share{i}": high[period], f"when{i}": _named(period, years)}
        parts.append(f"{{share{i}:percent}} in {{when{i}:name}}")
    return Sentence(
        "Until {until:.0f} nearly all scores were {used:few} of the {words:few} words of the "
        "scale. A mean of scores would compare the words and not the work, so the figure begins "
        "after that. What can be compared is the share of scores in the upper half of the scale, "
        f"with the customers of each time: {listed(parts)}.",
        values,
    )


def notes(
    relation: Relationship, over_time: pd.DataFrame, by_rater: pd.DataFrame, years: int
) -> list[Sentence]:
    """What stands under the figure: what came before it, and who drifts."""
    said = before(relation, years), drift(by_rater, over_time, years)
    return [sentence for sentence in said if sentence is not None]


def drift(
    by_rater: pd.DataFrame, over_time: pd.DataFrame, years: int = 1, few: int = 30
) -> Sentence:
    """Who has grown stricter or milder beside all raters together, from first to last period."""
    level = over_time.set_index("period")["score"]
    rows = by_rater[by_rater["n_ratings"] >= few]
    rows = rows.assign(
        apart=rows["score"] - rows["period"].map(level),
        variance=((rows["upper_80"] - rows["lower_80"]) / 2.563) ** 2,
    )
    ends = rows.groupby("rater").agg(["first", "last"])[["apart", "variance", "period"]]
    ends = ends[ends["period", "first"] < ends["period", "last"]]
    if len(ends) < 2:
        return Sentence("Whether a rater drifts cannot be told: too few rated long enough.", {})
    change = ends["apart", "last"] - ends["apart", "first"]
    sure = (change / np.sqrt(ends["variance"].sum(axis=1))).abs()
    values = {"n": len(ends)}
    if not (sure > CLEAR).any():
        return Sentence(
            "Of {n:count} raters with scores from several periods none has grown stricter or "
            "milder beside the others beyond chance.",
            values,
        )
    who = sure.idxmax()
    values |= {"who": who, "change": abs(change[who])}
    values |= {side: _named(ends.loc[who, ("period", side)], years) for side in ("first", "last")}
    word = "milder" if change[who] > 0 else "stricter"
    more = int((sure > CLEAR).sum()) - 1
    values["more"] = more
    return Sentence(
        f"Beside all together {{who:name}} has grown {word}: by {{change:.2f}} points between "
        "{first:name} and {last:name}, over the same customers"
        + ("; {more:count} more moved beyond chance." if more else ".")
        + " An average over the years hides such a change.",
        values,
    )


def middle(
    relation: Relationship, staff: pd.DataFrame, scale: Any, options: Mapping[str, Any]
) -> Sentence:
    """Who keeps to the middle of the scale, or to its ends, and whether that matters."""
    if not relation.adjusted:
        return Sentence(
            "Who keeps to the middle of the scale cannot be told either: raters who share no "
            "customer cannot be compared.",
            {},
        )
    years = options.get("years")
    if years and before(relation, years) is not None:
        return Sentence(
            "Who keeps to the middle of the scale is not asked: the words in use changed over the "
            "years, and the two look alike.",
            {},
        )
    again = RatingModel(staff, scale, central=True, **options).fit()
    kept, error = again.params.filter(like="centrality["), again.bse.filter(like="centrality[")
    kept.index = error.index = [name[len("centrality[") : -1] for name in kept.index]
    apart = (kept - kept.mean()) / error
    apart = apart[apart.index.isin(rating_often(relation).index)]
    inner, outer = list(apart.index[apart > CLEAR]), list(apart.index[apart < -CLEAR])
    if not inner and not outer:
        return Sentence(
            "No rater keeps to the middle of the scale, or to its ends, more than the others "
            "beyond chance.",
            {},
        )
    now, then = relation.customers["relationship"], again.customers["relationship"]
    values = {"same": now.corr(then, method="spearman"), "inner": listed(inner)}
    values["outer"] = listed(outer)
    parts = ["closer to the middle of the scale: {inner:name}"] * bool(inner)
    parts += ["closer to its ends: {outer:name}"] * bool(outer)
    same = "is nearly the same" if values["same"] > 0.98 else "changes"
    return Sentence(
        f"Some raters keep {'; '.join(parts)}. With that taken out, the order of the customers "
        f"{same} (rank correlation {{same:.2f}}).",
        values,
    )


def rating_often(relation: Relationship) -> pd.DataFrame:
    """The raters who gave a hundredth of the scores or more: of others little can be said."""
    raters = relation.raters
    return raters[raters["n_ratings"] >= ENOUGH * raters["n_ratings"].sum()]


def _shares(relation: Relationship, years: int) -> pd.DataFrame:
    """Which share of the scores each word got, period by period, where there are enough."""
    ratings = relation.main_ratings
    period = ratings["date"].dt.year // years * years
    counts = pd.crosstab(period, ratings["score"])
    counts = counts[counts.sum(axis=1) >= ENOUGH * len(ratings)]
    return counts.div(counts.sum(axis=1), axis=0)


def _named(period: Any, years: int) -> str:
    """A period as it is read: 2023, or 1995–99, which no line breaks."""
    year = period.year if hasattr(period, "year") else int(period)
    return str(year) if years == 1 else f"{year}–\u2060{(year + years - 1) % 100:02d}"


def _bend(periods: pd.DataFrame) -> pd.Series | None:
    """The period that lies clearly apart from both the first and the last; the farthest one."""
    low = periods["upper_80"] < min(periods["lower_80"].iloc[0], periods["lower_80"].iloc[-1])
    high = periods["lower_80"] > max(periods["upper_80"].iloc[0], periods["upper_80"].iloc[-1])
    apart = periods[low | high]
    if apart.empty:
        return None
    return apart.loc[(apart["score"] - periods["score"].iloc[0]).abs().idxmax()]
