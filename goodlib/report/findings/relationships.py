"""Sentences of the chapter on relationships: what the ratings say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.relationship.agreement import krippendorff_alpha, pairwise
from goodlib.relationship.gap import gap, misjudging
from goodlib.relationship.rating import RatingModel
from goodlib.relationship.scores import by_side
from goodlib.relationship.standing import Relationship
from goodlib.report.chapter import Chapter
from goodlib.report.figures import relationships as figures
from goodlib.report.findings.trend import rating_often
from goodlib.report.words import Sentence


def names(chapter: Chapter) -> pd.Series:
    """What people call each customer; empty where the study has no names."""
    if not chapter.has("customers"):
        return pd.Series(dtype=object)
    customers = chapter.load("customers")
    if "name" not in customers:
        return pd.Series(dtype=object)
    return customers.set_index("customer_id")["name"].dropna()


def listed(customers: list, called: pd.Series) -> str:
    """Names in a sentence: "A, B and C"."""
    words = [str(called.get(c, c)) for c in customers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def show_problems(chapter: Chapter, relation: Relationship) -> None:
    """What was mended in the ratings is noted; what the raters cannot tell stands out."""
    for problem in relation.problems:
        say = chapter.note if problem in relation.model.problems else chapter.alert
        say("{problem:name}", problem=problem)


def best_and_worst(relation: Relationship, called: pd.Series) -> Sentence:
    """Who is good to work with, and whose interval says so."""
    known = relation.customers.query("basis != 'unrated'").sort_values("relationship")
    warm, strained = known.index[known["lower_80"] > 0], known.index[known["upper_80"] < 0]
    values = {
        "rated": len(known),
        "warm": len(warm),
        "strained": len(strained),
        "best": listed(list(known.index[::-1][:3]), called),
        "worst": listed(list(known.index[:3]), called),
    }
    if not len(warm) and not len(strained):
        return Sentence(
            "The ratings of {rated:plural customer} do not tell any of them from the average: the "
            "differences are within what raters differ by.",
            values,
        )
    return Sentence(
        "Of {rated:plural customer} that somebody rated, {warm:count} are clearly better to work "
        "with than the average and {strained:count} clearly worse; best are {best:name}, most "
        "strained {worst:name}.",
        values,
    )


def every_client(relation: Relationship) -> Sentence:
    """How many stand apart from the average, and how many nobody knows."""
    known = relation.customers.query("basis != 'unrated'")
    clear = ((known["lower_80"] > 0) | (known["upper_80"] < 0)).sum()
    return Sentence(
        "{clear:count} of {rated:plural customer} stand clearly apart from the average one, on "
        "either side.",
        {"clear": clear, "rated": len(known)},
    )


def unknown(relation: Relationship) -> Sentence:
    """Who nobody rated; unknown is not average."""
    basis = relation.customers["basis"].value_counts()
    values = {
        "all": int(basis.sum()),
        "unrated": int(basis.get("unrated", 0)),
        "one": int(basis.get("one rater", 0)),
        "several": int(basis.get("several raters", 0)),
    }
    values["share"] = values["unrated"] / values["all"]
    one = "{one:count}" if values["one"] else "none"
    if not values["unrated"]:
        one = "every one" if values["one"] == values["all"] else f"{one} of them"
        return Sentence(
            f"Each of the {{all:plural customer}} has been rated, {one} by one rater only.", values
        )
    text = "Nobody rated {unrated:count} of {all:plural customer} ({share:percent}): their "
    return Sentence(
        f"{text}relationship is unknown, not average. Of the others {one} "
        f"{'is' if values['one'] == 1 else 'are'} known through one rater only.",
        values,
    )


def agreement(relation: Relationship) -> Sentence:
    """How far raters agree in words, and whether they would order the customers alike."""
    ratings, scale = relation.main_ratings, relation.model.scale
    try:
        row = krippendorff_alpha(ratings, "ordinal", scale=scale, draws=400).loc["all"]
    except ValueError:
        return Sentence(
            "Whether raters agree cannot be said: no piece of work was rated by two of them.", {}
        )
    values = {"alpha": row["alpha"], "lower": row["lower"], "upper": row["upper"]}
    values |= {"units": row["n_units"]}
    how = "hardly agree" if row["alpha"] < 0.4 else "agree in part"
    how = "agree well" if row["alpha"] >= 0.8 else how
    text = (
        f"Raters {how}: Krippendorff's alpha, 1 for full agreement and 0 for chance, is "
        "{alpha:.2f} ({lower:.2f} to {upper:.2f}) over {units:plural comparison}."
    )
    pairs = pairwise(ratings, scale).dropna(subset=["tau_b"])
    if pairs.empty:
        return Sentence(text, values)
    weight = pairs["n"] / pairs["n"].sum()
    values |= {"tau": pairs["tau_b"] @ weight, "same": pairs["agreement"] @ weight}
    return Sentence(
        text + " Two raters give the same customer the same word in {same:percent} of the cases; "
        "the orders they put the customers in go together with {tau:.2f} (Kendall's tau-b, 1 for "
        "the same order).",
        values,
    )


def severity(relation: Relationship) -> Sentence:
    """Who is strict, and by how much; or why that cannot be said."""
    if not relation.adjusted:
        return Sentence(
            "Who is a strict rater cannot be told: {why:name}", {"why": reason(relation)}
        )
    enough = rating_often(relation).sort_values("points")
    strict, mild = enough.index[0], enough.index[-1]
    values = {
        "strict": strict,
        "mild": mild,
        "difference": enough["points"].iloc[-1] - enough["points"].iloc[0],
        "n": len(enough),
    }
    difference, sd = relation.stricter(strict, mild)
    if difference < 2.0 * sd:
        return Sentence(
            "No rater is clearly stricter than another: the strictest and the mildest of "
            "{n:count} who rate often, {strict:name} and {mild:name}, differ by {difference:.2f} "
            "points over the same customer, which chance explains.",
            values,
        )
    text = "the same customer gets {difference:.2f} points more from {mild:name} than from "
    opening = "It matters who is asked"
    if values["difference"] < 0.05 * (len(relation.model.scale) - 1):
        opening = "It matters a little who is asked"
    return Sentence(f"{opening}: {text}{{strict:name}}.", values)


def reason(relation: Relationship) -> str:
    """Why severity was not adjusted for."""
    return next((p for p in relation.problems if "everity" in p), "")


def show_severity(chapter: Chapter, relation: Relationship) -> None:
    """Whether it matters who is asked, as claim and figure; or the claim that it cannot be told."""
    found = severity(relation)
    chapter.claim(found._replace(text=found.text.split(": ")[0]))  # the finding has said the rest
    if relation.adjusted:
        often = rating_often(relation)
        chapter.figure(
            figures.plot_raters(often),
            "Dots with 80 % intervals: points each rater gives to the same customer beyond the "
            "average rater, strictest at the bottom.",
        )
        seldom = list(relation.raters.index.difference(often.index))
        if seldom:
            chapter.note(
                "Not drawn: {names:name}, with less than a hundredth of the scores each.",
                names=listed(seldom, pd.Series(dtype=object)),
            )


def with_owner(chapter: Chapter, staff: pd.DataFrame) -> pd.DataFrame:
    """Marks scores that people gave to their own customers, where the study says whose they are."""
    customers = chapter.load("customers") if chapter.has("customers") else pd.DataFrame()
    if "owner" not in customers or "own" in staff:
        return staff
    owner = staff["customer_id"].map(customers.set_index("customer_id")["owner"])
    own = owner == staff["rater"]
    return staff.assign(own=own) if own.any() and not own.all() else staff


def own_clients(relation: Relationship) -> Sentence:
    """Whether people think better of their own customers."""
    if "own_client" not in relation.params:
        return Sentence(
            "Whether people think better of their own customers cannot be told: the study does not "
            "say whose customer is whose.",
            {},
        )
    bias, sd = relation.params["own_client"], relation.bse["own_client"]
    average = relation.expected_score(0.0)
    values = {"points": abs(float(relation.expected_score(bias) - average))}
    if abs(bias) < 2.0 * sd:
        return Sentence(
            "Of their own customers people think neither better nor worse than of others' "
            "({points:.2f} points, which chance explains).",
            values,
        )
    word = "better" if bias > 0 else "worse"
    return Sentence(
        f"Of their own customers people think {word} than others do of the same customer, by "
        "{points:.2f} points; that too is taken out.",
        values,
    )


def own_views(relation: Relationship) -> Sentence:
    """How far one rater's view of one customer is his own, beyond his severity."""
    if "halo" not in relation.raters:
        return Sentence(
            "How far a rater's view of one customer is his own cannot be told: nobody rated a "
            "customer often enough.",
            {},
        )
    sd = float(np.sqrt(relation.data.variance(relation.data.natural(relation.psi))["pair"]))
    apart = float(relation.expected_score(sd) - relation.expected_score(0.0))
    spread = float(relation.expected_score(relation.prior_sd) - relation.expected_score(0.0))
    return Sentence(
        "Beyond severity, raters have views of single customers that others do not share; one "
        "moves a score by {apart:.2f} points, where the customers themselves differ by "
        "{spread:.2f}. It is no property of the customer, and only widens what is known.",
        {"apart": apart, "spread": spread},
    )


def client_side(ratings: pd.DataFrame, scale: list, options: dict) -> Relationship | None:
    """The fit of the clients' own ratings; None where the study has none."""
    theirs = by_side(ratings, "client")
    return None if theirs.empty else RatingModel(theirs, scale, **options).fit()


def both_sides(
    relation: Relationship, theirs: Relationship | None, draws: int, seed: int
) -> pd.DataFrame:
    """The chapter's table: one row a customer, with the client's side where there is one."""
    table = relation.customers
    if theirs is None:
        return table
    own = theirs.customers.query("basis != 'unrated'")
    table["client_relationship"] = own["relationship"]
    found = gap(relation, theirs, draws, seed).add_prefix("gap_")
    found = found.rename(columns={"gap_gap": "gap", "gap_p_better": "p_gap"})
    return table.join(found)


def show_gap(chapter: Chapter, table: pd.DataFrame, called: pd.Series, show: int = 8) -> None:
    """Where the two sides differ, as claim and figure; or that nobody asked the customers."""
    if "gap" not in table:
        chapter.note("Nobody asked the customers, so this study cannot say whether they agree.")
        return
    found = table[["gap", "gap_lower_80", "gap_upper_80"]].dropna()
    found.columns = ["gap", "lower_80", "upper_80"]
    found = found.sort_values("gap", ascending=False)
    chapter.claim(gaps(found, called))
    ends = pd.concat([found.head(show), found.iloc[show:].tail(show)])
    chapter.figure(
        figures.plot_gap(ends, called),
        "Our score less theirs with 80 % intervals, for the customers at both ends.",
    )
    chapter.note(
        "Colored bars leave zero out; gray ones do not. The customers who answer are not a random "
        "choice: who is angry enough to leave often does not answer, so silence from a customer is "
        "no good mark. Mostly one person answers for a customer, which makes those intervals wide."
    )


def moved(moves: pd.DataFrame, called: pd.Series) -> Sentence:
    """Who gains and who loses places when severity and chance are taken out."""
    order = moves["moved"].sort_values()
    far = int((moves["moved"].abs() >= 0.1 * len(moves)).sum())
    values = {
        "far": far,
        "rated": len(moves),
        "up": called.get(order.index[-1], order.index[-1]),
        "gained": order.iloc[-1],
        "down": called.get(order.index[0], order.index[0]),
        "lost": -order.iloc[0],
    }
    return Sentence(
        "A mean of scores misplaces {far:count} of {rated:plural customer} by a tenth of the list "
        "or more: {up:name} gains {gained:plural place}, {down:name} loses {lost:count}.",
        values,
    )


def gaps(gap: pd.DataFrame, called: pd.Series) -> Sentence:
    """Where we think better of it than they do, and where they do."""
    over, under = gap.index[gap["lower_80"] > 0], gap.index[gap["upper_80"] < 0][::-1]
    values = {"both": len(gap), "over": len(over), "under": len(under), "mean": gap["gap"].mean()}
    text = "Of {both:plural customer} rated by both sides, "
    if len(over):
        values["who"] = listed(list(over[:3]), called)
        text += "we think the relationship with {over:count} clearly better than they do "
        text += "({who:name}{more:name})"
        values["more"] = ", ..." if len(over) > 3 else ""
    else:
        text += "there is none with whom we clearly think it better than they do"
    text += "; {under:count} clearly think it better than we do." if len(under) else "."
    return Sentence(text, values)


def if_worse(relation: Relationship) -> Sentence:
    """What if the unrated are one point worse: where they would stand."""
    there = relation.if_unrated(-1.0)
    unrated = int((there["basis"] == "unrated").sum())
    worse = _below(relation, there) if unrated else 0
    values = {"unrated": unrated, "worse": worse}
    if not unrated:
        return Sentence("Nobody is unrated, so nothing hangs on what the unrated are like.", values)
    return Sentence(
        "The {unrated:plural customer} whom nobody rated are drawn as one dotted line: unknown. "
        "Were they one point worse than the average, "
        + ("only {worse:count}" if worse else "none")
        + " of the rated would stand below them; so no list of strained customers is "
        "complete before somebody has been asked about those.",
        values,
    )


def _below(relation: Relationship, shifted: pd.DataFrame) -> int:
    """Rated customers who are worse than the unrated if those are as in `shifted`."""
    unrated = shifted.loc[shifted["basis"] == "unrated", "relationship"].iloc[0]
    known = relation.customers.query("basis != 'unrated'")
    return int((known["relationship"] < unrated).sum())


def cost_of_misjudging(
    relation: Relationship, theirs: Relationship | None, orders: pd.DataFrame
) -> Sentence:
    """Whether the two sides' differing goes with less growth; or that too few say."""
    if theirs is None:
        return Sentence("So it is open, too, whether misjudging a customer costs growth.", {})
    dates = orders["date"]
    last = dates > dates.max() - pd.Timedelta(days=365)
    before = ~last & (dates > dates.max() - pd.Timedelta(days=730))
    spent = [orders[rows].groupby("customer_id")["amount"].sum() for rows in (before, last)]
    both = pd.concat(spent, axis=1, keys=["before", "last"]).fillna(0.0)
    growth = ((both["last"] - both["before"]) / both.sum(axis=1)).rename("growth")
    ours = relation.customers.query("basis != 'unrated'")["expected_score"]
    try:
        own = theirs.customers.query("basis != 'unrated'")["expected_score"]
        row = misjudging(ours, own, growth).loc["curvature of misjudging"]
    except ValueError:
        return Sentence(
            "Whether misjudging a customer costs growth cannot be tested: it takes fifty customers "
            "rated by both sides who bought in the last two years.",
            {},
        )
    values = {"n": row["n"], "low": row["lower_80"], "high": row["upper_80"]}
    if row["upper_80"] < 0:
        text = "Over {n:plural customer}, purchases grow less the more the two sides differ"
    elif row["lower_80"] > 0:
        text = "Over {n:plural customer}, purchases grow more where the two sides differ"
    else:
        text = (
            "Whether purchases grow less where the two sides differ, {n:plural customer} are too "
            "few to say: the data would bear either answer"
        )
    return Sentence(text + " (an association, not a cause).", values)
