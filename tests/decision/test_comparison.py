"""Segments by money against ratings by people."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from goodlib.decision.comparison import (
    association,
    expected_overlap,
    reliabilities,
    sides,
    transition,
)
from goodlib.decision.segment import tiers


def two_sides(n, correlation, reliable, draws=200, seed=1):
    """Draws of two sides that correlate, each measured with a reliability; and the truth."""
    random = np.random.default_rng(seed)
    truth = random.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], n)
    frames = []
    for side, rel in zip(truth.T, reliable, strict=True):
        observed = side + random.normal(0, np.sqrt(1 / rel - 1), n)
        noise = random.normal(0, np.sqrt(1 - rel), (n, draws))
        index = pd.Index([f"C{i:04d}" for i in range(n)], name="customer_id")
        frames.append(pd.DataFrame(rel * observed[:, None] + noise, index))
    return *frames, truth


# Published


def test_the_attenuation_of_the_reference_is_seen_and_undone():
    value, relationship, _ = two_sides(4000, 0.60, (0.70, 0.52), draws=60)
    both = sides(value, relationship)
    frame = association(both, top_share=0.1, resamples=20, seed=1).set_index(["view", "measure"])
    assert frame.loc[("naive", "correlation"), "estimate"] == pytest.approx(0.36, abs=0.02)
    assert frame.loc[("disattenuated", "correlation"), "estimate"] == pytest.approx(0.60, abs=0.05)
    assert reliabilities(both).to_list() == pytest.approx([0.70, 0.52], abs=0.02)


@pytest.mark.parametrize(("share", "missed"), [(0.20, 0.564), (0.80, 0.141)])
def test_misclassified_customers_match_malthouse_and_blattberg(share, missed):
    assert 1 - expected_overlap(0.50, share) == pytest.approx(missed, abs=5e-4)


# Oracle


def test_measures_of_exact_sides_are_those_of_a_large_sample_of_them():
    value, relationship, truth = two_sides(6000, 0.6, (0.8, 0.8), draws=40)
    frame = association(sides(value, relationship), top_share=0.2, resamples=10, seed=1)
    exact = frame[frame["view"] == "disattenuated"].set_index("measure")["estimate"]
    known = [pd.DataFrame(side[:, None].repeat(2, axis=1), value.index) for side in truth.T]
    seen = association(sides(*known), top_share=0.2, resamples=4, seed=1)
    seen = seen[seen["view"] == "naive"].set_index("measure")["estimate"]
    for name in ("tau_b", "gamma", "kappa", "top"):
        assert exact[name] == pytest.approx(seen[name], abs=0.04), name


def test_intervals_of_the_corrected_correlation_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in range(20):
        value, relationship, _ = two_sides(150, 0.5, (0.7, 0.6), draws=30, seed=seed)
        both = sides(value, relationship)
        frame = association(both, top_share=0.1, resamples=40, seed=1)
        row = frame[(frame["view"] == "disattenuated") & (frame["measure"] == "correlation")]
        held.append((row["lower_95"] <= 0.5).item() and (row["upper_95"] >= 0.5).item())
    assert sum(held) >= 17


@pytest.mark.parametrize("r", [-0.999, -0.4, 0.0, 0.6, 0.95])
def test_both_above_a_cut_equals_the_normal_integral_of_scipy(r):
    for share in (0.02, 0.1, 0.5, 0.7):
        cut = stats.norm.isf(share)
        scipy = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([-cut, -cut])
        assert expected_overlap(r, share) * share == pytest.approx(scipy, abs=2e-6)


# Laws


def test_the_order_of_rows_and_the_unit_of_value_change_nothing():
    value, relationship, _ = two_sides(100, 0.5, (0.8, 0.8), draws=20)
    first = association(sides(value, relationship), top_share=0.1, resamples=4, seed=1)
    shuffled = (1000 * value).sample(frac=1, random_state=1)
    again = association(sides(shuffled, relationship), top_share=0.1, resamples=4, seed=1)
    np.testing.assert_allclose(first["estimate"], again["estimate"], atol=1e-12)


def test_noise_on_both_sides_only_lowers_the_naive_measures():
    value, relationship, _ = two_sides(2000, 0.6, (0.7, 0.5), draws=20)
    frame = association(sides(value, relationship), top_share=0.1, resamples=4, seed=1)
    wide = frame.pivot(index="measure", columns="view", values="estimate").drop("rbo")
    assert (wide["propagated"] < wide["naive"]).all()
    assert (wide["naive"] < wide["disattenuated"]).all()


def test_a_side_that_is_noise_is_not_corrected_for():
    random = np.random.default_rng(1)
    index = pd.Index([f"C{i}" for i in range(200)])
    value = pd.DataFrame(random.normal(size=(200, 30)), index)
    relationship = pd.DataFrame(random.normal(size=(200, 30)), index)
    frame = association(sides(value, relationship), top_share=0.1, resamples=4, seed=1)
    assert frame.loc[frame["view"] == "disattenuated", "estimate"].isna().all()


def test_everybody_stands_once_in_the_transition_table():
    value, relationship, _ = two_sides(120, 0.5, (0.8, 0.8), draws=5)
    cut = {"shares": (0.2, 0.3, 0.5), "names": ("top", "middle", "rest")}
    moved = transition(tiers(value.mean(axis=1), **cut), tiers(relationship.mean(axis=1), **cut))
    assert moved.table.to_numpy().sum() == 120
    assert moved.table.sum(axis=1).to_list() == [24, 36, 60]


# Refusals


def test_too_few_customers_with_both_sides_are_refused():
    value, relationship, _ = two_sides(30, 0.5, (0.8, 0.8), draws=5)
    with pytest.raises(ValueError, match="at least 12 customers.*11 of 30 valued and 30 rated"):
        sides(value, relationship, rated=value.index[:11])


def test_repeated_customers_and_missing_draws_are_refused():
    value, relationship, _ = two_sides(30, 0.5, (0.8, 0.8), draws=5)
    with pytest.raises(ValueError, match="1 of 31 rows of the value repeat one.*'C0000'"):
        sides(pd.concat([value, value.head(1)]), relationship)
    relationship.iloc[3, 2] = np.nan
    with pytest.raises(ValueError, match="1 of 30 customers lack some of the relationship.*C0003"):
        sides(value, relationship)
