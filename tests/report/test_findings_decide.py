"""Decisions: they name somebody and something to do, and where nothing calls for one, none."""

import pandas as pd
import pytest

from goodlib.report.findings import decide
from goodlib.report.words import Words

SAY = Words("EUR").say
IDS = pd.Index(["A", "B", "C", "D"], name="customer_id")


@pytest.fixture
def customers():
    return pd.DataFrame(
        {
            "name": ["Ada", "Ben", "Cleo", "Dora"],
            "p_top": [0.9, 0.3, 0.25, 0.05],
            "top_today": [True, True, False, False],
            "quadrant": ["valuable but strained", "unknown", "valuable but strained", "undecided"],
            "residual_value": [40.0, 30.0, 20.0, 10.0],
        },
        index=IDS,
    )


# Oracle


def test_who_may_rise_and_who_may_fade_by_hand(customers):
    assert SAY(decide.rising(customers, "year")) == (
        "Do not overlook Cleo: by what they spend they are not among today's best, with a chance "
        "of 25% to be among those of the next year."
    )
    assert SAY(decide.fading(customers.assign(spent=1.0), "year")) == (
        "Call Ben now: among today's best, with a chance of 30% to stay among them over the "
        "next year."
    )


def test_strained_and_unrated_hold_their_share_of_the_value(customers):
    assert SAY(decide.strained(customers)) == (
        "Settle how to go on with Ada and Cleo: they are worth much (60% of the value to come) and "
        "hard to work with."
    )
    said = SAY(decide.unrated(customers))
    assert said.startswith("Ask who knows Ben: of the 1 customer nobody has rated")
    assert "30% of the value to come" in said


def test_the_good_that_lacks_most_gets_its_hours():
    now = pd.Series({"others": 0.1, "skill": 0.1, "you": 0.8})
    goal = {"others": 0.15, "skill": 0.25, "you": 0.6}
    assert SAY(decide.balance(now, goal, 1000, "hours")) == (
        "Move about 150 hours a month to learning, or choose another balance: it has 10% of the "
        "effort where 25% was chosen."
    )
    assert "€150 a month" in SAY(decide.balance(now, goal, 1000, "money"))


def test_only_firm_moves_are_decided():
    plan = pd.DataFrame(
        {
            "name": ["Ada", "Ben", "Cleo", "Dora"],
            "level_now": [0, 2, 0, 1],
            "level": [2, 0, 2, 1],
            "hours_now": [1.0, 9.0, 1.0, 4.0],
            "hours": [9.0, 1.0, 9.0, 4.0],
            "firm": [True, True, False, True],
        },
        index=IDS,
    )
    assert SAY(decide.moves(plan)) == (
        "Give more time to Ada and less to Ben: these 2 moves hold in at least 95 of 100 "
        "possible futures."
    )
    assert decide.moves(plan.assign(firm=False)) is None
    many = pd.concat([plan] * 5).reset_index(drop=True)
    assert "these are the largest of 10 moves" in SAY(decide.moves(many))


def test_hours_that_bring_little_are_asked_for():
    spent = pd.DataFrame({"name": ["Ada", "Ben"], "hours": [30.0, 70.0]}, index=IDS[:2])
    assert SAY(decide.low(spent, "hours")) == (
        "Ask what the 100 hours for 2 customers are for that give little of any good, "
        "Ben and Ada first."
    )
    assert SAY(decide.low(spent[:1], "hours")) == "Ask what the 30 hours for Ada are for."
    assert "the 30 engagements for" in SAY(decide.low(spent[:1], "engagements"))


# Laws


def test_where_nothing_calls_for_a_decision_there_is_none(customers):
    calm = customers.assign(top_today=True, p_top=0.9, quadrant="undecided")
    for decision in (decide.strained, decide.unrated):
        assert decision(calm) is None
    assert decide.rising(calm, "year") is None
    assert decide.fading(calm.assign(spent=1.0), "year") is None
    goal = {"others": 0.2, "skill": 0.2, "you": 0.6}
    assert decide.balance(pd.Series(goal), goal, 1000, "hours") is None
    assert decide.low(calm[:0].assign(hours=[]), "hours") is None


def test_at_most_three_are_named(customers):
    many = pd.concat([customers] * 4, ignore_index=True).assign(quadrant="valuable but strained")
    assert decide.strained(many).values["names"].count(" and ") == 1
    assert decide.strained(many).values["names"].count(",") == 1
    assert "the first of 16 customers who are worth much" in SAY(decide.strained(many))


def test_of_many_faders_the_first_are_named_and_the_rest_counted():
    many = pd.DataFrame({"name": list("ABCDE"), "p_top": [0.4, 0.1, 0.3, 0.2, 0.9]})
    many = many.assign(top_today=True, spent=[1.0, 4.0, 3.0, 2.0, 9.0])
    assert SAY(decide.fading(many, "five years")) == (
        "Call B, C and D now: the largest of 4 of today's best who are likelier to drop out than "
        "to stay, with chances from 10% to 30% to stay among them over the next five years."
    )
    few = SAY(decide.fading(many.iloc[1:3], "year"))
    assert few.startswith("Call B and C now: among today's best, with chances from 10% to 30%")


def test_who_is_as_good_as_lost_is_not_called():
    lost = pd.DataFrame({"name": ["A", "B"], "p_top": [0.004, 0.09], "spent": 1.0})
    assert decide.fading(lost.assign(top_today=True), "year") is None


def test_of_several_who_may_rise_the_least_chance_is_said():
    many = pd.DataFrame({"name": list("ABCD"), "p_top": [0.9, 0.3, 0.4, 0.2], "top_today": False})
    assert SAY(decide.rising(many, "39 weeks")) == (
        "Do not overlook A, C and B: by what they spend they are not among today's best, and each "
        "has a chance of at least 30% to be among those of the next 39 weeks."
    )


def test_customers_without_names_are_listed_by_their_numbers():
    many = pd.DataFrame({"p_top": [0.9, 0.3], "top_today": False, "name": ["customer 7"] * 2})
    assert SAY(decide.rising(many, "year")).startswith("Do not overlook customers 7 and 7: by")
    assert SAY(decide.rising(many[:1], "year")).startswith("Do not overlook customer 7: by")
    many.loc[0, "name"] = "Ada"
    assert SAY(decide.rising(many, "year")).startswith("Do not overlook Ada and customer 7: by")
