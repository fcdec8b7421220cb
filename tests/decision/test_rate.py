"""Good for others in money, only at a rate that the firm gives."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.goods import Goods
from goodlib.decision.investment import InvestmentModel, Limits
from goodlib.decision.rate import hanging, in_money, sweep
from goodlib.history.study import Rate

IDS = pd.Index(["A", "B", "C"], name="customer_id")
FRAME = pd.DataFrame(
    {"pays_now": [100.0, 80.0, 10.0], "may_pay_later": 0.0, "hours_all": [5.0, 5.0, 9.0]}, IDS
)
GOODS = Goods(FRAME, {"others": np.array([[0.0], [1.0], [3.0]])}, {})
SERVICES = pd.DataFrame(
    {
        "level": [0, 1], "name": ["articles", "full service"], "hours": [1.0, 10.0], "cost": 0.0,
        "response_others": [0.0, 1.0], "response_skill": [0.0, 1.0], "response_you": [0.0, 1.0],
    }
)  # fmt: skip


def candidates():
    return pd.DataFrame(
        {
            "good_for_others": [0.0, 1.0, 3.0], "good_at_it": [1.0, 1.0, 1.0],
            "good_for_you": [100.0, 80.0, 10.0], "others_in_money": [0.0, 20.0, 60.0],
        },
        IDS,
    )  # fmt: skip


# Oracle


def test_places_at_every_rate_worked_by_hand():
    """At 20 an hour B is worth 80 + 20 and C 10 + 60; at four times 80 + 80 and 10 + 240."""
    money = in_money(GOODS, Rate(per_hour=20))
    assert money[:, 0].tolist() == [0, 20, 60]
    places = sweep(GOODS, money, 0.34, multiples=(0.0, 1.0, 2.0, 4.0))
    assert places.loc["A"].tolist() == [1, 1, 3, 3]
    assert places.loc["C"].tolist() == [3, 3, 1, 1]
    assert "B" not in places.index or (places.loc["B"] > 1).any()
    assert hanging(places, 1)[["A", "C"]].all()


def test_points_of_the_rubric_count_for_those_on_whom_effort_was_spent():
    class Outcome:
        score, lowest = np.array([[3.0], [2.0], [5.0]]), 1.0

    idle = GOODS._replace(customers=FRAME.assign(hours_all=[5.0, 0.0, 9.0]))
    assert in_money(idle, Rate(per_point=10), Outcome)[:, 0].tolist() == [20, 0, 40]


def test_a_plan_takes_good_for_others_at_its_rate():
    """Hours for one full service: A by money alone; C at four times the rate, 10 + 240."""
    balance = {"others": 0.2, "skill": 0.0, "you": 0.8}
    model = InvestmentModel(candidates(), SERVICES, balance, Limits(hours=12))
    levels = model.fit().sweep_rate((0.0, 1.0, 4.0))
    assert levels.loc[:, 0.0].to_dict() == {"A": 1, "B": 0, "C": 0}
    assert levels.loc[:, 4.0].to_dict() == {"A": 0, "B": 0, "C": 1}


# Laws


def test_without_a_rate_the_parts_are_each_goods_own_share():
    people = candidates().drop(columns="others_in_money")
    balance = {"others": 0.2, "skill": 0.3, "you": 0.5}
    model = InvestmentModel(people, SERVICES, balance, Limits(hours=100))
    parts = model.parts(balance)
    assert {good: part.max(axis=1).sum() for good, part in parts.items()} == pytest.approx(balance)


def test_with_a_rate_the_whole_is_still_shared_out():
    balance = {"others": 0.2, "skill": 0.3, "you": 0.5}
    model = InvestmentModel(candidates(), SERVICES, balance, Limits(hours=100))
    assert model.mix(balance).max(axis=1).sum() == pytest.approx(1.0)


# Refusals


def test_a_rate_is_one_of_two():
    for given in ({}, {"per_hour": 1, "per_point": 1}):
        with pytest.raises(ValueError, match="per_hour or per_point: give one of the two"):
            Rate(**given)


def test_points_without_a_rubric_are_refused():
    with pytest.raises(ValueError, match="needs ratings on a rubric of good for others"):
        in_money(GOODS, Rate(per_point=5))
