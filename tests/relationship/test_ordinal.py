"""Scores on an ordered scale."""

import numpy as np
import pytest
from scipy.stats import logistic, norm

from goodlib.relationship.ordinal import expected_score, probabilities, terms

LAWS = {"logit": logistic, "probit": norm}
ENDS = np.array([[0.3, -0.4], [2.0, 1.9], [-3.0, -5.0], [np.inf, 0.7], [-1.2, -np.inf], [6.0, 4.0]])

# Oracle


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_log_probability_is_that_of_the_distribution(link):
    a, b = ENDS.T
    expected = np.log(LAWS[link].cdf(a) - LAWS[link].cdf(b))
    np.testing.assert_allclose(terms(a, b, link).logp, expected, rtol=1e-9)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_derivatives_are_the_differences_of_what_they_derive(link):
    a, b = ENDS.T
    h = 1e-5

    def difference(name, by_a, by_b):
        up = getattr(terms(a + h * by_a, b + h * by_b, link), name)
        down = getattr(terms(a - h * by_a, b - h * by_b, link), name)
        return (up - down) / (2 * h)

    t = terms(a, b, link)
    for derivative, of, by in [
        (t.by_a, "logp", (1, 0)),
        (t.by_b, "logp", (0, 1)),
        (t.slope, "logp", (1, 1)),
        (t.slope_a, "slope", (1, 0)),
        (t.slope_b, "slope", (0, 1)),
        (t.curve, "slope", (1, 1)),
        (t.curve_a, "curve", (1, 0)),
        (t.curve_b, "curve", (0, 1)),
    ]:
        np.testing.assert_allclose(derivative, difference(of, *by), rtol=1e-6, atol=1e-7)


# Laws


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_far_tails_stay_finite(link):
    a, b = np.array([30.0, -29.0, 30.5]), np.array([29.0, -30.0, 30.4])
    for part in terms(a, b, link):
        assert np.isfinite(part).all()


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_probabilities_sum_to_one_and_the_expected_score_rises(link):
    eta, theta = np.linspace(-6, 6, 41), np.array([-2.0, 0.1, 1.0])
    np.testing.assert_allclose(probabilities(eta, theta, link).sum(1), 1.0, rtol=1e-12)
    scores = expected_score(eta, theta, np.array([1, 2, 3, 4]), link)
    assert (np.diff(scores) > 0).all()
    assert 1.0 < scores[0] < 1.1
    assert 3.9 < scores[-1] < 4.0
