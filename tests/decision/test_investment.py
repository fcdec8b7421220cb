"""One level of service for everyone, under limits."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.candidate import level_now
from goodlib.decision.investment import InfeasiblePlan, InvestmentModel, Limits
from goodlib.decision.knapsack import Limit, choose, relaxation, settle

BALANCE = {"others": 0.15, "skill": 0.25, "you": 0.60}
SERVICES = pd.DataFrame(
    {
        "level": [0, 1, 2, 3],
        "name": ["articles", "book", "preparation", "full service"],
        "hours": [0.1, 1.0, 8.0, 60.0],
        "cost": [1.0, 20.0, 200.0, 3000.0],
        "response_others": [0.1, 0.25, 0.6, 1.0],
        "response_skill": [0.0, 0.05, 0.4, 1.0],
        "response_you": [0.1, 0.3, 0.6, 1.0],
    }
)


def firm(count, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "good_for_others": rng.gamma(0.5, 2, count),
            "good_at_it": rng.gamma(0.7, 1, count),
            "good_for_you": rng.lognormal(8, 1.5, count),
            "p_top": rng.beta(0.3, 2, count),
            "top_today": rng.random(count) < 0.1,
            "kind": np.where(rng.random(count) < 0.8, "customer", "prospect"),
            "skill": rng.choice(["tax", "law"], count),
        },
        index=[f"C{i}" for i in range(count)],
    )


# Published


def test_knapsack_of_ten_items_reaches_its_known_optimum():
    """Ten items, capacity 165: a standard example whose optimum is 309."""
    weights = np.array([23, 31, 29, 44, 53, 38, 63, 85, 89, 82.0])
    values = np.array([92, 57, 49, 68, 60, 43, 67, 84, 87, 72.0])
    take = np.column_stack([np.zeros(10), np.ones(10)])
    limit = Limit("weight", weights[:, None] * take, 165)
    choice = choose(values[:, None] * take, [limit], np.ones((10, 2), bool), gap=1e-9)
    assert choice.objective == 309
    assert list(choice.chosen) == [1, 1, 1, 1, 0, 1, 0, 0, 0, 0]


# Oracle


@pytest.mark.parametrize("seed", range(12))
def test_choice_equals_brute_force(seed):
    """All 4^6 choices of six candidates, two limits at most and one at least."""
    rng = np.random.default_rng(seed)
    mix, use = rng.random((6, 4)), np.sort(rng.random((6, 4)), axis=1)
    other, third = rng.random((6, 4)), rng.random((6, 4))
    limits = [Limit("a", use, 2.6), Limit("b", other, 3.0), Limit("c", third, 2.5, least=True)]
    rows = np.arange(6)
    best = max(
        mix[rows, list(picks)].sum()
        for picks in product(range(4), repeat=6)
        if use[rows, list(picks)].sum() <= 2.6
        and other[rows, list(picks)].sum() <= 3.0
        and third[rows, list(picks)].sum() >= 2.5
    )
    choice = choose(mix, limits, np.ones((6, 4), bool), gap=1e-9)
    assert choice.objective == pytest.approx(best, rel=1e-9)
    assert choice.gap <= 1e-6


def test_level_now_is_the_level_with_the_nearest_hours():
    """Middles between 0.1, 1, 8 and 60 hours are 0.55, 4.5 and 34."""
    hours = pd.Series([0, 0.54, 0.56, 4.4, 4.6, 33.9, 34.1, 500], index=list("abcdefgh"))
    assert list(level_now(hours, SERVICES)) == [0, 0, 1, 1, 2, 2, 3, 3]


# Laws


def test_a_plan_keeps_every_limit_and_serves_everybody_once():
    people = firm(150)
    limits = Limits(
        hours=900,
        budget=40_000,
        minimum_level=1,
        floors={"others": 0.6},
        customer_share=0.05,
        explore=0.15,
        skills={"law": 300.0},
    )
    plan = InvestmentModel(people, SERVICES, BALANCE, limits).fit()
    levels, law = plan.levels, people["skill"] == "law"
    assert list(levels.index) == list(people.index)
    assert levels["hours"].sum() <= 900 + 1e-6
    assert levels["cost"].sum() <= 40_000 + 1e-6
    assert levels.loc[law, "hours"].sum() <= 300 + 1e-6
    assert levels.loc[people["kind"] == "customer", "level"].min() == 1
    assert levels["hours"].max() <= 45
    explored = (people["p_top"] >= 0.10) & ~people["top_today"]
    assert levels.loc[explored, "hours"].sum() >= 0.15 * 900 - 1e-6
    assert plan.by_level["candidates"].sum() == 150
    assert plan.by_level["hours"].sum() == pytest.approx(levels["hours"].sum())
    assert plan.objective == pytest.approx(levels["mix"].sum())
    assert plan.gap <= 1e-3


def test_more_hours_never_bring_less_and_the_price_is_what_they_bring():
    people = firm(120)
    plans = {
        hours: InvestmentModel(people, SERVICES, BALANCE, Limits(hours=hours)).fit()
        for hours in (300, 600, 660, 1200)
    }
    objectives = [plan.objective for plan in plans.values()]
    assert objectives == sorted(objectives)
    price = plans[600].prices().loc["hours", "mix"]
    # plans are proven to 0.1 %: the rise from 600 to 660 hours agrees with the price to that
    assert price == pytest.approx((objectives[2] - objectives[1]) / 60, abs=1e-3 / 60)


def test_a_floor_costs_and_its_price_says_so():
    people = firm(120)
    floor = Limits(hours=600, floors={"others": 0.95})
    free = InvestmentModel(people, SERVICES, BALANCE, Limits(hours=600)).fit()
    bound = InvestmentModel(people, SERVICES, BALANCE, floor).fit()
    assert bound.objective < free.objective
    assert bound.goods["others"] > free.goods["others"]
    prices = bound.prices().loc["floor of good for others"]
    assert prices["binding"]
    assert prices["mix"] == pytest.approx(free.objective - bound.objective, abs=2e-3)


def test_everybody_gets_the_best_level_when_hours_are_plenty():
    plan = InvestmentModel(firm(40), SERVICES, BALANCE, Limits(hours=1e6)).fit()
    assert set(plan.levels["level"]) == {3}
    assert plan.objective == pytest.approx(1.0)


def test_the_unit_of_money_changes_no_decision():
    people = firm(80)
    cents = people.assign(good_for_you=people["good_for_you"] * 100)
    first = InvestmentModel(people, SERVICES, BALANCE, Limits(hours=400)).fit()
    second = InvestmentModel(cents, SERVICES, BALANCE, Limits(hours=400)).fit()
    assert first.levels["level"].equals(second.levels["level"])


def test_strained_without_owner_stays_below_the_level_that_needs_one():
    people = firm(30).assign(strained=1.0, owner=[None] * 15 + ["Ann"] * 15)
    limits = Limits(hours=1e6, strained_level=1)
    levels = InvestmentModel(people, SERVICES, BALANCE, limits).fit().levels["level"]
    assert set(levels[:15]) == {1}
    assert set(levels[15:]) == {3}


def test_stability_is_certain_without_uncertainty_and_sums_to_one_with_it():
    people = firm(60)
    plan = InvestmentModel(people, SERVICES, BALANCE, Limits(hours=300)).fit()
    chosen = np.arange(60), plan.levels["level"].to_numpy()
    same = plan.stability({}, draws=3, seed=1, concentration=None).to_numpy()[chosen]
    assert set(same) <= {0.0, 1.0}
    assert (same == 1).sum() >= 57  # the relaxation splits one candidate; the hours left move few
    value = people["good_for_you"].to_numpy()[:, None]
    drawn = value * np.random.default_rng(0).lognormal(0, 0.8, (60, 40))
    some = plan.stability({"you": drawn}, draws=40, seed=1)
    np.testing.assert_allclose(some.sum(axis=1), 1)
    assert 0.4 < some.to_numpy()[chosen].mean() < 0.98


def test_sweep_at_power_one_is_the_plan():
    plan = InvestmentModel(firm(50), SERVICES, BALANCE, Limits(hours=250)).fit()
    sweep = plan.sweep((0.5, 1.0, 2.0))
    assert sweep[1.0].equals(plan.levels["level"].rename(1.0))
    hours = SERVICES.set_index("level")["hours"]
    assert all(sweep[power].map(hours).sum() <= 250 for power in sweep)
    # where only full service brings much, hours gather on fewer customers
    assert sweep[2.0].map(hours).std() > sweep[0.5].map(hours).std()


def test_relaxation_bounds_the_choice():
    model = InvestmentModel(firm(50), SERVICES, BALANCE, Limits(hours=250))
    mix = model.mix(BALANCE)
    bound = (mix * relaxation(mix, list(model.programme()), model.allowed)).sum()
    assert model.fit().objective <= bound + 1e-9


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "limits", [{}, {"explore": 0.4}, {"floors": {"others": 0.97}}, {"budget": 9_000.0}]
)
def test_halving_the_price_of_an_hour_settles_what_the_whole_programme_does(seed, limits):
    model = InvestmentModel(firm(60, seed), SERVICES, BALANCE, Limits(hours=300, **limits))
    mix, programme = model.mix(BALANCE), list(model.programme())
    whole = relaxation(mix, programme, model.allowed)
    levels = settle(mix, programme, model.allowed)
    unsplit = whole.max(axis=1) > 1 - 1e-6
    assert unsplit.sum() >= 58
    assert (levels == whole.argmax(axis=1))[unsplit].all()


def test_who_may_be_strained_is_held_back_in_as_many_draws():
    people = firm(40).assign(strained=0.3, owner=None, kind="customer")
    limits = Limits(hours=1e6, strained_level=1)
    plan = InvestmentModel(people, SERVICES, BALANCE, limits).fit()
    kept = plan.stability({}, draws=300, seed=1, concentration=None)
    assert set(plan.levels["level"]) == {3}
    assert kept[1].mean() == pytest.approx(0.3, abs=0.02)
    assert kept[[1, 3]].sum(axis=1).eq(1.0).all()


# Refusals


def test_clashing_limits_are_named_with_the_smallest_relaxation():
    limits = Limits(hours=40, floors={"others": 1.0}, explore=0.99, minimum_level=1)
    people = firm(30).assign(kind="customer")
    words = r"No plan keeps all limits: hours and exploration .*The smallest relaxation: "
    with pytest.raises(InfeasiblePlan, match=words):
        InvestmentModel(people, SERVICES, BALANCE, limits).fit()


def test_the_smallest_relaxation_is_enough():
    mix, use = np.ones((2, 2)), np.array([[1.0, 2.0], [1.0, 2.0]])
    with pytest.raises(InfeasiblePlan, match=r"raise hours from 1\.5 to 2\."):
        choose(mix, [Limit("hours", use, 1.5)], np.ones((2, 2), bool))
    assert choose(mix, [Limit("hours", use, 2.0)], np.ones((2, 2), bool)).objective == 2


def people_of_ten(**columns):
    return firm(10).assign(kind="customer", **columns)


REFUSED = {
    "hours below the least for everybody": (
        {"limits": Limits(hours=20, minimum_level=2)},
        r"least level of everybody: 10 candidates need 80 hours, 20 are there",
    ),
    "shares": ({"balance": {"others": 0.5, "skill": 0.5, "you": 0.5}}, r"sums to 1\.5"),
    "share missing": ({"balance": {"others": 0.5, "you": 0.5}}, "needs the shares"),
    "good without data": (
        {"candidates": people_of_ten(good_at_it=0.0)},
        r"gives skill 25%, but nobody has any good_at_it: 0 of 10",
    ),
    "customers without value": (
        {"candidates": people_of_ten(good_for_you=[1.0] * 7 + [np.nan] * 3)},
        r"good_for_you must be known of every candidate: 3 of 10 have none \(first: 'C7'\)",
    ),
    "unknown skill": (
        {"limits": Limits(hours=1000, skills={"tacks": 3})},
        r"no candidate needs \(first: 'tacks'\); known are \['law', 'tax'\]",
    ),
    "level without hours": (
        {"services": SERVICES.assign(hours=[0.1, 1.0, None, 60.0])},
        r"A level's hours must be a number.*1 of 4 levels break this \(first: level 2",
    ),
    "no candidates": ({"candidates": firm(10).iloc[:0]}, "at least one customer or prospect"),
    "no level left": (
        {"limits": Limits(hours=1000, minimum_level=3, customer_share=0.001)},
        r"Every candidate needs a level it may have: 10 of 10",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    change, words = REFUSED[case]
    parts = {
        "candidates": people_of_ten(),
        "services": SERVICES,
        "balance": BALANCE,
        "limits": Limits(hours=1000),
    }
    with pytest.raises(ValueError, match=words):
        InvestmentModel(**(parts | change))


def test_no_draws_is_refused():
    plan = InvestmentModel(firm(10), SERVICES, BALANCE, Limits(hours=100)).fit()
    with pytest.raises(ValueError, match="draws must be at least 1, got 0"):
        plan.stability({}, draws=0, seed=1)
