"""Histories that the tests of the purchase models share."""

import numpy as np
import pandas as pd
import pytest

import goodlib


@pytest.fixture(scope="session")
def cdnow_summary(cdnow_orders):
    """CDNOW to 1997-09-30 in weeks, same-day purchases merged: frequency, recency, T, holdout."""
    return goodlib.summarize(cdnow_orders, end="1997-09-30", unit="W", holdout_end="1998-06-30")


@pytest.fixture(scope="session")
def cdnow_fits(cdnow_summary):
    """The models fitted to CDNOW, by name."""
    models = (goodlib.ParetoNBD, goodlib.BetaGeoNBD, goodlib.ModifiedBetaGeoNBD)
    return {model.__name__: model(cdnow_summary).fit() for model in models}


@pytest.fixture(scope="session")
def toy():
    """Six customers, in weeks."""
    columns = {
        "frequency": [0, 2, 7, 1, 26, 0],
        "recency": [0, 30.43, 35, 35, 30.86, 0],
        "T": [39, 38.86, 39, 39, 31, 12.0],
    }
    return pd.DataFrame(columns, index=pd.Index(list("ABCDEF"), name="customer_id"))


@pytest.fixture
def rng():
    return np.random.default_rng(20)
