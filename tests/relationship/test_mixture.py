"""What is known of customers and raters when the spreads are uncertain too."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from scipy.stats import norm

from goodlib.relationship.mixture import Mixed, cubature, definite
from goodlib.relationship.ordinal import probabilities
from goodlib.relationship.rating import RatingModel

from .conftest import THRESHOLDS, simulate_ratings

SCALE = [1, 2, 3, 4, 5]


def alone(seed, items=3):
    """One rater, so that customers are the only effect, and the arrays of that model."""
    ratings, good, _ = simulate_ratings(seed, raters=1, overlap=1, items=items, view=0.0)
    data, _, codes = RatingModel(ratings, SCALE).arrays()
    data = replace(data, size={"customer": len(good)}, fixed_sd={})
    psi = np.r_[THRESHOLDS[0], np.log(np.diff(THRESHOLDS)), np.zeros(data.x.shape[1]), 0.0]
    return ratings, data, psi, codes


# Oracle


@pytest.mark.parametrize("d", [0, 1, 2, 3, 4])
def test_cubature_has_the_moments_of_the_normal_up_to_the_fifth(d):
    points, weights = cubature(d)
    assert (weights >= 0).all()
    for powers in np.ndindex(*([5] * d)):
        if sum(powers) > 5:
            continue
        moment = weights @ np.prod(points ** np.array(powers, dtype=int), axis=1)
        # of one standard normal: 0 for odd powers, else (p - 1)!!
        each = [
            0.0 if p % 2 else np.exp(gammaln(p + 1) - gammaln(p / 2 + 1) - p / 2 * np.log(2))
            for p in powers
        ]
        assert moment == pytest.approx(np.prod(each), abs=1e-9)


@pytest.mark.parametrize("sd", [0.4, 1.0, 2.0])
def test_next_order_of_laplace_is_what_quadrature_adds(sd):
    _, data, psi, _ = alone(5)
    psi[-1] = np.log(sd)
    laplace, _, effects, precision = data.laplace(psi, data.zero())
    exact = data.quadrature(psi, data.zero(), nodes=41)[0]
    _, more = data.closer(psi, effects, precision)
    assert more == pytest.approx(exact - laplace, rel=0.05)
    assert exact - laplace > 0.01


def test_posterior_mean_is_that_of_a_sum_over_the_relationship():
    ratings, data, psi, codes = alone(6, items=2)
    _, _, effects, precision = data.laplace(psi, data.zero())
    lean, _ = data.closer(psi, effects, precision)
    grid = np.linspace(-7, 7, 2801)
    log = np.log(probabilities(grid, THRESHOLDS))
    scores = ratings.groupby("customer_id")["score"].agg(list)
    exact = []
    for name in codes["customer"]:
        height = sum(log[:, score - 1] for score in scores[name]) - grid**2 / 2.0
        share = np.exp(height - height.max())
        exact.append(grid @ share / share.sum())
    here = effects.customer + lean.customer
    assert np.abs(here - exact).max() < 0.3 * np.abs(effects.customer - exact).max()


def test_quantiles_of_a_mixture_are_where_its_distribution_says():
    mixed = Mixed(
        np.array([0.3, 0.7]),
        np.array([[0.0, 1.0], [2.0, 1.0]]),
        np.array([[1.0, 4.0], [0.25, 4.0]]),
    )
    at = mixed.quantile(0.1)
    assert 0.3 * norm.cdf(at[0]) + 0.7 * norm.cdf(at[0], 2.0, 0.5) == pytest.approx(0.1)
    assert at[1] == pytest.approx(1.0 + 2.0 * norm.ppf(0.1))
    mean, sd = mixed.moments()
    assert mean[0] == pytest.approx(1.4)
    assert sd[0] == pytest.approx(np.sqrt(0.3 * 1.0 + 0.7 * 0.25 + 0.3 * 1.4**2 + 0.7 * 0.6**2))


# Laws


def test_six_raters_are_known_as_students_t_would_have_it():
    # their spread rests on six, so the tails are wider than the normal's of the same spread
    ratings, _, _ = simulate_ratings(1)
    raters = RatingModel(ratings, SCALE).fit().raters
    found = RatingModel(ratings, SCALE).fit()
    plain = np.sqrt(found.precision.covariance()[1])
    assert (raters["sd"] > 1.1 * plain[found.codes["rater"].get_indexer(raters.index)]).all()


def test_intervals_cover_with_one_item():
    inside = []
    for seed in range(14):
        ratings, good, strict = simulate_ratings(300 + seed, items=1)
        found = RatingModel(ratings, SCALE).fit()
        # the views are part of the noise here, and the unit is the noise: sqrt(3.29 + 0.49)
        for known, truth in ((found.customers, good), (found.raters, strict)):
            truth = 0.933 * truth[known.index]
            inside.append((truth.between(known["lower_80"], known["upper_80"]).mean(), len(known)))
    customers, raters = (np.mean([share for share, n in inside if n == size]) for size in (60, 6))
    assert 0.74 < customers < 0.86
    assert 0.70 < raters < 0.92


def test_an_item_with_a_scale_of_its_own_serves_beside_the_others():
    ratings, good, _ = simulate_ratings(9, items=3)
    words = ratings["item"] == "item 2"
    other = ratings.assign(score=ratings["score"].where(~words, (ratings["score"] + 1) // 2))
    scales = {"item 0": SCALE, "item 1": SCALE, "item 2": [1, 2, 3]}
    found = RatingModel(other, scales).fit()
    assert found.model.scale == SCALE
    assert list(found.params.index[:6]) == [
        "1|2",
        "2|3",
        "3|4",
        "4|5",
        "item 2: 1|2",
        "item 2: 2|3",
    ]
    assert found.items["difficulty"]["item 2"] == 0.0
    two = RatingModel(ratings[~words], SCALE).fit().customers
    known = found.customers
    assert known["relationship"].corr(good) > two["relationship"].corr(good)
    assert known["sd"].mean() < two["sd"].mean()
    assert known["expected_score"].between(1, 5).all()
    assert found.over_time(1)["score"].between(1, 5).all()


def test_scales_that_are_alike_are_one_scale(rated):
    ratings, _, _ = rated
    one = RatingModel(ratings, SCALE).fit()
    each = RatingModel(ratings, dict.fromkeys(ratings["item"].unique(), SCALE)).fit()
    pd.testing.assert_series_equal(one.params, each.params)


# Refusals


def test_a_score_off_the_scale_of_its_item_is_refused(rated):
    ratings, _, _ = rated
    scales = {"item 0": SCALE, "item 1": [1, 2, 3, 4]}
    with pytest.raises(ValueError, match="Scores of 'item 1' must be on the scale .1, 2, 3, 4."):
        RatingModel(ratings, scales)


def test_a_curvature_that_bends_the_wrong_way_makes_no_endless_step():
    assert definite(np.array([-0.66, 0.0, 4.0])).tolist() == [0.66, 1e-6, 4.0]
