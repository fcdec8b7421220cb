"""What every fit shares: the climb, the result, its tests and its problems."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm

import goodlib
from goodlib.value.optimum import maximise
from goodlib.value.purchase import PurchaseModel

# Published


def test_cdnow_table_of_models_has_one_row_each_best_first(cdnow_fits):
    table = goodlib.compare(list(cdnow_fits.values()))
    assert table["model"].tolist() == ["ModifiedBetaGeoNBD", "BetaGeoNBD", "ParetoNBD"]
    assert table["nobs"].tolist() == [2357] * 3
    assert table["problems"].tolist() == [""] * 3
    assert table["aic"].iloc[1] == pytest.approx(2 * 4 + 2 * 9582.429, abs=5e-4 * 2)


def test_criteria_and_tests_of_the_clvtools_vignette(cdnow_fits):
    """Its data are not at hand; what follows from its log-likelihoods is arithmetic."""
    fit = cdnow_fits["ParetoNBD"]

    def reached(llf, size, params=4):
        optimum = fit.optimum._replace(value=llf, theta=np.zeros(params))
        names = tuple("abcdefgh"[:params])
        model = SimpleNamespace(nobs=size, names=names, to_params=np.exp)
        return replace(fit, model=model, optimum=optimum)

    plain = reached(-5848.0978, 600)
    assert plain.aic == pytest.approx(11704.1957, abs=2e-4)  # from four decimals of the likelihood
    assert plain.bic == pytest.approx(11721.7834, abs=2e-4)
    static = reached(-5821.0627, 600, 8)
    assert static.aic == pytest.approx(11658.1254, abs=2e-4)
    assert static.bic == pytest.approx(11693.3009, abs=2e-4)
    test = static.lr_test(reached(-5826.5342, 600, 7))
    assert test.statistic == pytest.approx(10.943, abs=5e-4)
    assert test.pvalue == pytest.approx(0.0009396, abs=5e-7)


# Oracle


@pytest.mark.parametrize(
    "model", [goodlib.ParetoNBD, goodlib.BetaGeoNBD, goodlib.ModifiedBetaGeoNBD]
)
def test_slopes_and_bends_are_those_of_the_likelihood(model, toy):
    data, theta, h = model(toy), np.log([0.7, 9.0, 0.8, 6.0]), 1e-4
    value, slope, bend = data.derivatives(theta)
    assert data.loglike(np.exp(theta)) == pytest.approx(value, rel=1e-13)
    assert value == pytest.approx(data.value(theta), rel=1e-13)
    for i, e in enumerate(np.eye(len(theta)) * h):
        up, down = data.derivatives(theta + e), data.derivatives(theta - e)
        assert slope[i] == pytest.approx((up[0] - down[0]) / (2 * h), abs=1e-6)
        np.testing.assert_allclose(bend[i], (up[1] - down[1]) / (2 * h), atol=1e-6)


@pytest.mark.parametrize("model", [goodlib.BetaGeoNBD, goodlib.ModifiedBetaGeoNBD])
def test_slopes_as_sums_are_those_row_by_row(model, rng):
    n = 5000
    T = rng.integers(20, 60, n).astype(float)
    x = np.minimum(rng.negative_binomial(0.5, 0.1, n), 80)
    recency = np.where(x > 0, rng.integers(1, 20, n), 0).astype(float)
    fit = model(pd.DataFrame({"frequency": x, "recency": recency, "T": T}))
    assert fit.customers.times is not None
    for params in ([0.5, 5.0, 0.8, 2.4], [3.0, 0.05, 0.02, 40.0]):
        theta = np.log(params)
        sums, rows = fit.derivatives(theta), PurchaseModel.derivatives(fit, theta)
        for one, other in zip(sums, rows, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-9)


def test_the_climb_finds_a_parabola_at_once():
    H = np.array([[-4.0, 1.0], [1.0, -2.0]])
    top = np.array([0.3, -0.7])

    def parabola(theta):
        gap = theta - top
        return 0.5 * gap @ H @ gap, H @ gap, H

    found = maximise(parabola, np.zeros(2))
    assert found.converged
    assert found.evaluations == 3  # start, top, and the last look
    np.testing.assert_allclose(found.theta, top, atol=1e-12)


def test_tests_have_the_chi_square_law(cdnow_fits):
    fit = cdnow_fits["BetaGeoNBD"]
    test = fit.wald_test({"alpha": 5.0})
    log_se = fit.bse["alpha"] / fit.params["alpha"]
    z = np.log(fit.params["alpha"] / 5.0) / log_se
    assert test.statistic == pytest.approx(z**2, rel=1e-9)
    assert test.pvalue == pytest.approx(2 * norm.sf(abs(z)), rel=1e-9)
    assert fit.wald_test({"a": 0.7, "b": 2.0}).pvalue == pytest.approx(
        chi2.sf(fit.wald_test({"a": 0.7, "b": 2.0}).statistic, 2)
    )


def test_no_dropout_is_tested_by_twice_the_gap(cdnow_fits, cdnow_summary):
    """Pareto/NBD against NBD on CDNOW, by the two published log-likelihoods."""
    test = cdnow_fits["ParetoNBD"].lr_test(goodlib.NBD(cdnow_summary).fit())
    assert test.statistic == pytest.approx(2 * (9763.657615 - 9594.976179), abs=1e-5)
    assert test.df == 2
    assert test.pvalue == pytest.approx(chi2.sf(test.statistic, 2), rel=1e-9)


def test_delta_method_agrees_with_the_standard_errors(cdnow_fits):
    fit = cdnow_fits["ParetoNBD"]
    table = fit.delta(lambda p: np.array([p["alpha"], p["r"] / p["alpha"]]))
    assert table["std_err"].iloc[0] == pytest.approx(fit.bse["alpha"], rel=1e-6)
    gradient = pd.Series([1 / fit.params["alpha"], -fit.params["r"] / fit.params["alpha"] ** 2])
    cov = fit.cov_params().iloc[:2, :2].to_numpy()
    assert table["std_err"].iloc[1] == pytest.approx(np.sqrt(gradient @ cov @ gradient), rel=1e-6)


# Laws


def test_intervals_stay_positive_and_hold_the_estimate(cdnow_fits):
    for fit in cdnow_fits.values():
        interval = fit.conf_int(alpha=0.0001)
        assert (interval["lower"] > 0).all()
        assert (interval["lower"] < fit.params).all()
        assert (interval["upper"] > fit.params).all()
        middle = np.sqrt(interval["lower"] * interval["upper"])
        np.testing.assert_allclose(middle, fit.params, rtol=1e-12)


@pytest.mark.parametrize("name", ["ParetoNBD", "BetaGeoNBD", "ModifiedBetaGeoNBD"])
def test_any_start_ends_at_the_same_top(name, cdnow_fits):
    fit = cdnow_fits[name]
    for start in 10 ** np.random.default_rng(4).uniform(-3, 3, (12, 4)):
        again = fit.model.fit(start=list(start))
        assert again.llf == pytest.approx(fit.llf, abs=1e-6), start


def test_a_fit_is_new_and_the_same_text_each_time(cdnow_fits):
    fit = cdnow_fits["BetaGeoNBD"]
    assert str(fit.summary()) == str(fit.model.fit().summary())
    assert "alpha" in repr(fit.summary())
    with pytest.raises(AttributeError):
        fit.problems = ()


# Refusals


def test_parameters_outside_their_domain_are_refused(toy):
    model = goodlib.BetaGeoNBD(toy)
    with pytest.raises(ValueError, match="r, alpha, a, b must be positive and finite"):
        model.loglike([0.2, -1, 1, 1])
    with pytest.raises(ValueError, match="params must be r, alpha, a, b: got shape"):
        model.fit(start=[1, 1])
    with pytest.raises(ValueError, match="b missing"):
        model.loglike({"r": 1, "alpha": 1, "a": 1})


def test_models_of_other_customers_are_not_compared(cdnow_fits, toy):
    with pytest.raises(ValueError, match=r"same customers: got fits to \[6, 2357\]"):
        goodlib.compare([cdnow_fits["BetaGeoNBD"], goodlib.BetaGeoNBD(toy).fit()])
    with pytest.raises(ValueError, match="fewer parameters"):
        cdnow_fits["BetaGeoNBD"].lr_test(cdnow_fits["ParetoNBD"])
    with pytest.raises(ValueError, match="unknown parameter 's'"):
        cdnow_fits["BetaGeoNBD"].wald_test({"s": 1})


def test_a_fit_to_customers_who_never_return_says_what_is_wrong():
    silent = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": np.arange(1.0, 31.0)})
    fit = goodlib.BetaGeoNBD(silent).fit()
    assert fit.problems
    assert "problem" in str(fit.summary()) or "!" in str(fit.summary())
