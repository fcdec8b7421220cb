"""Quantitative segments."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.segment import SEGMENTS, rfm, scores, tiers, value_potential, whale_curve

# Oracle


def orders(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def test_five_customers_worked_by_hand():
    rows = [
        (c, f"2025-{m:02d}-01", 10.0 * k) for k, c in enumerate("ABCDE", 1) for m in range(1, k + 1)
    ]
    found = rfm(orders(rows), "2025-05-31")
    assert found["idle"].to_list() == [150, 119, 91, 60, 30]
    assert found["frequency"].to_list() == [1, 2, 3, 4, 5]
    assert found[["r", "f", "m"]].to_numpy().tolist() == [[k, k, k] for k in range(1, 6)]
    assert found["segment"].to_list()[0] == "gone quiet"
    assert found["segment"].to_list()[-1] == "champions"


def test_a_whale_curve_with_a_customer_who_costs_more_than_he_brings():
    curve = whale_curve(pd.Series({"A": 6.0, "B": 6.0, "C": -2.0}))
    assert curve["value_share"].to_list() == pytest.approx([0.6, 1.2, 1.0])


def test_four_groups_of_value_and_potential():
    today = pd.Series([9.0, 8, 1, 0], [*"ABCD"])
    groups = value_potential(today, pd.Series([0.9, 0.1, 0.8, 0.0], [*"ABCD"]), share=0.5)
    assert groups["group"].to_list() == ["stays best", "fading", "rising", "others"]


# Laws


def test_scores_do_not_depend_on_the_order_of_the_file_or_split_ties():
    random = np.random.default_rng(1)
    values = pd.Series(random.integers(0, 6, 200))
    found = scores(values)
    assert (found.groupby(values).max() == found.groupby(values).min()).all()
    shuffled = values.sample(frac=1, random_state=2)
    pd.testing.assert_series_equal(scores(shuffled).sort_index(), found)
    assert found.between(1, 5).all()


def test_everybody_falls_into_a_named_segment():
    grid = [(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    for marks in grid:
        assert any(
            all(low <= mark <= high for mark, (low, high) in zip(marks, ranges, strict=True))
            for _, *ranges in SEGMENTS
        ), marks


def test_tiers_hold_their_shares_and_ties_stay_together():
    found = tiers(pd.Series(np.arange(100.0)), (0.2, 0.3, 0.5), ("top", "middle", "rest"))
    assert found.value_counts().to_dict() == {"rest": 50, "middle": 30, "top": 20}
    same = tiers(pd.Series(np.ones(9)), (0.2, 0.8), ("top", "rest"))
    assert same.to_list() == ["rest"] * 9


# Refusals


def test_orders_of_the_future_are_refused():
    with pytest.raises(ValueError, match="1 of 2 orders are later .*'B'"):
        rfm(orders([("A", "2025-01-01", 1.0), ("B", "2025-03-01", 1.0)]), "2025-02-01")


def test_missing_values_and_shares_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="1 of 2 are missing"):
        scores(pd.Series([1.0, np.nan]))
    with pytest.raises(ValueError, match="2 names, 2 shares, sum 0.9"):
        tiers(pd.Series([1.0]), (0.4, 0.5), ("a", "b"))
    with pytest.raises(ValueError, match="needs value to share out: 2 customers hold 0 together"):
        whale_curve(pd.Series([1.0, -1.0]))


def test_value_and_potential_of_different_customers_are_refused():
    with pytest.raises(ValueError, match="2 stand on one side"):
        value_potential(pd.Series([1.0], ["A"]), pd.Series([1.0], ["B"]), share=0.1)
