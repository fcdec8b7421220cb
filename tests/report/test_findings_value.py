"""What the chapter on lifetime value says, as its numbers turn."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.report.findings import model, value, warning
from goodlib.report.words import Words
from goodlib.value.habit import Habit, Range
from goodlib.value.problem import Problem
from goodlib.value.purchase import NBD, BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD

SAY = Words("EUR").say
WEEK = 7.0


def fitted(law, aic, problems=()):
    """A fit as `choice` sees it; the model knows its class only."""
    return SimpleNamespace(model=object.__new__(law), aic=aic, problems=list(problems))


def test_choice_follows_the_distance_and_the_warnings():
    far = [fitted(ParetoNBD, 100.0), fitted(BetaGeoNBD, 114.0), fitted(NBD, 300.0)]
    assert "describes these customers best: BG/NBD, the next, is 14 points" in SAY(
        model.choice(far, "Pareto/NBD")
    )
    near = [fitted(ParetoNBD, 100.0), fitted(BetaGeoNBD, 101.0)]
    assert "the data do not choose between the two" in SAY(model.choice(near, "Pareto/NBD"))
    broken = [fitted(ParetoNBD, 90.0, [Problem("a", "b", "c")]), fitted(BetaGeoNBD, 100.0)]
    said = SAY(model.choice(broken, "BG/NBD"))
    assert "Of two models of buying, BG/NBD (" in said
    assert "is the best without a warning" in said
    assert "Pareto/NBD fits better by 10 points of AIC" in said
    later = [fitted(ModifiedBetaGeoNBD, 90.0), fitted(BetaGeoNBD, 100.0)]
    assert "before season and level were known" in SAY(model.choice(later, "BG/NBD"))


def test_the_models_that_futures_are_drawn_from_are_named():
    fits = tuple(fitted(law, 0.0) for law in (ModifiedBetaGeoNBD, ParetoNBD, BetaGeoNBD))
    said = SAY(model.drawn(SimpleNamespace(opinions=fits)))
    assert "in equal parts from every model that may be believed: MBG/NBD, Pareto/NBD and" in said
    assert said.endswith("are those of MBG/NBD.")
    alone = SAY(model.drawn(SimpleNamespace(opinions=fits[:1])))
    assert alone == "The futures are drawn from MBG/NBD alone."


@pytest.mark.parametrize(
    ("habit", "said"),
    [
        (
            Habit(Range(9, 8, 11), Range(150, 110, 240)),
            "While active, a typical customer buys every 9 weeks (between 8 and 11 weeks); half of "
            "them leave within 2.9 years, between 2.1 and 4.6 years.",
        ),
        (
            Habit(Range(9, 9, 9), Range(np.inf, np.inf, np.inf)),
            "While active, a typical customer buys every 9 weeks.",
        ),
        (
            Habit(Range(9, 8, 11), Range(150, 110, np.inf)),
            "While active, a typical customer buys every 9 weeks (between 8 and 11 weeks); half of "
            "them leave within 2.9 years, at the earliest 2.1 years; the history is too short to "
            "say at the latest.",
        ),
    ],
)
def test_habits_are_said_with_ranges_in_one_unit(habit, said):
    assert SAY(value.habit(habit, WEEK, 3 * 365.25)) == said


def test_of_ranges_that_overlap_one_or_several_are_counted():
    top = pd.DataFrame(
        {
            "name": list("ABC"),
            "residual_value": [10.0, 8.0, 5.0],
            "residual_value_upper_80": [15.0, 12.0, 6.0],
        }
    )
    assert "that of one of the 2 others reaches what A is" in SAY(value.first_place(top))
    top.loc[2, "residual_value_upper_80"] = 11.0
    assert "those of 2 of the 2 others reach what A is" in SAY(value.first_place(top))
    top["residual_value_upper_80"] = [15.0, 9.0, 9.0]
    assert SAY(value.first_place(top)).startswith("No other customer's range reaches what A is")


@pytest.mark.parametrize("best", ["gamma", "normal"])
def test_what_a_purchase_brings_stands_apart_from_the_law_of_amounts(best):
    gamma = SimpleNamespace(model=SimpleNamespace(title="Gamma-Gamma, single amounts"), aic=100.0)
    normal = SimpleNamespace(model=SimpleNamespace(title="Log-normal"), aic=149.0)
    fits = [gamma, normal] if best == "gamma" else [normal, gamma]
    fit = SimpleNamespace(
        mean_amount=lambda: pd.Series([80.0, 120.0]), spend=SimpleNamespace(params={"p": 4.0})
    )
    said = SAY(model.amounts(SimpleNamespace(fit=fit)))
    assert said.startswith("A purchase brings €100 on average")
    assert said.endswith("typically differ from that customer's mean by 50% of it.")
    law = SAY(model.amounts_law(fits))
    assert ("describes them best" if best == "gamma" else "single amounts better by 49") in law


def test_who_is_new_is_an_alert_only_where_it_is_many():
    quiet = SimpleNamespace(problems=[])
    spend = SimpleNamespace(model=SimpleNamespace(fit=lambda: quiet))
    ahead = SimpleNamespace(fit=SimpleNamespace(purchases=quiet, spend=spend))
    summary = pd.DataFrame({"T": [0.0, *[5.0] * 99]})
    assert model.warnings(ahead, None, summary) == []
    summary.loc[1, "T"] = 0.0
    (said,) = model.warnings(ahead, None, summary)
    assert SAY(said).startswith("2 customers came for the first time on the last day")


WORN = Problem("standard errors blown up", "the data fix s to within a factor of 1e13", "Read it")


def test_what_is_wrong_with_a_fit_is_said_plainly_first_and_in_figures_to_the_analyst():
    loose = Problem("not identified", "the likelihood is flat along s, beta", "Use a simpler model")
    (said,) = warning.alerts("The model of purchases", [WORN, loose])  # they mean the same
    assert SAY(said).startswith("The model of purchases asks more than this history tells")
    assert "1e13" not in SAY(said)
    first, second = (SAY(each) for each in warning.details("The model", [WORN, loose]))
    assert first == (
        "The model, for the analyst: standard errors blown up: the data fix s to within a factor "
        "of 1e13. Read it."
    )
    assert "flat along s, beta" in second


def test_a_problem_without_plain_words_is_said_as_it_is():
    (said,) = warning.alerts("The model", [Problem("odd", "7 of 9", "Look at them")])
    assert SAY(said) == "The model has a problem (odd): 7 of 9. Look at them."


@pytest.mark.parametrize("name", warning.PLAIN)
def test_no_plain_word_is_a_term_of_the_trade(name):
    (said,) = warning.alerts("The model", [Problem(name, "EVIDENCE", "CURE")])
    for jargon in ("posterior", "likelihood", "standard error", "identified", "converge", "prior "):
        assert jargon not in SAY(said)
    assert SAY(said).endswith(".")


def test_alerts_come_from_the_widest_range_only():
    total = pd.Series({"actual": 150.0, "expected": 120.0, "lower_80": 100.0, "upper_80": 140.0})
    amounts = pd.Series({"factor": 1.1, "lower_95": 0.8, "upper_95": 1.2})
    within = total.to_frame().T.assign(lower_95=90.0, upper_95=160.0).iloc[0]
    tracking = SimpleNamespace(total=within)
    then = SimpleNamespace(tracking=tracking, amounts=amounts, cut="2024-12-31")
    assert not model.moved(then)
    then.tracking.total = within.where(within.index != "upper_95", 149.0)
    then.amounts = pd.Series({"factor": 1.3, "lower_95": 0.8, "upper_95": 1.2})
    first, second = (SAY(sentence) for sentence in model.moved(then))
    assert "since 31 December 2024, 1.25 times as many purchases came" in first
    assert "since 31 December 2024 a purchase brought 1.30 times" in second
    assert "outside that range: it expected 20% too few" in SAY(model.tracking(total, "2024-12-31"))


def test_what_matters_most_is_named():
    changes = ["as reported", "BetaGeoNBD", "no season and no level", "discounted at 20% a year"]
    table = pd.DataFrame(
        {
            "change": changes,
            "kind": ["as reported", "purchases", "calendar", "discount"],
            "total": [100.0, 101.0, 43.0, 80.0],
            "shared": [20, 19, 17, 20],
        }
    )
    said = SAY(value.changes(table, 20))
    assert said.endswith("What matters most is: no season and no level (57% less).")
    assert "at least 17 of the first 20 customers" in said
    assert value.what_if(table).index[1] == "BG/NBD alone as model of purchases"
