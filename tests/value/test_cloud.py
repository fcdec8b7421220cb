"""The log-likelihood at many points at once is that of one point after the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import goodlib
from goodlib.value.cloud import Cloud

# Oracle: each point by itself


def _daily(rng: np.random.Generator, size: int = 4000) -> pd.DataFrame:
    """Customers of one to two years of days, in weeks, some of whom buy often."""
    T = rng.integers(365, 730, size)
    x = rng.negative_binomial(0.4, 0.05, size)
    recency = np.where(x > 0, np.maximum(x, rng.integers(1, 365, size)), 0)
    recency = np.minimum(recency, T)
    frame = {"frequency": np.minimum(x, recency), "recency": recency / 7, "T": T / 7}
    return pd.DataFrame(frame).assign(log_gaps=-1.0)


def _around(rng: np.random.Generator, size: int = 30) -> np.ndarray:
    return np.log([0.6, 8.0, 0.7, 9.0]) + 0.7 * rng.standard_normal((size, 4))


MODELS = [
    (goodlib.BetaGeoNBD, {}),
    (goodlib.BetaGeoNBD, {"k": 3}),
    (goodlib.ModifiedBetaGeoNBD, {}),
    (goodlib.ModifiedBetaGeoNBD, {"k": 2}),
    (goodlib.ParetoNBD, {}),
]


@pytest.mark.parametrize(("model", "options"), MODELS)
def test_a_cloud_is_its_points_one_by_one(model, options, rng):
    fitted = model(_daily(rng), **options)
    thetas = _around(rng)
    alone = np.array([fitted.value(theta) for theta in thetas])
    cloud = Cloud(fitted.law, fitted.customers)
    together = cloud.loglike(np.exp(thetas)) + fitted.constant
    np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(fitted.values(thetas, thetas[0])[0], together)


def test_heavy_buyers_and_a_gap_between_frequencies_keep_their_digits(rng):
    heavy = _daily(rng)
    heavy.loc[0, ["frequency", "recency", "T"]] = [600, 90.0, 100.0]
    model = goodlib.ParetoNBD(heavy)
    thetas = np.log([[2.0, 30.0, 0.5, 20.0], [1.2, 45.0, 0.8, 12.0]])
    together = Cloud(model.law, model.customers).loglike(np.exp(thetas))
    alone = [model.value(theta) for theta in thetas]
    np.testing.assert_allclose(together, alone, rtol=1e-11)


# Refusals: a point that this way cannot reach is left to the other


def test_a_point_whose_integral_turns_within_a_day_goes_the_long_way(rng):
    model = goodlib.ParetoNBD(_daily(rng))
    usual = [[0.6, 8.0, 0.7, 9.0]] * 20
    thetas = np.log([*usual, [3.0, 0.001, 0.7, 9.0], [0.6, 8.0, 40.0, 0.01]])
    together = Cloud(model.law, model.customers).loglike(np.exp(thetas))
    assert np.isnan(together).tolist() == [False] * 20 + [True, True]
    alone = [model.value(theta) for theta in thetas]
    np.testing.assert_allclose(model.values(thetas, thetas[0])[0], alone, rtol=1e-12)


def test_times_that_hardly_repeat_do_not_pay(rng):
    T = rng.uniform(10, 20, 60)
    x = np.arange(1, 61)
    spread = pd.DataFrame({"frequency": x, "recency": T * rng.uniform(0.1, 0.9, 60), "T": T})
    model = goodlib.ParetoNBD(spread)
    thetas = _around(rng, 3)
    assert np.isnan(Cloud(model.law, model.customers).loglike(np.exp(thetas))).all()
    alone = [model.value(theta) for theta in thetas]
    np.testing.assert_array_equal(model.values(thetas, thetas[0])[0], alone)
