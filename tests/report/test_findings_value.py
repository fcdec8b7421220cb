"""What the chapter on lifetime value says, as its numbers turn."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.report.findings import model, value
from goodlib.report.words import Words
from goodlib.value.habit import Habit, Range
from goodlib.value.inference import Problem
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
    assert "not made by the data" in SAY(model.choice(near, "Pareto/NBD"))
    broken = [fitted(ParetoNBD, 90.0, [Problem("a", "b", "c")]), fitted(BetaGeoNBD, 100.0)]
    said = SAY(model.choice(broken, "BG/NBD"))
    assert "Of two models of buying the one without a warning is used: BG/NBD" in said
    assert "Pareto/NBD fits better by 10 points of AIC" in said
    later = [fitted(ModifiedBetaGeoNBD, 90.0), fitted(BetaGeoNBD, 100.0)]
    assert "before season and level were known" in SAY(model.choice(later, "BG/NBD"))


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
            "While active, a typical customer buys every 9 weeks; nothing in the 3 years of "
            "history says that any leave.",
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


def test_alerts_come_from_the_widest_range_only():
    total = pd.Series({"actual": 150.0, "expected": 120.0, "lower_80": 100.0, "upper_80": 140.0})
    amounts = pd.Series({"factor": 1.1, "lower_95": 0.8, "upper_95": 1.2})
    within = total.to_frame().T.assign(lower_95=90.0, upper_95=160.0).iloc[0]
    then = SimpleNamespace(tracking=SimpleNamespace(total=within), amounts=amounts)
    assert not model.moved(then)
    then.tracking.total = within.where(within.index != "upper_95", 149.0)
    then.amounts = pd.Series({"factor": 1.3, "lower_95": 0.8, "upper_95": 1.2})
    first, second = (SAY(sentence) for sentence in model.moved(then))
    assert "1.25 times as many purchases came after the cut" in first
    assert "a purchase after the cut brought 1.30 times" in second
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
    assert value.what_if(table).index[1] == "BG/NBD as model of purchases"
