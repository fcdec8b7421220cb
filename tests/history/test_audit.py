"""The audit counts; what it counts can be counted by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from goodlib.history import audit

# two years to the end of 2024: k stays and buys more, s stays and buys less, l leaves, n is new,
# b was there in 2022, not in 2023, and is back
TOY = pd.DataFrame(
    [
        *(("k", "2023-02-01", 10.0), ("k", "2024-02-01", 15.0), ("k", "2024-02-01", 5.0)),
        *(("s", "2023-03-01", 30.0), ("s", "2024-03-01", 12.0)),
        ("l", "2023-12-31", 8.0),
        ("n", "2024-01-01", 7.0),
        *(("b", "2022-05-01", 3.0), ("b", "2024-12-31", 4.0)),
        ("future", "2025-01-01", 99.0),
    ],
    columns=["customer_id", "date", "amount"],
).assign(date=lambda d: pd.to_datetime(d["date"]))


@pytest.fixture(scope="module")
def toy():
    return audit.audit(TOY, end="2024-12-31")


@pytest.fixture(scope="module")
def firm():
    rng = np.random.default_rng(3)
    n = 3000
    days = pd.Timestamp("2019-06-15") + pd.to_timedelta(rng.integers(0, 2000, n), unit="D")
    return pd.DataFrame(
        {
            "customer_id": rng.geometric(0.01, n).astype(str),
            "date": days,
            "amount": rng.gamma(0.5, 100, n).round(2),
        }
    )


# --- Oracle: by hand


def test_what_became_of_each_customer(toy):
    assert toy.months == 12
    assert (toy.start, toy.end) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-31"))
    assert toy.customers["change"].to_dict() == {
        "k": "more",
        "s": "less",
        "l": "lost",
        "n": "new",
        "b": "back",
    }
    assert toy.customers.loc["k", ["purchases", "amount"]].tolist() == [1, 20.0]


def test_the_bridge_by_hand(toy):
    steps = audit.bridge(toy.customers)
    assert steps["amount"].to_dict() == {
        **{"before": 48, "lost": -8, "less": -18, "more": 10, "back": 4, "new": 7, "now": 43}
    }
    assert steps["customers"].tolist() == [3, 1, 1, 1, 1, 1, 4]


def test_concentration_by_hand():
    curve = audit.concentration(pd.Series({"a": 1.0, "b": 6.0, "c": 3.0}))
    assert curve.index.tolist() == ["b", "c", "a"]
    np.testing.assert_allclose(curve["amount_share"], [0.6, 0.9, 1.0])
    np.testing.assert_allclose(curve["customer_share"], [1 / 3, 2 / 3, 1])


def test_cohorts_by_hand():
    # counted back from 31 December 2024 in half-years: 32 months of history
    found = audit.cohorts(TOY, end="2024-12-31").set_index(["label", "age"])
    assert (found["months"] == 6).all()
    assert found.loc["2022, first half", "active"].tolist() == [1, 0, 0, 0, 0, 1]
    assert found.loc["2023, first half", "customers"].tolist() == [2, 2, 2, 2]
    assert found.loc["2023, first half", "active"].tolist() == [2, 0, 2, 0]
    assert found.loc["2023, first half", "amount"].tolist() == [40, 0, 32, 0]


def test_groups_by_frequency(toy):
    bins = audit.by_frequency(toy.active)
    assert bins["purchases"].tolist() == ["1"]
    more = audit.by_frequency(pd.DataFrame({"purchases": [1, 4, 5, 40], "amount": [1.0, 2, 3, 4]}))
    assert more["purchases"].tolist() == ["1", "4 to 5", "21 or more"]
    np.testing.assert_allclose(more["amount_share"], [0.1, 0.5, 0.4])


def test_the_interval_of_a_difference_is_newcombes():
    cohorts = pd.DataFrame({"cohort": [1, 2], "age": 1, "active": [45, 80], "customers": [90, 200]})
    found = audit.newer_against_older(cohorts)
    lower, upper = confint_proportions_2indep(80, 200, 45, 90, method="newcomb", compare="diff")
    assert found["lower"] == pytest.approx(lower, abs=1e-6)
    assert found["upper"] == pytest.approx(upper, abs=1e-6)


@pytest.mark.parametrize(
    ("first", "months"),
    [
        ("2020-01-01", 12),
        ("2023-01-05", 12),
        ("2023-02-01", 6),
        ("2024-08-01", 1),
        ("2024-12-30", 1),
    ],
)
def test_the_longest_period_of_which_there_are_two(first, months):
    assert audit.period_months(first, "2024-12-31") == months


# --- Laws


def test_the_bridge_adds_up(firm):
    found = audit.audit(firm, end="2024-11-30")
    steps = audit.bridge(found.customers)
    assert steps["amount"].iloc[:-1].sum() == pytest.approx(steps.loc["now", "amount"], abs=1e-6)
    assert (
        steps.loc[["lost", "less", "more"], "customers"].sum() == steps.loc["before", "customers"]
    )
    here = ["less", "more", "back", "new"]
    assert steps.loc[here, "customers"].sum() == steps.loc["now", "customers"]


def test_cohorts_hold_everybody_and_every_amount_once(firm):
    end = "2024-08-29"
    found = audit.cohorts(firm, end=end)
    past = firm[firm["date"] <= end]
    own = found[found["age"] == 0]
    assert own["customers"].sum() == past["customer_id"].nunique()
    assert (own["active"] == own["customers"]).all()
    assert found["amount"].sum() == pytest.approx(past["amount"].sum(), abs=1e-6)
    assert found["purchases"].sum() == len(past.drop_duplicates(["customer_id", "date"]))
    assert found["active_share"].between(0, 1).all()


def test_every_span_but_the_oldest_is_complete(firm):
    spans = audit.cohorts(firm, end="2024-08-29")["span"].drop_duplicates().sort_values()
    assert set(spans.dt.day) == {30}
    assert spans.iloc[-1] == pd.Timestamp("2023-08-30")


def test_shuffled_rows_change_nothing(firm):
    again = firm.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(
        audit.cohorts(firm, end="2024-11-30"), audit.cohorts(again, end="2024-11-30")
    )
    one, two = (audit.audit(frame, end="2024-11-30").customers for frame in (firm, again))
    pd.testing.assert_frame_equal(one, two)


def test_amounts_of_nothing_have_no_shares():
    assert audit.concentration(pd.Series({"a": 0.0, "b": 0.0}))["amount_share"].isna().all()


# --- Refusals


def test_an_audit_before_the_first_order():
    with pytest.raises(ValueError, match=r"0 of 10 orders are dated 2020-01-01 or earlier"):
        audit.audit(TOY, end="2020-01-01")
