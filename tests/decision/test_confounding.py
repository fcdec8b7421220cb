"""Associations that something else has made, and the gain of ratings in a forecast."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from goodlib.decision.confounding import partial_rank, tenure, within
from goodlib.decision.gain import before_and_after, forecast_gain, outcomes


def sides_made_by_tenure(n=300, own=0.0, seed=1):
    random = np.random.default_rng(seed)
    index = pd.Index([f"C{i}" for i in range(n)], name="customer_id")
    years = pd.Series(random.gamma(2, 2, n), index)
    value = np.log(years) + random.normal(0, 0.5, n)
    relationship = np.log(years) + own * (value - np.log(years)) + random.normal(0, 0.4, n)
    return value, relationship, years


# Published: the pattern of 200 business customers, tau-b .54 over all, .08 to .34 within tenure


def test_an_association_made_by_tenure_shrinks_within_its_classes():
    value, relationship, years = sides_made_by_tenure(200)
    found = within(value, relationship, pd.qcut(years, 3, labels=["new", "middle", "old"]))
    assert found.loc["all customers", "tau_b"] > 0.35
    assert found.loc["within groups", "tau_b"] < 0.6 * found.loc["all customers", "tau_b"]
    partial = partial_rank(value, relationship, years.to_frame("years"))
    assert partial["overall_lower_95"] > 0.4
    assert partial["partial_lower_95"] < 0 < partial["partial_upper_95"]


# Oracle


def test_an_association_of_its_own_survives_and_equals_the_normal_partial_correlation():
    value, relationship, years = sides_made_by_tenure(800, own=0.8)
    partial = partial_rank(value, relationship, np.log(years).to_frame("years"))["partial"]
    rest = [stats.linregress(np.log(years), side) for side in (value, relationship)]
    left = [
        side - line.intercept - line.slope * np.log(years)
        for side, line in zip((value, relationship), rest, strict=True)
    ]
    assert partial == pytest.approx(stats.spearmanr(*left).statistic, abs=0.05)


def test_the_interval_of_tau_is_that_of_the_bootstrap():
    value, relationship, years = sides_made_by_tenure(200)
    row = within(value, relationship, (years > 4).map({True: "old", False: "new"})).iloc[0]
    random = np.random.default_rng(2)
    half = [
        stats.kendalltau(value.iloc[pick], relationship.iloc[pick]).statistic
        for pick in (random.permutation(200)[:100] for _ in range(300))
    ]
    assert row["upper_95"] - row["lower_95"] == pytest.approx(2 * 1.96 * np.std(half), rel=0.25)


def test_what_was_known_and_what_came_worked_by_hand():
    rows = [("A", "2024-01-01", 10.0), ("A", "2025-02-01", 5.0), ("B", "2024-06-01", 99.0)]
    orders = pd.DataFrame(
        [*rows, ("C", "2025-03-01", 50.0)], columns=["customer_id", "date", "amount"]
    )
    orders["date"] = pd.to_datetime(orders["date"])
    frame = before_and_after(orders, at="2024-12-31", end="2025-12-31", top_share=0.5)
    assert frame.index.to_list() == ["A", "B"]
    assert frame["active_after"].to_list() == [True, False]
    assert frame["top_after"].to_list() == [True, False]
    assert np.expm1(frame["log_idle"]).to_list() == pytest.approx([365, 213])


# Laws


@pytest.mark.parametrize(("weight", "gains"), [(0.0, False), (2.0, True)])
def test_ratings_gain_when_they_matter_and_only_then(weight, gains):
    random = np.random.default_rng(4)
    value, rating = pd.Series(random.normal(size=300)), pd.Series(random.normal(size=300))
    outcome = random.random(300) < 1 / (1 + np.exp(-value - weight * rating))
    found = forecast_gain(value.to_frame(), rating, outcome, repeats=2, resamples=200, seed=1)
    assert (found.loc["gain", "lower_95"] > 0) == gains
    assert found.loc["value alone", "calibration"] == pytest.approx(1, abs=0.35)


def test_tenure_has_three_classes_that_hold_everybody():
    summary = pd.DataFrame({"T": np.arange(1, 91)})
    counts = tenure(summary, 12).value_counts()
    assert counts.sum() == 90
    assert counts.between(28, 32).all()


def test_outcomes_that_too_few_had_are_left_out():
    index = pd.Index([f"C{i}" for i in range(50)])
    past = pd.DataFrame(
        {"log_amount": 1.0, "log_frequency": 1.0, "log_idle": 1.0, "active_after": True,
         "top_after": [True] * 3 + [False] * 47}, index,
    )  # fmt: skip
    assert outcomes(past, pd.Series(0.0, index), seed=1).empty


# Refusals


def test_too_few_customers_are_refused():
    some = pd.Series([0.0, 1.0] * 10)
    with pytest.raises(ValueError, match="Too few to tell: 20 customers .*, 10 of them"):
        forecast_gain(some.to_frame(), some, some > 0, seed=1)


def test_incomplete_covariates_are_refused():
    value, relationship, years = sides_made_by_tenure(50)
    years.iloc[7] = np.nan
    with pytest.raises(ValueError, match="1 of 50 customers lack one .*'C7'"):
        partial_rank(value, relationship, years.to_frame())
