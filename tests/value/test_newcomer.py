"""What a new client is worth: drawn from the law of all, within what has been seen."""

import numpy as np
import pandas as pd
import pytest

from goodlib import BetaGeoNBD, GammaGamma
from goodlib.value.newcomer import new_customer_value

TERMS = {"horizon": 52, "discount": 0.1, "periods_per_year": 52.18, "draws": 400, "seed": 3}


@pytest.fixture(scope="module")
def fits():
    """A base whose customers' mean amounts have a heavy tail: q of 1.2."""
    rng = np.random.default_rng(5)
    n = 300
    frequency = rng.poisson(rng.gamma(1.0, 3.0, n))
    mean = 400.0 / rng.gamma(1.2, 1.0, n)
    shape = 3.0 * np.maximum(frequency, 1)
    summary = pd.DataFrame(
        {
            "frequency": frequency,
            "recency": np.where(frequency > 0, rng.uniform(20, 100, n), 0.0),
            "T": 104.0,
            "monetary_value": np.where(frequency > 0, mean * rng.gamma(shape) / shape, np.nan),
        }
    )
    return BetaGeoNBD(summary).fit(), GammaGamma(summary).fit(), summary["monetary_value"].max()


# Laws


def test_no_mean_amount_is_drawn_above_ten_times_the_largest_seen(fits):
    purchases, spend, largest = fits
    free = new_customer_value(purchases, spend, 1.0, largest=np.inf, **TERMS)
    held = new_customer_value(purchases, spend, 1.0, largest=largest, **TERMS)
    assert (held <= free).all()
    assert np.median(held) == np.median(free)
    # where the bound binds for all, every mean amount is ten times the largest and scales with it
    one, two = (
        new_customer_value(purchases, spend, 1.0, largest=tiny, **TERMS) for tiny in (1e-3, 2e-3)
    )
    np.testing.assert_allclose(two, 2 * one)
    assert one.mean() >= 10 * 1e-3  # the first purchase alone


def test_value_scales_with_the_margin(fits):
    purchases, spend, largest = fits
    whole, part = (
        new_customer_value(purchases, spend, share, largest=largest, **TERMS)
        for share in (1.0, 0.4)
    )
    np.testing.assert_allclose(part, 0.4 * whole)
