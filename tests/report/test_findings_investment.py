"""Sentences on where to invest: what they say follows from the plan."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision import candidate
from goodlib.decision.investment import InvestmentModel, Limits
from goodlib.report.findings import investment as findings
from goodlib.report.words import Words

SERVICES = pd.DataFrame(
    {
        "level": [0, 1],
        "name": ["articles", "full service"],
        "hours": [1.0, 9.0],
        "cost": [0.0, 0.0],
        "response_others": [0.1, 1.0],
        "response_skill": [0.1, 1.0],
        "response_you": [0.1, 1.0],
    }
)
BALANCE = {"others": 0.2, "skill": 0.3, "you": 0.5}


def say(sentence):
    return Words("EUR").say(sentence)


def people(**columns):
    """Three customers: a brings money, b skill, c next to nothing."""
    frame = pd.DataFrame(
        {
            "kind": "customer",
            "name": ["Ann", "Bob", "Cy"],
            "good_for_others": [0.0, 0.0, 0.1],
            "good_at_it": [0.0, 9.0, 0.0],
            "good_for_you": [1000.0, 10.0, 1.0],
        },
        index=pd.Index(list("abc"), name="customer_id"),
    )
    return frame.assign(**columns)


def plan_of(frame, hours=19.0, **limits):
    model = InvestmentModel(frame, SERVICES, BALANCE, Limits(hours=hours, **limits))
    return model.fit()


def table_of(plan, now=(1.0, 1.0, 9.0)):
    kept = plan.stability({}, draws=4, seed=1, concentration=None)
    return candidate.moves(plan, pd.Series(now, index=list("abc")), kept)


# Oracle


def test_the_summary_counts_moves():
    """19 hours: a and b get 9 each, c the 1 that is left; c had 9."""
    table = table_of(plan_of(people()))
    text = say(findings.summary(table))
    assert text.startswith("With 19 hours a month, 2 of 3 customers and prospects should get more")
    assert "1 less, and 0 stay" in text


def test_nobody_needs_to_move():
    table = table_of(plan_of(people()), now=(9.0, 9.0, 1.0))
    assert say(findings.summary(table)).startswith("Nobody needs to move")
    assert say(findings.firm(table)).startswith("Nobody moves")


def test_gain_compares_the_levels_of_today():
    """Now .1 * 1000 + .1 * 10 + 1 * 1 = 102; planned 1000 + 10 + .1 = 1010.1."""
    plan = plan_of(people())
    text = say(findings.gain(plan, table_of(plan)))
    assert "With 19 hours a month instead of 11" in text
    assert "€1,010 of good for us instead of €102" in text
    assert "assumption, not an estimate" in text


def test_reasons_name_the_good_that_most_of_the_change_comes_from():
    plan = plan_of(people())
    table = table_of(plan)
    reasons = findings.reasons(table, plan.model)
    assert reasons["a"].startswith("More: 100% of what it adds is what it earns")
    assert "what we learn" in reasons["b"]
    assert reasons["c"] == "Less: its hours bring more elsewhere."


def test_reasons_name_chance_and_strain():
    frame = people(p_top=[0.0, 0.4, 0.0], top_today=False, strained=[0.9, 0.0, 0.0])
    plan = plan_of(frame)
    reasons = findings.reasons(table_of(plan), plan.model)
    assert "40% chance to be among tomorrow's best" in reasons["b"]
    assert "the relationship is strained: name an owner first" in reasons["a"]


def test_hours_that_are_plenty_have_no_price():
    plenty, scarce = plan_of(people(), hours=1000.0), plan_of(people(), hours=11.0)
    assert "not scarce" in say(findings.price_of_an_hour(plenty.prices()))
    assert "One more hour a month would bring" in say(findings.price_of_an_hour(scarce.prices()))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, "sets no least share"),
        ({"floors": {"you": 0.1}}, "costs nothing: the best plan keeps floor of good for you"),
        ({"floors": {"others": 1.0}, "hours": 11.0}, "Keeping floor of good for others gives up"),
    ],
)
def test_what_floors_cost(limits, words):
    assert words in say(findings.floors(plan_of(people(), **limits).prices()))


def test_exploration_says_when_nobody_is_to_be_explored():
    limits = Limits(hours=19.0, explore=0.0)
    model = InvestmentModel(people(), SERVICES, BALANCE, limits)
    assert "nothing to explore" in say(findings.exploration(model, limits, 0.0))
    model = InvestmentModel(people(p_top=[0.5, 0.3, 0.0]), SERVICES, BALANCE, limits)
    assert say(findings.exploration(model, limits, 5.0)).startswith("2 customers outside")


def test_hanging_counts_the_levels_that_change():
    sweep = pd.DataFrame({0.5: [0, 1, 1], 1.0: [0, 1, 0], 2.0: [0, 1, 1]})
    assert say(findings.hanging(sweep)).startswith("1 of 3 levels (33%) change")


def test_the_basis_says_how_hours_are_known():
    assumed = pd.Series({"good_for_others": 2, "good_at_it": 0, "good_for_you": 0})
    now = pd.Series(np.ones(3), index=list("abc"), name="spread")
    text = say(findings.basis(assumed, now, people()))
    assert "stands in for good for others of 2" in text
    assert "No hours are recorded" in text
