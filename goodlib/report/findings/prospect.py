"""Sentences on those who pay later: open prospects, in the chapter on future potential."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from goodlib.report.chapter import Chapter
from goodlib.report.findings import warning
from goodlib.report.words import Sentence
from goodlib.value.conversion import area, calibration, draw_won, judge, replay
from goodlib.value.doubt import SEASON
from goodlib.value.feature import Past
from goodlib.value.forecast import fit_models
from goodlib.value.outlook import Outlook, look_ahead
from goodlib.value.selection import law

YEAR = 365.25  # days
ENOUGH = 10  # prospects won before an origin, to try the model there


class Trial(NamedTuple):
    """The model at days in the past."""

    replayed: pd.DataFrame
    """One row a prospect and origin; empty where the history is too short."""
    table: pd.DataFrame
    """One row a method and origin: `judge`."""


def within(chapter: Chapter) -> float:
    """The days ahead that the chapter looks: a year, or the horizon where that is shorter."""
    return min(YEAR, chapter.study.horizon * chapter.study.unit_days)


def _calendar(chapter: Chapter) -> str:
    """The kind of calendar that the study's forecast uses."""
    curve = chapter.load("calendar")
    moves = tuple(bool(np.ptp(curve[name]) > 0) for name in ("pace_season", "pace_level"))
    kinds = {(True, True): "both", (True, False): "season", (False, True): "level"}
    return kinds.get(moves, "none")


def ahead(chapter: Chapter, draws: int, seed: int) -> Outlook:
    """The open prospects of the study, scored; what stands in the way is said as alerts."""
    study, orders = chapter.study, chapter.load("orders")
    others = chapter.load("draws_value") if chapter.has("draws_value") else None
    if others is not None:
        draws = min(draws, others.shape[1])
    past = Past(orders)
    now = past.at(study.as_of, study.horizon, study.unit)
    outlook = look_ahead(
        chapter.load("prospects"),
        orders,
        fit_models(past, pd.Timestamp(study.as_of), study.unit, law(now), _calendar(chapter)),
        others,
        as_of=study.as_of,
        days=within(chapter),
        horizon=study.horizon,
        discount=study.discount,
        periods_per_year=study.periods_per_year,
        margin=study.margin,
        draws=draws,
        seed=seed,
    )
    if outlook.fit is None:
        chapter.alert("Nothing can be said of prospects: {why:name}", why=outlook.refusal)
    else:
        for problem in outlook.fit.problems:
            if problem.name == SEASON and within(chapter) >= YEAR:
                continue  # over a whole year it levels out: said among what was done without
            for alert in warning.alerts("The model of prospects", [problem]):
                chapter.alert(alert)
    return outlook


def funnel(outlook: Outlook) -> Sentence:
    """How many prospects become customers, and how many never will."""
    fit = outlook.fit
    if fit is None:
        return Sentence("How many prospects become customers cannot be said yet", {})
    known = fit.model.known
    won = known[known["outcome"] == "won"]
    values = {
        "n": len(known),
        "won": len(won),
        "never": fit.never["estimate"],
        "lower": fit.never["lower"],
        "upper": fit.never["upper"],
        "months": (won["outcome_date"] - won["first_contact"]).dt.days.median() / 30.4375,
    }
    text = (
        "Of the {n:count} prospects first met so far {won:count} were won, half of them within "
        "{months:.0f} months; "
    )
    if fit.model.since is None:
        return Sentence(
            text + "{never:percent} never will be (between {lower:percent} and {upper:percent})",
            values,
        )
    values["since"] = fit.model.since
    return Sentence(
        text + "earlier years went otherwise, and as things have gone since {since:date}, "
        "{never:percent} of those met now never will be (between {lower:percent} and "
        "{upper:percent})",
        values,
    )


def curve(outlook: Outlook) -> pd.DataFrame:
    """The share won by each day over four years; no rows without a fit."""
    if outlook.fit is None:
        return pd.DataFrame(columns=["day", "won", "lower", "upper", "kaplan_meier"], dtype=float)
    return outlook.fit.curve(np.linspace(5, 4 * 365.25, 120))


def waiting(outlook: Outlook, trial: Trial, months: float) -> Sentence:
    """What may come of those who are open; the trial has how much one year differs from another."""
    people = outlook.people
    values = {"n": len(people), "months": months}
    if outlook.fit is None or people.empty:
        return Sentence("{n:plural prospect} stand open today.", values)
    old = people[people["age"] > 3 * 365]
    low, high = np.quantile(draw_won(outlook.won, trial.table, seed=1), [0.1, 0.9])
    values |= {
        "won": people["p_won"].sum(),
        "least": int(low),
        "most": min(int(np.ceil(high)), len(people)),
        "value": people["expected_value"].sum(),
        "old": len(old),
        "old_chance": old["p_won"].mean() if len(old) else 0.0,
    }
    text = (
        "{n:plural prospect} stand open; about {won:.0f} of them will be won within {months:.0f} "
        "months (eight chances in ten: {least:count} to {most:count}), and what all of them may "
        "bring is worth {value:money} today."
    )
    if len(old):
        text += (
            " {old:count} have been open for more than three years, with a chance of "
            "{old_chance:percent} each."
        )
    return Sentence(text, values)


def missing(outlook: Outlook) -> Sentence:
    """What had to be done without."""
    people = outlook.people
    doubtful = people["expected_amount"].notna() & people["believable_amount"].isna()
    values = {
        "n": len(people),
        "undated": int(people["age"].isna().sum()),
        "unknown": int(people["expected_amount"].isna().sum()),
        "doubtful": int(doubtful.sum()),
        "known": int(people["already_customer"].sum()),
    }
    text = (
        "Of the {n:count} open prospects {undated:count} have no first contact, so their chance is "
        "that of the others and its range wide; {unknown:count} have no expected amount."
        if values["undated"]
        else "All {n:count} open prospects have a first contact; {unknown:count} have no expected "
        "amount."
    )
    if doubtful.any():
        values |= {
            "largest": people.loc[doubtful, "expected_amount"].max(),
            "who": people.loc[doubtful, "name"].iloc[0],
        }
        text += (
            " For {doubtful:plural prospect} more is entered than was ever won (first: {who:name}, "
            "{largest:money}); such an amount is taken as unknown."
        )
    if values["known"]:
        text += (
            " {known:count} would be further work for customers the firm has already: what they "
            "bring is part of those customers' value and is not added to it."
        )
    if len(outlook.new_customer):
        values |= {"new": float(outlook.new_customer.mean())}
        low, high = np.quantile(outlook.new_customer, [0.1, 0.9])
        values |= {"low": float(low), "high": float(high)}
        who = (
            "The others would be new customers, each"
            if values["known"]
            else "Each would be a new customer,"
        )
        text += (
            " " + who + " worth {new:money} on average within the horizon (eight "
            "in ten between {low:money} and {high:money}), by the models of purchases and spend."
        )
    for problem in outlook.fit.problems if outlook.fit is not None else ():
        if problem.name == SEASON:
            values["season"] = problem.evidence
            text += (
                " The year has a season: {season:name}. Over a whole year that levels out; for a "
                "few months these chances say little."
            )
    return Sentence(text, values)


def try_out(chapter: Chapter, outlook: Outlook) -> Trial:
    """The model at up to three days in the past, a year apart, each with what was known then."""
    study, days = chapter.study, within(chapter)
    if outlook.fit is None:
        return Trial(pd.DataFrame(), pd.DataFrame())
    end = pd.Timestamp(study.as_of)
    frame = outlook.fit.model.known
    origins = []
    for years in range(3):
        origin = end - pd.Timedelta(days=np.ceil(days)) - pd.DateOffset(years=years)
        before = frame["outcome_date"] <= origin
        if (before & (frame["outcome"] == "won")).sum() >= ENOUGH:
            origins.append(origin)
    if not origins:
        return Trial(pd.DataFrame(), pd.DataFrame())
    try:
        replayed = replay(frame.reset_index(), origins[::-1], days=days, as_of=end)
    except ValueError:  # an earlier funnel that says nothing yet
        return Trial(pd.DataFrame(), pd.DataFrame())
    return Trial(replayed, judge(replayed))


def kept(trial: Trial) -> Sentence:
    """Whether chances said in the past were kept, beside the two rules that need no model."""
    if trial.table.empty:
        return Sentence(
            "Whether these chances are kept cannot be tried yet: too few prospects had been won a "
            "year ago.",
            {},
        )
    mean = trial.table.groupby("method")["auc"].mean()
    own = trial.table[trial.table["method"] == "model"]
    rule = mean.drop("model").idxmax()
    values = {
        "origins": len(own),
        "said": own["expected"].sum(),
        "won": int(own["won"].sum()),
        "auc": mean["model"],
        "other": mean[rule],
        "rule": rule,
    }
    numbers = "{auc:.2f} against {other:.2f}"
    if mean["model"] > mean[rule] + 0.02:
        verdict = "the model ranks them better than “{rule:name}” does"
    elif mean["model"] < mean[rule] - 0.02:
        verdict = "“{rule:name}” ranks them better than the model does"
        numbers = "{other:.2f} against {auc:.2f}"
    else:
        verdict = "it ranks them no better than “{rule:name}” does"
    text = (
        "Tried at {origins:plural day days} in the past, the model expected {said:.0f} prospects "
        f"to be won and {{won:count}} were; {verdict} ({numbers}, where "
        "0.50 is chance and 1 is perfect)."
    )
    sure = trial.replayed[~trial.replayed["undated"]]
    if len(sure) < len(trial.replayed):
        values["undated"] = trial.replayed.loc[trial.replayed["undated"], "prospect_id"].nunique()
        parts = [(part["p_won"].to_numpy(), part) for _, part in sure.groupby("origin")]
        values["sure"] = float(np.mean([area(p, part["won"]) for p, part in parts]))
        values["sure_newest"] = float(np.mean([area(-q["age"], q["won"]) for _, q in parts]))
        text += (
            " {undated:count} of these prospects were lost on a day that nobody noted, and telling "
            "them from the others is easy; without them it is {sure:.2f}, and {sure_newest:.2f} "
            "for newest first."
        )
    return Sentence(text, values)


def groups(trial: Trial) -> pd.DataFrame:
    """Chances said against chances kept, in fifths; no rows where nothing could be tried."""
    if trial.replayed.empty:
        return pd.DataFrame(columns=["n", "p_won", "won", "lower", "upper"], dtype=float)
    return calibration(trial.replayed, groups=5)


def together(chapter: Chapter, outlook: Outlook, count: int) -> pd.DataFrame:
    """Customers and prospects in one list by expected value: the best, and the best prospects.

    Columns name, kind, expected_value, lower, upper, place (among all). At least four prospects are
    shown where there are so many; those who are customers already stand in it as customers.
    """
    names = pd.Series(dtype=str)
    if chapter.has("customers") and "name" in chapter.load("customers"):
        names = chapter.load("customers").drop_duplicates("customer_id")
        names = names.set_index("customer_id")["name"]
    draws = chapter.load("draws_value")
    low, high = np.quantile(draws.to_numpy(float), [0.1, 0.9], axis=1)
    mean = draws.mean(axis=1)
    labels = pd.Series(draws.index, index=draws.index).map(names).fillna(draws.index.to_series())
    table = pd.DataFrame(
        {"name": labels, "kind": "customer", "expected_value": mean, "lower": low, "upper": high}
    )
    new = outlook.people[~outlook.people["already_customer"].astype(bool)]
    if outlook.fit is not None and len(new):
        rows = new[["name", "expected_value"]].assign(kind="prospect", lower=0.0, upper=_upper(new))
        table = pd.concat([table, rows[table.columns]])
    table = table.sort_values("expected_value", ascending=False, kind="stable")
    table.insert(0, "place", np.arange(1, len(table) + 1))
    hopes = table[table["kind"] == "prospect"].head(4)
    return pd.concat([table.head(count), hopes[hopes["place"] > count]])


def _upper(people: pd.DataFrame) -> np.ndarray:
    """Nine in ten draws of a prospect's value lie below: 0 where the chance is under a tenth."""
    return np.where(people["p_won"] > 0.1, people["value_if_won_upper_80"], 0.0)


def listed(table: pd.DataFrame, outlook: Outlook) -> Sentence:
    """How many of the best are not customers yet."""
    count = int((table["place"].diff().fillna(1) == 1).cumprod().sum())
    best = table.head(count)
    inside = int((best["kind"] == "prospect").sum())
    values = {"count": count, "inside": inside}
    new = outlook.people[~outlook.people["already_customer"].astype(bool)]
    if outlook.fit is None or new.empty:
        return Sentence(
            "No prospect is somebody new: the {count:count} best of tomorrow are all customers "
            "today",
            values,
        )
    first = new.iloc[0]
    values |= {"name": first["name"], "value": first["expected_value"], "chance": first["p_won"]}
    values["place"] = int(table.loc[table["kind"] == "prospect", "place"].min())
    if inside:
        return Sentence(
            "{inside:count} of the {count:count} people expected to bring most are not customers "
            "yet; first among them {name:name}, with a chance of {chance:percent} to be won",
            values,
        )
    return Sentence(
        "No single prospect stands among the {count:count} expected to bring most; the best of "
        "them, {name:name}, stands at place {place:count} for {value:money}, with a chance of "
        "{chance:percent} to be won",
        values,
    )
