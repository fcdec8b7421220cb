"""The map of skills and what the work taught."""

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.portfolio import money, only_for_others, prices, skills, sources
from goodlib.decision.skill import learned, placed, scatter, skill_map


def work(rows):
    columns = ["customer_id", "date", "hours", "good", "skill", "industry"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(date=pd.to_datetime(frame["date"]))


ROWS = [
    ("A", "2024-01-01", 8.0, "you", "statistics", "health"),
    ("B", "2024-02-01", 8.0, "you", "statistics", "health"),
    ("C", "2025-03-01", 8.0, "skill", "statistics", "roads"),
    ("A", "2025-04-01", 8.0, "you", "statistics", "health"),
    ("D", "2025-05-01", 8.0, "others", None, "roads"),
]

# Published


def test_effort_falls_to_the_stated_share_with_each_doubling_of_experience():
    # Wright (1936): after 1 + 2^k - 1 engagements of equal size the effort is 0.8^k of the first
    rows = work([(f"C{i}", "2024-01-01", 1.0, "you", "s", "i") for i in range(63)])
    total = learned(rows).cumsum()
    for k in (1, 2, 5):
        left = 1 - total[2**k - 2] * (1 - 0.8)
        assert left == pytest.approx(0.8**k)


# Oracle


def test_a_map_worked_by_hand():
    cells = skill_map(work(ROWS), "2025-12-31")
    assert cells["hours"].to_dict() == {("statistics", "health"): 24, ("statistics", "roads"): 8}
    assert cells["customers"].to_list() == [2, 1]
    found = learned(work(ROWS))
    assert found[[0, 2]].tolist() == [1.0, 1.0]
    assert found[4] == 0  # no cell, nothing that can be placed
    assert placed(work(ROWS)) == 0.8
    by_good = skills(work(ROWS), pd.Timestamp("2024-12-31"), pd.Timestamp("2025-12-31"))
    assert by_good.loc["skill", "new_share"] == 1
    assert by_good.loc["you", ["hours", "new_share"]].to_list() == [8, 0]
    assert by_good.loc["you", "age"] == pytest.approx(456 / 365.25)


def test_prices_of_hours_are_recovered():
    random = np.random.default_rng(1)
    hours = random.gamma(1, 10, (150, 3)) * (random.random((150, 3)) < 0.6) + 0.1
    rows = [
        (f"C{i}", "2025-01-01", hours[i, j], good, "s", "i")
        for i in range(150)
        for j, good in enumerate(("others", "skill", "you"))
    ]
    size = hours.sum(axis=1)
    paid = hours @ [0.0, 80.0, 150.0] + random.normal(0, 20, 150) * np.sqrt(size)
    found = prices(work(rows), pd.Series(paid, [f"C{i}" for i in range(150)]), seed=1)
    assert found.loc["skill", "price"] == pytest.approx(80, abs=10)
    assert found.loc["you", "price"] == pytest.approx(150, abs=10)
    assert found.loc["skill", "lower_80"] < 80 < found.loc["skill", "upper_80"]
    assert found.loc["all", "price"] == pytest.approx(paid.sum() / hours.sum())


def test_months_until_the_money_runs_out():
    orders = pd.DataFrame({"customer_id": ["A", "B"], "amount": [120.0, 80], "cost": [100.0, 20]})
    kept = money(orders, None)
    assert kept["margin"].to_dict() == {"A": 20, "B": 60}
    assert only_for_others(kept["margin"].sum(), kept["cost"].sum()) == pytest.approx(8)
    assert np.isnan(only_for_others(80.0, np.nan))


def test_where_customers_came_from():
    value = pd.Series({"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0})
    sent = pd.DataFrame({"referred_id": ["B"]})
    found = sources(work(ROWS), value, sent)["residual_value"].to_dict()
    assert found == {
        "work given away": 4.0, "work to learn from": 3.0, "paid work, sent by others": 2.0,
        "paid work": 1.0,
    }  # fmt: skip


# Laws


def test_splitting_an_engagement_into_rows_changes_nothing():
    halves = work([(*row[:2], row[2] / 2, *row[3:]) for row in ROWS for _ in range(2)])
    again = pd.Series(learned(halves)).groupby(np.arange(10) // 2).sum()
    assert again.to_list() == pytest.approx(learned(work(ROWS)).tolist())
    assert learned(work(ROWS).sample(frac=1, random_state=1)).sum() == pytest.approx(again.sum())


def test_scatter_counts_even_cells():
    assert scatter(pd.Series([5.0] * 7)) == pytest.approx(7)
    assert scatter(pd.Series([99.0, 1.0])) < 1.1


# Refusals


def test_curves_that_teach_nothing_and_maps_without_columns_are_refused():
    with pytest.raises(ValueError, match="between 0.5 and 1 .*got 1"):
        learned(work(ROWS), progress=1.0)
    with pytest.raises(ValueError, match="at least one of the columns skill, industry, service"):
        learned(work(ROWS)[["customer_id", "date", "hours"]])
