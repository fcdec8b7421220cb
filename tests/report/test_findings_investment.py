"""Sentences on where to invest: what they say follows from the plan."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision import candidate
from goodlib.decision.investment import InvestmentModel, Limits
from goodlib.decision.response import response
from goodlib.report.findings import investment as findings
from goodlib.report.words import Words, money

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
    assert reasons["c"] == (
        "Less: its hours bring more elsewhere; what goes is mostly good for others."
    )


def test_a_plan_that_earns_less_says_by_what_weight_it_is_a_gain():
    """9 hours are there: a gives them up for b, who brings skill."""
    frame = people(good_for_you=[1000.0, 990.0, 1.0])
    plan = plan_of(frame, hours=11.0)
    text = say(findings.gain(plan, table_of(plan, now=(9.0, 1.0, 1.0))))
    assert "(0.8% less), as much of good for others and" in text
    assert "gives the goods other than our own income 50% of the weight" in text
    more = say(findings.gain(plan_of(people()), table_of(plan_of(people()))))
    assert "of the weight" not in more


def test_money_through_others_is_more_time_only_after_a_talk():
    plan = plan_of(people(through_others=[900.0, 0.0, 0.0]))
    table = table_of(plan)
    assert "assumed, so talk first" in findings.reasons(table, plan.model)["a"]
    assert table["firmness"]["a"] == 1.0
    assert table["firm"].to_list() == [False, True, True]


def test_who_gets_less_and_may_be_among_the_best_is_talked_about_first():
    frame = people(p_top=[0.0, 0.0, 0.38], top_today=False)
    plan = plan_of(frame)
    reason = findings.reasons(table_of(plan), plan.model)["c"]
    assert reason.endswith(
        "; yet 38% chance to be among tomorrow's best: talk before hours are cut."
    )


def test_a_prospect_is_told_from_a_customer_by_name():
    table = pd.DataFrame({"name": ["Ann", "Bob"], "kind": ["customer", "prospect"]})
    assert findings.marked(table).to_list() == ["Ann", "Bob (a prospect)"]
    assert findings.marked(table[["name"]]).to_list() == ["Ann", "Bob"]


def test_reasons_name_chance_and_strain():
    frame = people(p_top=[0.0, 0.4, 0.0], top_today=False, strained=[0.9, 0.0, 0.0])
    plan = plan_of(frame)
    reasons = findings.reasons(table_of(plan), plan.model)
    assert "40% chance to be among tomorrow's best" in reasons["b"]
    assert "the relationship is strained: name an owner first" in reasons["a"]


def test_an_hour_has_a_price_where_hours_are_scarce_beside_what_it_costs():
    services = SERVICES.assign(cost=[0.0, 90.0])  # 10 an hour
    plenty, scarce = plan_of(people(), hours=1000.0), plan_of(people(), hours=11.0)
    assert "not scarce" in say(findings.price_of_an_hour(plenty.prices(), services, 12))
    prices = scarce.prices()
    prices["you"] = 1200.0
    said = say(findings.price_of_an_hour(prices, services, 12))
    assert "kept up for 12 months, would bring about €1,200 of good for us, €100 an hour" in said
    assert said.endswith("an hour of service costs €10.00, so by money alone more hours would pay.")
    prices["you"] = 60.0
    assert "it would not pay to add hours" in say(findings.price_of_an_hour(prices, services, 12))
    assert "costs" not in say(findings.price_of_an_hour(prices, SERVICES, 12))
    assert "assumed and not" in say(findings.price_of_an_hour(prices, services, 12, False))


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


def test_exploration_says_whom_it_reaches_what_it_costs_and_what_for():
    assert "nothing to explore" in exploring(people())
    some = people(p_top=[0.5, 0.3, 0.9], top_today=[False, False, True])
    text = exploring(some, explore=0.5)
    best = some["good_for_you"].iloc[2]
    assert text.startswith("2 customers outside today's best")
    assert f"worth {money(0.8 * best, 'EUR')} together if they came to" in text
    assert "reserves no hours" in exploring(some)


def exploring(frame, **limits):
    model = InvestmentModel(frame, SERVICES, BALANCE, Limits(hours=19.0, **limits))
    return say(findings.exploration(model, model.fit().prices()))


def test_what_hangs_on_an_assumption_is_listed_by_hours_at_stake():
    sweep = pd.DataFrame({0.5: [0, 1, 1], 1.0: [1, 1, 0]}, index=list("abc"))
    names = pd.DataFrame({"name": ["Ada", "Bo", "Cy"]}, index=list("abc"))
    shown = findings.at_stake(sweep, names, SERVICES.set_index("level"))
    assert shown.index.to_list() == ["Ada", "Cy"]


def test_where_the_response_comes_from_is_said():
    stated = response(SERVICES)
    assert "the study's own assumption" in say(findings.assumed(stated))
    bare = response(SERVICES.drop(columns="response_skill"))
    assert "states no response for what we learn, so a default" in say(findings.assumed(bare))


def test_hanging_counts_the_levels_that_change():
    sweep = pd.DataFrame({0.5: [0, 1, 1], 1.0: [0, 1, 0], 2.0: [0, 1, 1]})
    assert say(findings.hanging(sweep)).startswith("1 of 3 levels (33%) change")


def test_the_basis_says_how_hours_are_known():
    assumed = pd.Series({"good_for_others": 2, "good_at_it": 0, "good_for_you": 0})
    now = pd.Series(np.ones(3), index=list("abc"), name="spread")
    text = say(findings.basis(assumed, now, people()))
    assert "stands in for good for others of 2" in text
    assert "No hours are recorded" in text
    said = say(findings.basis(assumed, now, people(), 40_000.0, 26_602.0))
    assert "so the 40,000 a month that the study names are shared out" in said
    assert said.endswith("take 26,602, and the plan has no more: it moves hours and adds none.")
    recorded = findings.basis(assumed, now.rename("recorded"), people(), 2_000.0, 2_000.0)
    assert say(recorded).endswith("Hours now are those recorded over the last year.")
