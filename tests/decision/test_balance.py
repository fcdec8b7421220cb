"""The balance of effort over three goods."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.balance import aitchison, clr, efforts_of, over_time, ring, shares, tables

CHOSEN = (0.15, 0.25, 0.60)

# Published


def test_centered_log_ratios_of_the_reference():
    assert clr([0.1, 0.3, 0.4, 0.2]) == pytest.approx([-0.7945, 0.3041, 0.5918, -0.1014], abs=5e-5)


@pytest.mark.parametrize(("only", "far"), [((0, 0, 1), 4.73), ((0, 1, 0), 5.87), ((1, 0, 0), 6.44)])
def test_distances_of_the_named_wrong_portfolios(only, far):
    assert aitchison(only, CHOSEN) == pytest.approx(far, abs=0.005)


# Oracle


def efforts(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "good", "hours"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def test_distance_equals_the_mean_over_all_log_ratios():
    x, y = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
    pairs = [(i, j) for i in range(3) for j in range(3)]
    squares = [(np.log(x[i] / x[j]) - np.log(y[i] / y[j])) ** 2 for i, j in pairs]
    assert aitchison(x, y) == pytest.approx(np.sqrt(sum(squares) / 6))


def test_a_rolling_balance_worked_by_hand():
    days = pd.date_range("2025-01-10", periods=60, freq="D")
    rows = [("A", day, "you" if i < 30 else "skill", 1.0) for i, day in enumerate(days)]
    frame = over_time(efforts(rows), CHOSEN, window_months=3, as_of="2025-03-31")
    assert frame.index.to_list() == [pd.Timestamp("2025-03-31")]
    assert frame[["others", "skill", "you"]].iloc[0].to_list() == [0.0, 0.5, 0.5]
    assert frame["hours"].iloc[0] == 60


def test_money_stands_for_effort_where_no_hours_are_known():
    orders = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B"],
            "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]),
            "amount": [100.0, 100.0, 50.0],
            "good": ["others", "you", None],
            "industry": ["health", "health", "roads"],
        }
    )
    found = efforts_of(orders).groupby("good")["hours"].sum()
    # the first in health is all learning, the second 0.49 of a first; of B's nobody knows for whom
    assert found["skill"] == pytest.approx(100 + 49, abs=0.5)
    assert found["you"] == pytest.approx(51, abs=0.5)
    assert "others" not in found


# Laws


def test_shares_sum_to_one_and_no_unit_matters():
    rows = efforts([("A", "2025-01-01", "you", 6.0), ("B", "2025-01-02", "others", 2.0)])
    assert shares(rows).to_list() == [0.25, 0.0, 0.75]
    minutes = rows.assign(hours=60 * rows["hours"])
    pd.testing.assert_series_equal(shares(minutes), shares(rows))


def test_the_ring_is_narrower_with_many_customers_than_with_few():
    random = np.random.default_rng(1)

    def spread(n):
        goods = random.choice(["others", "skill", "you"], 4 * n)
        rows = [(f"C{i % n}", "2025-01-01", goods[i], 1.0 + i % 3) for i in range(4 * n)]
        return ring(efforts(rows), resamples=200, seed=1)["you"].std()

    assert spread(400) < 0.5 * spread(20)


def test_a_study_without_hours_and_without_a_word_on_good_has_no_balance():
    assert tables(pd.DataFrame({"customer_id": ["A"], "amount": [1.0]}), None) == {}


# Refusals


def test_unknown_goods_and_no_effort_are_refused():
    with pytest.raises(ValueError, match="1 of 2 rows say something else .*'them'"):
        shares(efforts([("A", "2025-01-01", "you", 1.0), ("A", "2025-01-01", "them", 1.0)]))
    with pytest.raises(ValueError, match="no effort to share out"):
        shares(efforts([("A", "2025-01-01", "you", 0.0)]))
    with pytest.raises(ValueError, match="zero or more"):
        clr([-1.0, 1.0, 1.0])
