"""Quadrants as probabilities, and places on two lists."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.comparison import sides
from goodlib.decision.quadrant import QUADRANTS, quadrants, rank_gap, value_cut

# Oracle


def test_among_customers_said_to_be_80_percent_sure_about_80_percent_are_right():
    random = np.random.default_rng(1)
    n, rel = 20_000, (0.70, 0.52)
    truth = random.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], n)
    frames = []
    for side, r in zip(truth.T, rel, strict=True):
        mean = r * (side + random.normal(0, np.sqrt(1 / r - 1), n))
        frames.append(pd.DataFrame(mean[:, None] + random.normal(0, np.sqrt(1 - r), (n, 100))))
    found = quadrants(*frames, value_cut=0.5, warm_cut=0.0, decided=0.6)
    number = np.where(truth[:, 0] >= 0.5, 0, 2) + np.where(truth[:, 1] > 0, 0, 1)
    right = found["quadrant"].astype(str) == np.array(QUADRANTS)[number]
    for low, high in ((0.6, 0.7), (0.7, 0.8), (0.8, 0.9)):
        said = found["p_quadrant"].between(low, high, inclusive="left")
        assert right[said].mean() == pytest.approx(found.loc[said, "p_quadrant"].mean(), abs=0.06)


def test_places_of_three_customers_worked_by_hand():
    # money: A > B > C in both draws; people: C > B > A in one, B > C > A in the other
    index = pd.Index([*"ABC", *(f"z{i}" for i in range(10))])
    rest = np.arange(-1.0, -11, -1)[:, None].repeat(2, axis=1)
    value = pd.DataFrame(np.vstack([[[3, 3], [2, 2], [1, 1]], rest]), index)
    relationship = pd.DataFrame(np.vstack([[[1, 1], [2, 3], [3, 2]], rest]), index)
    gap = rank_gap(sides(value, relationship))
    assert gap.loc["A", ["value_rank", "relationship_rank", "rank_gap"]].to_list() == [1, 3, 2]
    assert gap.loc["B", "rank_gap"] == pytest.approx(-0.5)
    assert gap.loc["C", "p_money_first"] == 0
    assert gap["rank_gap"].sum() == pytest.approx(0)


# Laws


def toy(seed=1, n=30):
    random = np.random.default_rng(seed)
    index = pd.Index([f"C{i}" for i in range(n)])
    means = [random.normal(size=(n, 1)) for _ in range(2)]
    return [pd.DataFrame(mean + random.normal(size=(n, 50)), index) for mean in means]


def test_the_four_chances_of_a_rated_customer_sum_to_one():
    frame = quadrants(*toy(), value_cut=0.2, warm_cut=0.0)
    four = ["p_valuable_warm", "p_valuable_strained", "p_modest_warm", "p_modest_distant"]
    assert frame[four].sum(axis=1).to_list() == pytest.approx([1.0] * 30)
    sure = frame["quadrant"] != "undecided"
    assert (frame.loc[sure, "p_quadrant"] >= 0.6).all()
    assert (frame.loc[~sure, "p_quadrant"] < 0.6).all()


def test_customers_whom_nobody_rated_are_unknown_not_average():
    value, relationship = toy()
    frame = quadrants(value, relationship, value_cut=0.2, warm_cut=0.0, rated=value.index[5:])
    assert (frame["quadrant"].head(5) == "unknown").all()
    assert frame["p_warm"].head(5).isna().all()
    assert frame["p_valuable"].notna().all()


def test_the_valuable_hold_the_share_that_was_asked_for():
    value = pd.Series(np.random.default_rng(1).lognormal(0, 2, 500))
    held = value[value >= value_cut(value, held=0.8)].sum() / value.sum()
    assert 0.8 <= held < 0.82


# Refusals


@pytest.mark.parametrize("decided", [0.2, 1.0])
def test_a_decision_below_chance_is_refused(decided):
    with pytest.raises(ValueError, match="decided is a probability"):
        quadrants(*toy(), value_cut=0.2, warm_cut=0.0, decided=decided)


def test_a_base_without_value_is_refused():
    with pytest.raises(ValueError, match="No value to divide: 2 customers hold 0 together"):
        value_cut(pd.Series([0.0, 0.0]))
