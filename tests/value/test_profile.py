"""Profile-likelihood intervals against another route to them, and where they must differ from
Wald's.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

import goodlib
from goodlib.value.discrete import ShiftedBetaGeometric, contracts_of

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import recovery  # noqa: E402

# Oracle


def test_a_mean_has_the_interval_of_its_own_likelihood():
    """Contracts with one renewal seen: only alpha/(alpha + beta) is known, so either is open."""
    once = ShiftedBetaGeometric(contracts_of([100, 60])).fit()
    interval = once.conf_int(method="profile")
    assert (interval["lower"] == 0).all()
    assert (interval["upper"] == np.inf).all()


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_ends_are_where_a_general_optimiser_says(alpha):
    """b of BG/NBD: the other three climbed by scipy, the fall solved by bisection."""
    T = np.random.default_rng(1).uniform(26, 52, 400)
    data = recovery.simulate(goodlib.BetaGeoNBD, 1, recovery.TRUE, T, 0.0, seed=1)
    fit = goodlib.BetaGeoNBD(data).fit()
    theta, fall = np.log(fit.params.to_numpy()), chi2.ppf(1 - alpha, 1) / 2

    def short(b):
        def low(others):
            return -fit.model.value(np.append(others, b))

        found = minimize(
            low, theta[:3], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}
        )
        return fit.llf - fall + found.fun

    interval = np.log(fit.conf_int(alpha, method="profile").loc["b"])
    assert interval["lower"] == pytest.approx(brentq(short, theta[3] - 3, theta[3]), abs=2e-3)
    assert interval["upper"] == pytest.approx(brentq(short, theta[3], theta[3] + 4), abs=2e-3)


# Laws


def test_many_customers_make_both_kinds_the_same(cdnow_fits):
    """The purchase rate's shape is known well on CDNOW; the dropout's is not, and leans up."""
    fit = cdnow_fits["ParetoNBD"]
    wald, profile = np.log(fit.conf_int()), np.log(fit.conf_int(method="profile"))
    error = (fit.bse / fit.params).to_numpy()
    gap = ((profile - wald).abs().max(axis=1) / error).to_numpy()
    assert (gap[:2] < 0.15).all()
    assert (gap[2:] > 0.3).all()
    assert (profile["upper"] > wald["upper"])[["s", "beta"]].all()


def test_the_unit_of_time_only_scales(toy):
    repeated = pd.concat([toy] * 30, ignore_index=True)
    days = repeated.assign(recency=repeated["recency"] * 7, T=repeated["T"] * 7)
    weeks, same = (
        goodlib.ModifiedBetaGeoNBD(data).fit().conf_int(method="profile")
        for data in (repeated, days)
    )
    np.testing.assert_allclose(same.drop("alpha"), weeks.drop("alpha"), rtol=5e-3)
    np.testing.assert_allclose(same.loc["alpha"], 7 * weeks.loc["alpha"], rtol=5e-3)


def test_the_summary_shows_the_profile_where_standard_errors_are_known_to_be_short(cdnow_fits):
    modified, plain = cdnow_fits["ModifiedBetaGeoNBD"], cdnow_fits["BetaGeoNBD"]
    upper = modified.conf_int(method="profile").loc["b", "upper"]
    assert f"{upper:.6g}" in str(modified.summary())
    assert "profile" in str(modified.summary())
    upper = plain.conf_int().loc["b", "upper"]
    assert f"{upper:.6g}" in str(plain.summary())
    assert "profile" in str(plain.summary(method="profile"))


# Refusals


def test_an_interval_that_cannot_be_is_refused(cdnow_fits):
    fit = cdnow_fits["BetaGeoNBD"]
    with pytest.raises(ValueError, match="method must be 'wald' or 'profile': got 'exact'"):
        fit.conf_int(method="exact")
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        fit.conf_int(5)
    with pytest.raises(ValueError, match="starts from the top of the likelihood"):
        fit.at(fit.params).conf_int(method="profile")
