"""Sentences and figures on prospects and referrals: true on the demo, and where data lack."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.history import demo
from goodlib.report.figures import prospect as figures
from goodlib.report.findings import prospect as hopes
from goodlib.report.findings import referral as others
from goodlib.report.words import Words
from goodlib.value.doubt import SEASON
from goodlib.value.problem import Problem
from goodlib.value.prospect import ProspectModel

SAY = Words("EUR").say


class Stand:
    """What the findings need of a chapter: the study, its tables, and an ear for alerts."""

    def __init__(self, tables):
        self.tables, self.alerts = tables, []
        self.study = SimpleNamespace(
            as_of=pd.Timestamp("2025-12-31"),
            unit="W",
            unit_days=7.0,
            horizon=52.0,
            discount=0.1,
            periods_per_year=365.25 / 7,
            margin=None,
            referral_saving=0.0,
            stages=["first talk", "needs analysis", "proposal", "negotiation"],
        )

    def load(self, name):
        return self.tables[name]

    def has(self, name):
        return name in self.tables

    def alert(self, sentence, **values):
        self.alerts.append((sentence, values))


@pytest.fixture(scope="module")
def tables():
    raw = demo.simulate().tables
    orders = raw["orders"].rename(
        columns={"client": "customer_id", "invoiced": "date", "fee": "amount"}
    )
    orders = orders[orders["amount"] > 0].assign(date=lambda d: pd.to_datetime(d["date"]))
    prospects = raw["prospects"].replace("", None)
    for name in ("first_contact", "outcome_date"):
        prospects[name] = pd.to_datetime(prospects[name])
    referrals = raw["referrals"].replace("", np.nan)
    referrals["would_have_come_anyway"] = referrals["would_have_come_anyway"].astype(float)
    value = orders.groupby("customer_id")["amount"].sum()
    draws = pd.DataFrame(np.outer(value, np.full(50, 0.1)), index=value.index)
    return {
        "orders": orders,
        "customers": raw["customers"],
        "prospects": prospects,
        "referrals": referrals,
        "draws_value": draws,
        "calendar": pd.DataFrame({"pace_season": [1.0, 1.0], "pace_level": [1.0, 1.0]}),
    }


@pytest.fixture(scope="module")
def outlook(tables):
    return hopes.ahead(Stand(tables), 50, 1)


NOTHING = hopes.Trial(pd.DataFrame(), pd.DataFrame())


# --- Laws: what the sentences say is so


def test_sentences_of_the_demo_quote_the_frames(tables, outlook):
    chapter = Stand(tables)
    assert "48 were won" in SAY(hopes.funnel(outlook))
    waiting = hopes.waiting(outlook, NOTHING, 12)
    assert waiting.values["n"] == tables["prospects"]["outcome"].isna().sum() == 30
    assert waiting.values["won"] == pytest.approx(outlook.people["p_won"].sum())
    assert "7 have no expected amount" in SAY(hopes.missing(outlook))
    trial = hopes.try_out(chapter, outlook)
    kept = hopes.kept(trial)
    assert kept.values["won"] == trial.replayed["won"].sum()
    assert "“newest first”" in SAY(kept) or "“largest first”" in SAY(kept)


@pytest.mark.parametrize(
    ("own", "rule", "said"),
    [
        (0.70, 0.60, "the model ranks them better than “newest first” does (0.70 against 0.60,"),
        (0.60, 0.70, "“newest first” ranks them better than the model does (0.70 against 0.60,"),
        (0.61, 0.60, "it ranks them no better than “newest first” does (0.61 against 0.60,"),
    ],
)
def test_of_two_rankings_the_number_of_the_one_named_first_stands_first(own, rule, said):
    judged = {"method": ["model", "newest first"], "auc": [own, rule], "expected": 9.0, "won": 8}
    replayed = pd.DataFrame({"undated": [False]})
    assert said in SAY(hopes.kept(hopes.Trial(replayed, pd.DataFrame(judged))))


def test_a_changed_pace_a_season_and_undated_losses_are_said(tables, outlook):
    since = ProspectModel(tables["prospects"], as_of="2025-12-31", since="2023-12-31").fit()
    said = SAY(hopes.funnel(outlook._replace(fit=since)))
    assert "Of the 120 prospects first met so far 48 were won" in said
    assert "earlier years went otherwise, and as things have gone since 31 December 2023" in said
    spring = Problem(SEASON, "9 were won in the months of quarter 2, where 3 were expected", "Wait")
    seasonal = outlook._replace(fit=replace(since, problems=(spring,)))
    assert "The year has a season: 9 were won" in SAY(hopes.missing(seasonal))
    trial = hopes.try_out(Stand(tables), outlook)
    assert "nobody noted" not in SAY(hopes.kept(trial))
    some = trial.replayed.assign(undated=trial.replayed["age"] > 400)
    again = hopes.kept(trial._replace(replayed=some))
    assert again.values["undated"] == some.loc[some["undated"], "prospect_id"].nunique()
    assert 0 < again.values["sure"] < 1
    assert "lost on a day that nobody noted" in SAY(again)


def test_how_many_will_be_won_has_a_range(outlook):
    waiting = hopes.waiting(outlook, NOTHING, 12).values
    assert waiting["least"] < waiting["won"] < waiting["most"] <= waiting["n"]
    missed = {"method": "model", "expected": [10.0, 10.0], "won": [2, 21]}
    doubtful = hopes.waiting(outlook, hopes.Trial(pd.DataFrame(), pd.DataFrame(missed)), 12).values
    assert doubtful["least"] < waiting["least"] < waiting["most"] < doubtful["most"]
    assert outlook.won.mean() == pytest.approx(waiting["won"], rel=0.1)


def test_old_prospects_without_a_chance_are_counted_not_drawn(outlook):
    old = outlook.people.iloc[:3].assign(age=20_000.0, p_won=1e-6)
    both = pd.concat([outlook.people, old])
    ax = figures.plot_open(both, ["first talk"])
    assert "(3 older ones are not shown: less than 0.5% each)" in ax.get_xlabel()
    assert ax.get_xlim()[1] < 100
    assert figures.plot_open(outlook.people).get_xlim()[1] > outlook.people["age"].max() / 30.4375


def test_one_list_holds_customers_and_prospects_in_order(tables, outlook):
    table = hopes.together(Stand(tables), outlook, count=10)
    assert table["expected_value"].is_monotonic_decreasing
    assert {"customer", "prospect"} == set(table["kind"])
    assert table["place"].is_monotonic_increasing
    assert (table["lower"] <= table["upper"]).all()
    everybody = hopes.together(Stand(tables), outlook, count=10_000)
    assert len(everybody) == 240 + 30


def test_friends_who_never_paid_are_named(tables):
    chapter = Stand(tables)
    values = tables["orders"].groupby("customer_id")["amount"].sum() * 0.1
    result = others.brought(chapter, values, None, 50, 1)
    said = others.never_paid(result, tables["orders"])
    assert said.text.startswith("Three people who never paid us")
    assert 0.05 < said.values["share"] < 0.2
    assert "Prof. Amara Nwosu" in said.values["names"]
    left = others.left_out(result)
    assert left.values["own"] == pytest.approx(left.values["net"]) == pytest.approx(values.sum())
    branches = others.branches(result)
    credited = result.table["attributed"].nlargest(8).sum()
    assert branches["attributed"].sum() == pytest.approx(credited)
    assert figures.plot_branches(branches, "EUR").get_xlabel().startswith("own value")


def test_figures_name_their_axes(tables, outlook):
    chapter = Stand(tables)
    assert "months" in figures.plot_curve(hopes.curve(outlook)).get_xlabel()
    assert "chance" in figures.plot_open(outlook.people).get_ylabel()
    groups = hopes.groups(hopes.try_out(chapter, outlook))
    assert "share that was won" in figures.plot_kept(groups).get_ylabel()
    best = hopes.together(chapter, outlook, count=5)
    labels = [text.get_text() for text in figures.plot_best(best, "EUR").get_yticklabels()]
    assert labels[0].startswith("1  ")


def test_a_funnel_without_open_prospects_has_its_sentences_too(tables):
    closed = tables["prospects"].dropna(subset="outcome")
    chapter = Stand(tables | {"prospects": closed})
    outlook = hopes.ahead(chapter, 50, 1)
    assert SAY(hopes.waiting(outlook, NOTHING, 12)) == "0 prospects stand open today."
    assert "nothing to draw" in figures.plot_open(outlook.people).texts[0].get_text()
    assert SAY(hopes.listed(hopes.together(chapter, outlook, count=5), outlook))
    assert SAY(hopes.missing(outlook))


# --- Refusals: a study whose prospects cannot serve still has a chapter


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"outcome": None, "outcome_date": pd.NaT}, "no prospect was won"),
        ({"outcome": "maybe"}, "outcome must be won, lost or empty"),
    ],
)
def test_prospects_that_cannot_serve_are_an_alert_and_no_more(tables, change, why):
    chapter = Stand(tables | {"prospects": tables["prospects"].assign(**change)})
    outlook = hopes.ahead(chapter, 50, 1)
    assert outlook.fit is None
    assert outlook.people["p_won"].isna().all()
    assert why in chapter.alerts[0][1]["why"]
    trial = hopes.try_out(chapter, outlook)
    sentences = [
        hopes.funnel(outlook),
        hopes.waiting(outlook, NOTHING, 12),
        hopes.missing(outlook),
        hopes.kept(trial),
        hopes.listed(hopes.together(chapter, outlook, count=5), outlook),
    ]
    assert all(SAY(sentence) for sentence in sentences)
    for ax in (
        figures.plot_curve(hopes.curve(outlook)),
        figures.plot_open(outlook.people),
        figures.plot_kept(hopes.groups(trial)),
    ):
        assert "nothing to draw" in ax.texts[0].get_text()
