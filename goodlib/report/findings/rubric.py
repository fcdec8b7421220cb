"""Sentences on good for others: as rated on a rubric, and in money where the firm gives a rate."""

from __future__ import annotations

import pandas as pd

from goodlib.decision import rate
from goodlib.decision.goods import DRAWS, Goods
from goodlib.decision.rubric import Rated, rated
from goodlib.relationship.scores import by_side
from goodlib.report.chapter import Chapter
from goodlib.report.figures import goods as figures
from goodlib.report.findings.comparison import listed
from goodlib.report.findings.relationships import with_owner
from goodlib.report.findings.trend import years
from goodlib.report.words import Sentence


def said(chapter: Chapter, good: str, customers: pd.Index, **options: object) -> Rated | None:
    """What the study's rubrics say of this good; None where it has none."""
    if not chapter.has("rubrics"):
        return None
    staff = with_owner(chapter, by_side(chapter.load("rubrics"), "staff"))
    study = chapter.study
    options |= {"customers": customers, "draws": DRAWS, "years": years(staff)}
    return rated(staff, study.rubrics, good, study.sources("ratings"), **options)


def anchors(chapter: Chapter, found: Rated) -> pd.DataFrame:
    """The scores of the rubric and what each of them means, best first."""
    words = chapter.study.rubrics[found.items[0]].anchors
    frame = pd.DataFrame({"score": list(map(str, words)), "meaning": list(words.values())})
    return frame.iloc[::-1]


def claim(goods: Goods, found: Rated) -> Sentence:
    """How much of the work did others good."""
    sums = goods.customers[["good_for_others", "hours_all", "hours_others"]].sum()
    values = {
        "share": sums["good_for_others"] / sums["hours_all"] if sums["hours_all"] else 0.0,
        "given": sums["hours_others"] / sums["hours_all"] if sums["hours_all"] else 0.0,
        "rated": int((found.customers["n_scores"] > 0).sum()),
    }
    return Sentence(
        "About {share:percent} of our work does others good by the word of those who rate it; "
        "{given:percent} was given as such",
        values,
    )


def reading(goods: Goods, found: Rated, names: pd.Series, unit: str) -> Sentence:
    """On whose word, how strict they are, and who does most good per hour and in all."""
    own = found.customers
    spent = goods.customers["hours_all"] > 0
    values = {
        "scores": int(own["n_scores"].sum()),
        "raters": len(found.raters),
        "rated": int((own["n_scores"] > 0).sum()),
        "unrated": int((spent & (own["n_scores"] == 0)).sum()),
        "anchor": found.good_from,
        "most": listed(names[goods.customers["good_for_others"].nlargest(3).index].tolist()),
    }
    text = (
        "{scores:count} scores by {raters:plural rater} on {rated:plural customer}. What counts "
        "is the chance that an average rater would give {anchor:g} or more"
    )
    if "points" in found.raters:
        values["kind"], values["strict"] = (
            found.raters["points"].max(),
            found.raters["points"].min(),
        )
        values["strict"] = abs(values["strict"])
        text += (
            "; the raters lie between {strict:.1f} points below and {kind:.1f} above the average, "
            "and that is taken out"
        )
    if values["unrated"]:
        text += (
            ". {unrated:plural customer} on whom we spent time nobody has rated: for them stands "
            "the average, with a wide interval"
        )
    text += f". Most good, {unit} by that chance, was done with {{most:name}}."
    return Sentence(text, values)


def best(goods: Goods, found: Rated, names: pd.Series, count: int = 14) -> pd.DataFrame:
    """Those with whom most good was done for others, with the score and the hours beside it."""
    frame = found.customers.join(goods.customers[["good_for_others", "hours_all", "hours_others"]])
    return frame.assign(name=names).nlargest(count, "good_for_others")


def show_rate(
    chapter: Chapter, goods: Goods, found: Rated | None, names: pd.Series
) -> pd.DataFrame:
    """Good for others in money, swept, where the firm gives a rate; that it has no price, else.

    Returns the goods with `others_in_money` where there is a rate.
    """
    given, share = chapter.study.rate_for_others, chapter.study.top_share
    if given is None:
        chapter.note(
            "Good for others has no price here. Whether it is put into money is for the firm to "
            "say (rate_for_others in the study file) and not for this report; without a rate it is "
            "weighed against money by the balance alone."
        )
        return goods.customers
    money = rate.in_money(goods, given, found)
    places = rate.sweep(goods, money, share)
    count = rate.best(len(goods.customers), share)
    hangs = rate.hanging(places, count)
    chapter.claim(rate_claim(hangs, count))
    shown = places[hangs].rename(index=names)
    if len(shown):
        chapter.figure(
            figures.plot_rates(shown, count),
            "The place of each customer whose place among the best hangs on the rate, by rate.",
        )
    chapter.note(rate_reading(goods, money, given.per_hour, given.per_point))
    return goods.customers.assign(others_in_money=money.mean(axis=1))


def rate_claim(hangs: pd.Series, count: int) -> Sentence:
    """How many of those ever among the best hang on the rate."""
    values = {"hang": int(hangs.sum()), "ever": len(hangs), "count": count}
    if not values["hang"]:
        return Sentence(
            "Whatever an hour for others is worth, the same {count:count} are the best", values
        )
    return Sentence(
        "{hang:count} of the {ever:count} customers who may be among the best {count:count} hang "
        "on what good for others is worth",
        values,
    )


def rate_reading(
    goods: Goods, money: object, per_hour: float | None, per_point: float | None
) -> Sentence:
    """What the rate makes of all good for others, beside the money."""
    own = goods.customers[["pays_now", "may_pay_later"]].sum().sum()
    values = {"rate": per_hour or per_point, "others": money.mean(axis=1).sum(), "own": own}
    what = "an hour that did others good" if per_hour else "a point of the rubric"
    return Sentence(
        f"At the firm's own rate of {{rate:money}} for {what}, good for others is worth "
        "{others:money} beside the {own:money} of money expected. The rate is a decision and not a "
        "measurement: it was tried from nothing to four times as much, and whoever is named here "
        "stands among the best or not by that decision alone.",
        values,
    )
