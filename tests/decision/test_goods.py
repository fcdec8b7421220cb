"""Three goods of every customer."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.goods import (
    NO_WORK,
    given_up,
    good_for_you,
    lists,
    low_on_all,
    score,
    three_goods,
)
from goodlib.decision.rubric import Rated

IDS = pd.Index([f"C{i}" for i in range(6)], name="customer_id")
WEIGHTS = {"others": 0.2, "skill": 0.3, "you": 0.5}


def futures(seed=1, draws=200):
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.gamma(1, [[9.0], [7], [5], [3], [1], [0.1]], (6, draws)), IDS)


def work():
    rows = [
        ("C0", "2025-03-01", 10.0, "you", "statistics"),
        ("C1", "2025-03-02", 10.0, "you", "statistics"),
        ("C4", "2025-03-03", 10.0, "others", "teaching"),
        ("C5", "2025-03-04", 1.0, "you", "statistics"),
        ("C2", "2024-03-04", 10.0, "others", "statistics"),
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "hours", "good", "skill"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def three(**more):
    options = {"start": "2024-12-31", "paid": pd.Series(4.0, IDS), "seed": 1} | more
    return three_goods(work(), futures(), **options)


def outcome(chance):
    drawn = np.array(chance)[:, None].repeat(8, axis=1)
    frame = pd.DataFrame({"chance": chance, "n_scores": 3, "n_raters": 2}, IDS)
    return Rated(frame, drawn, 1 + 4 * drawn, pd.DataFrame(), 1.0, 5.0, 4.0, ("reach",), ())


# Oracle


def test_more_of_today_and_more_than_today_sum_to_the_expected_value():
    found, draws = good_for_you(futures(), pd.Series({"C0": 4.0}), None, seed=1)
    assert (found["pays_now"] + found["may_pay_later"]).to_numpy() == pytest.approx(
        futures().mean(axis=1).to_numpy()
    )
    assert found.loc["C1", "pays_now"] == 0
    value = futures().loc["C0"]
    assert found.loc["C0", "pays_now"] == pytest.approx(np.where(value < 4, value, 4).mean())
    np.testing.assert_allclose(draws, futures().to_numpy())


def test_goods_worked_by_hand():
    found = three().customers
    assert found["good_for_others"].to_list() == [0, 0, 0, 0, 10, 0]  # C2 gave before the start
    assert found["learned"]["C4"] == pytest.approx(1.0)  # the first engagement in teaching
    # C0's engagement in statistics is the firm's second, C1's the third
    assert found["learned"][["C0", "C1"]].to_list() == pytest.approx([0.49, 0.31], abs=0.01)


def test_rated_good_applies_to_all_work_and_given_hours_stand_beside():
    """C0 was paid 10 hours and has half a chance that they did others good: 5."""
    said = outcome([0.5, 0.0, 1.0, 1.0, 1.0, 0.0])
    found = three(outcome=said).customers
    assert found["good_for_others"].to_list() == [5, 0, 0, 0, 10, 0]
    assert found["hours_others"].to_list() == [0, 0, 0, 0, 10, 0]
    assert found["hours_all"].to_list() == [10, 10, 0, 0, 10, 1]
    assert found["outcome_chance"].to_list() == [0.5, 0.0, 1.0, 1.0, 1.0, 0.0]


# Laws


def test_referred_money_adds_to_the_sum_and_to_nothing_else():
    sent = pd.DataFrame(
        {"attributed": 2.0, "attributed_lower_80": 1.0, "attributed_upper_80": 3.0}, ["C3"]
    )
    alone, both = three().customers, three(through_others=sent).customers
    assert (both["good_for_you"] - alone["good_for_you"]).to_list() == pytest.approx(
        [0, 0, 0, 2, 0, 0]
    )
    pd.testing.assert_series_equal(alone["pays_now"], both["pays_now"])


def test_money_through_others_is_never_below_nothing_and_as_uncertain_as_told():
    sent = pd.DataFrame(
        {"attributed": [10.0, 3.0], "attributed_lower_80": [0.1, 3.0]}, index=["C3", "C4"]
    ).assign(attributed_upper_80=[30.0, 3.0])
    draws = pd.DataFrame(np.zeros((2, 20_000)), ["C3", "C4"])
    _, value = good_for_you(draws, pd.Series(dtype=float), sent, seed=1)
    assert value.min() >= 0
    assert value[0].mean() == pytest.approx(10, rel=0.03)
    assert value[0].std() == pytest.approx(29.9 / 2.563, rel=0.03)
    assert set(value[1]) == {3.0}


def test_scores_are_shares_of_the_firms_good():
    total = score(three().draws, WEIGHTS).mean(axis=1).sum()
    assert total == pytest.approx(1.0)


def test_without_weight_on_the_other_goods_nobody_falls():
    goods = three()
    moves = lists(goods, {"others": 0.0, "skill": 0.0, "you": 1.0}, share=0.34)
    assert set(moves["move"]) == {"stays", ""}
    assert given_up(goods, moves, futures())["given_up"] == 0


def test_who_gives_to_others_rises_and_costs_what_the_fallen_bring():
    goods = three()
    moves = lists(goods, {"others": 0.9, "skill": 0.0, "you": 0.1}, share=0.34)
    assert moves["move"].to_dict() == {
        "C0": "stays", "C1": "falls", "C2": "", "C3": "", "C4": "rises", "C5": ""
    }  # fmt: skip
    mean = futures().mean(axis=1)
    assert given_up(goods, moves, futures())["given_up"] == pytest.approx(mean["C1"] - mean["C4"])


def test_only_customers_with_effort_can_be_low_on_all_three():
    low = low_on_all(three())
    assert low[["C2", "C3"]].isna().all()
    assert low["C5"] > 0.8
    assert low[["C0", "C4"]].max() < 0.8


def test_a_study_that_knows_only_money_says_so():
    goods = three_goods(NO_WORK, futures(), start="2024-12-31", paid=pd.Series(1.0, IDS), seed=1)
    assert goods.known == {"others": False, "skill": False, "you": True}


# Refusals


def test_effort_for_strangers_is_refused():
    stranger = work().assign(customer_id="P01")
    with pytest.raises(ValueError, match="5 of 5 rows are for others .*'P01'"):
        three_goods(stranger, futures(), start="2024-12-31", paid=pd.Series(dtype=float), seed=1)


def test_weights_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to one and are not negative: they sum to 1.5"):
        score(three().draws, {"others": 0.5, "skill": 0.5, "you": 0.5})
