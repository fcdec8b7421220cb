"""Scores of forecasts: lists, distributions, probabilities."""

import numpy as np
import pytest

from goodlib.value import score

# Oracle


def test_crps_is_the_double_sum_over_draws(rng):
    draws, actual = rng.gamma(2.0, 3.0, (5, 40)), rng.gamma(2.0, 3.0, 5)
    for row, y, found in zip(draws, actual, score.crps(draws, actual), strict=True):
        pairs = sum(abs(a - b) for a in row for b in row) / (40 * 39)
        assert found == pytest.approx(np.mean(np.abs(row - y)) - pairs / 2, rel=1e-12)


def test_auc_counts_pairs(rng):
    values, happened = rng.integers(0, 5, 60), rng.random(60) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in values[happened] for b in values[~happened]]
    assert score.auc(values, happened) == pytest.approx(np.mean(pairs), rel=1e-12)


def test_paired_difference_is_the_difference_and_its_interval_holds_it(rng):
    actual = rng.gamma(1.0, 1.0, 300)
    good, bad = actual + rng.normal(0, 0.5, 300), rng.random(300)
    found = score.paired_difference(good, bad, actual, 0.1, draws=200, seed=1)
    expected = score.hit_rate(good, actual, 0.1) - score.hit_rate(bad, actual, 0.1)
    assert found["difference"] == expected
    assert found["lower"] > 0.2
    assert found["chance"] == 0


# Laws


def test_places_by_hand_and_in_sum(rng):
    assert score.places(np.array([5.0, 3, 3, 3, 1]), 2).tolist() == [1, 1 / 3, 1 / 3, 1 / 3, 0]
    values = rng.poisson(0.3, 500)
    assert score.places(values, 50).sum() == pytest.approx(50)


def test_hit_rate_of_the_truth_is_one_and_of_nothing_is_chance(rng):
    actual = rng.gamma(1.0, 1.0, 200)
    assert score.hit_rate(actual, actual, 0.1) == 1
    assert score.hit_rate(np.zeros(200), actual, 0.1) == pytest.approx(0.1)
    assert score.value_captured(np.zeros(200), actual, 0.1) == pytest.approx(0.1)


def test_pit_of_true_draws_is_uniform_and_of_too_narrow_ones_is_not(rng):
    rate = rng.gamma(2.0, 1.0, 3000)
    actual = rng.poisson(rate)
    true = rng.poisson(rate[:, None], (3000, 200))
    pits = score.pit(true, actual, rng)
    assert score.coverage(pits, 0.95) == pytest.approx(0.95, abs=0.015)
    assert score.coverage(pits, 0.5) == pytest.approx(0.5, abs=0.03)
    narrow = np.repeat(np.round(rate)[:, None], 200, axis=1)
    assert score.coverage(score.pit(narrow, actual, rng), 0.95) < 0.7


def test_log_score_is_best_at_the_truth(rng):
    rate = rng.gamma(2.0, 1.0, 2000)
    actual = rng.poisson(rate)
    true, flat = rng.poisson(rate[:, None], (2000, 300)), rng.poisson(2.0, (2000, 300))
    assert score.log_score(true, actual).mean() < score.log_score(flat, actual).mean()
    never = score.log_score(np.zeros((1, 300)), np.array([50]))
    assert np.isfinite(never).all()


def test_reliability_keeps_everybody_and_true_chances_lie_on_the_line(rng):
    chance = rng.random(20_000)
    table = score.reliability(chance, rng.random(20_000) < chance)
    assert table["n"].sum() == 20_000
    assert (table["promised"] - table["happened"]).abs().max() < 0.04
    assert score.calibration_error(chance, rng.random(20_000) < chance) < 0.02


# Refusals


def test_a_share_is_a_share():
    with pytest.raises(ValueError, match=r"between 0 and 1: got 10"):
        score.hit_rate([1, 2], [1, 2], share=10)
