"""Customers and prospects on one scale."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision import candidate
from goodlib.decision.investment import InvestmentModel, Limits

GOODS = pd.DataFrame(
    {
        "good_for_others": [1.0, np.nan, 3.0],
        "good_at_it": [0.0, 2.0, 4.0],
        "good_for_you": [100.0, 200.0, np.nan],
    },
    index=pd.Index(["a", "b", "c"], name="customer_id"),
)
PROSPECTS = pd.DataFrame(
    {"prospect_id": ["p", "q"], "p_won": [0.5, 0.0], "expected_value": [40.0, 0.0]}
)
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


# Oracle


def test_unknown_goods_are_the_mean_of_the_known_and_counted():
    """Good for others: (1 + 3) / 2 = 2; good for you: (100 + 200) / 2 = 150."""
    frame, assumed = candidate.gather(GOODS)
    assert frame.loc["b", "good_for_others"] == 2
    assert frame.loc["c", "good_for_you"] == 150
    assert assumed.to_dict() == {"good_for_others": 1, "good_at_it": 0, "good_for_you": 1}


def test_a_prospect_brings_its_chance_of_what_customers_bring():
    """Half a chance of the mean of 2 and of 2; the money is the expected value."""
    frame = candidate.gather(GOODS, prospects=PROSPECTS).frame
    assert frame.loc["p", ["good_for_others", "good_at_it", "good_for_you"]].tolist() == [1, 1, 40]
    assert frame["kind"].value_counts().to_dict() == {"customer": 3, "prospect": 2}


def test_the_skill_of_a_customer_is_what_most_of_the_work_asks_for():
    efforts = pd.DataFrame(
        {"customer_id": list("aaab"), "hours": [2.0, 3.0, 2.0, 1.0], "skill": list("xyxz")}
    )
    frame = candidate.gather(GOODS, prospects=PROSPECTS, efforts=efforts).frame
    assert frame["skill"].fillna("").to_dict() == {"a": "x", "b": "z", "c": "", "p": "", "q": ""}


def test_hours_recorded_are_those_of_the_last_year_by_month():
    efforts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "a"],
            "date": pd.to_datetime(["2025-03-01", "2025-09-01", "2025-09-01", "2023-01-01"]),
            "hours": [12.0, 12.0, 6.0, 999.0],
        }
    )
    now = candidate.hours_now(
        GOODS.index, efforts.head(0), as_of=pd.Timestamp("2025-12-31"), hours=0, efforts=efforts
    )
    assert now.to_dict() == {"a": 2.0, "b": 0.5, "c": 0.0}
    assert now.name == "recorded"


def test_hours_go_with_money_where_none_are_recorded():
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "b", "b"],
            "date": pd.to_datetime(["2025-03-01", "2025-09-01", "2010-01-01"]),
            "amount": [30.0, 10.0, 1e6],
        }
    )
    now = candidate.hours_now(GOODS.index, orders, as_of=pd.Timestamp("2025-12-31"), hours=100)
    assert now.to_dict() == {"a": 75.0, "b": 25.0, "c": 0.0}
    assert now.name == "spread"


def test_firmness_counts_the_draws_that_move_the_same_way():
    """Up from 0 in 70 % of draws; staying at 1 in 60 %; down from 2 in 30 + 40 %."""
    shares = pd.DataFrame(
        [[0.3, 0.5, 0.2], [0.1, 0.6, 0.3], [0.3, 0.4, 0.3]], index=list("abc"), columns=[0, 1, 2]
    )
    now = pd.Series([0, 1, 2], index=list("abc"))
    then = pd.Series([2, 1, 1], index=list("abc"))
    assert candidate.firmness(shares, now, then).tolist() == pytest.approx([0.7, 0.6, 0.7])


def test_draws_keep_their_spread_around_the_good():
    """Draws 50 and 150 around 100 become 250 and 350 around 300; c has none."""
    people = pd.DataFrame(
        {"good_for_others": 1.0, "good_at_it": [2.0, 0.0], "good_for_you": [300.0, 7.0]},
        index=["a", "c"],
    )
    draws = {
        "you": pd.DataFrame([[50.0, 150.0]], index=["a"]),
        "skill": pd.DataFrame([[0.0, 9.0]], index=["a"]),
    }
    found = candidate.drawn_goods(people, draws, seed=1)
    assert found["you"].tolist() == [[250.0, 350.0], [7.0, 7.0]]
    assert found["skill"].tolist() == [[0.0, 6.5], [0.0, 0.0]]  # 2 - 4.5 is nothing, not less
    assert found["others"].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_prospects_goods_are_as_unsure_as_its_chance():
    unsure = PROSPECTS.assign(p_won_lower_80=[0.3, 0.0], p_won_upper_80=[0.7, 0.0])
    people = candidate.gather(GOODS, prospects=unsure).frame
    draws = {"you": pd.DataFrame(np.ones((3, 4000)), index=GOODS.index)}
    drawn = candidate.drawn_goods(people, draws, seed=1)["you"]
    won = drawn[list(people.index).index("p")] / 40
    assert won.mean() == pytest.approx(1.0)
    low, high = np.quantile(won * 0.5, [0.1, 0.9])
    assert (low, high) == pytest.approx((0.3, 0.7), abs=0.02)
    assert (drawn[:3] == people["good_for_you"].to_numpy()[:3, None]).all()


def test_a_good_without_data_leaves_its_weight_to_the_others():
    """.2 of others go to .3 and .5 in proportion: .3 / .8 and .5 / .8."""
    people = candidate.gather(GOODS.assign(good_for_others=0.0)).frame
    balance = {"others": 0.2, "skill": 0.3, "you": 0.5}
    found, lost = candidate.known_balance(balance, people)
    assert lost == ["others"]
    assert found == pytest.approx({"others": 0.0, "skill": 0.375, "you": 0.625})
    assert candidate.known_balance(balance, candidate.gather(GOODS).frame) == (balance, [])


# Laws


def test_moves_conserve_candidates_and_hours():
    people = candidate.gather(GOODS, prospects=PROSPECTS).frame
    balance = {"others": 0.2, "skill": 0.3, "you": 0.5}
    plan = InvestmentModel(people, SERVICES, balance, Limits(hours=22)).fit()
    kept = plan.stability({}, draws=5, seed=1)
    table = candidate.moves(plan, pd.Series([9.0, 0.0, 0.0], index=list("abc")), kept)
    assert list(table.index) == list(people.index)
    levels = candidate.by_level(table, plan.model.services)
    assert levels["candidates"].sum() == levels["candidates_now"].sum() == 5
    assert levels["hours"].sum() == table["hours"].sum() <= 22
    assert candidate.transitions(table, plan.model.services).to_numpy().sum() == 5


# Refusals


def test_a_rise_that_rests_on_money_through_others_is_never_firm():
    people = pd.DataFrame({"good_for_you": [10.0, 10.0, 0.0], "through_others": [6.0, 5.0, None]})
    assert candidate.mostly_through_others(people).to_list() == [True, False, False]
    assert not candidate.mostly_through_others(people[["good_for_you"]]).any()


def test_a_prospect_who_is_a_customer_is_refused():
    both = PROSPECTS.assign(prospect_id=["a", "q"])
    with pytest.raises(ValueError, match=r"1 of 2 prospects stand .*\(first: 'a'\)"):
        candidate.gather(GOODS, prospects=both)
