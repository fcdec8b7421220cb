"""Covariates on purchase and dropout: recovered from simulated customers, and refused when
unfit.
"""

import numpy as np
import pandas as pd
import pytest

import goodlib

PARAMS = {"r": 1.2, "alpha": 8.0, "s": 1.0, "beta": 30.0, "a": 0.8, "b": 3.0}
EFFECTS = {"purchase:size": 0.5, "purchase:region[T.south]": -0.4, "dropout:size": 0.6}


def simulate(model, customers, seed):
    """A year of customers whose size speeds purchases and dropout up, and the south buys less."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": rng.normal(0, 1, customers)})
    frame["region"] = np.where(rng.random(customers) < 0.5, "south", "north")
    faster = 0.5 * frame["size"] - 0.4 * (frame["region"] == "south")
    rate = rng.gamma(PARAMS["r"], 1, customers) / PARAMS["alpha"] * np.exp(faster)
    T = rng.integers(180, 365, customers) / 7
    if model is goodlib.ParetoNBD:
        leave = rng.gamma(PARAMS["s"], 1, customers) / PARAMS["beta"] * np.exp(0.6 * frame["size"])
        end = np.minimum(rng.exponential(1 / leave), T)
        times = [
            np.sort(rng.uniform(0, e, rng.poisson(m * e))) for e, m in zip(end, rate, strict=True)
        ]
    else:
        p = rng.beta(PARAMS["a"] * np.exp(0.6 * frame["size"]), PARAMS["b"])
        times = []
        for here, m, chance in zip(T, rate, p, strict=True):
            bought = np.sort(rng.uniform(0, here, rng.poisson(m * here)))
            times.append(bought[: rng.geometric(max(chance, 1e-12))])
    frame["frequency"] = [len(t) for t in times]
    frame["recency"] = [t[-1] if len(t) else 0.0 for t in times]
    return frame.assign(T=T)


@pytest.fixture(scope="module", params=[goodlib.ParetoNBD, goodlib.BetaGeoNBD])
def fitted(request):
    summary = simulate(request.param, 4000, seed=2)
    fit = request.param(summary, purchase="~ size + region", dropout="~ size").fit()
    return fit, summary


# Oracle


def test_slopes_and_bends_reach_the_coefficients(fitted):
    model, h = fitted[0].model, 1e-4
    theta = np.concatenate([np.log([0.9, 9.0, 0.8, 6.0]), [0.3, -0.2, 0.4]])
    _, slope, bend = model.derivatives(theta)
    for i, e in enumerate(np.eye(7) * h):
        up, down = model.derivatives(theta + e), model.derivatives(theta - e)
        assert slope[i] == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-5, abs=1e-3)
        np.testing.assert_allclose(bend[i], (up[1] - down[1]) / (2 * h), rtol=1e-5, atol=2e-3)


def test_two_groups_by_a_formula_are_two_groups_by_hand(fitted):
    """P(alive) with covariates is that of the plain law at the customer's own parameters."""
    fit, summary = fitted
    one = summary.iloc[[7]]
    params = fit.model.law_params(fit.optimum.theta, fit.model.read(one))
    row = [np.asarray(one[name]) for name in ("frequency", "recency", "T")]
    row[0] = row[0].astype(int)
    direct = fit.model.law.p_alive(*params, *row)
    assert fit.p_alive(one).iloc[0] == pytest.approx(float(direct[0]), rel=1e-12)
    assert fit.p_alive().iloc[7] == pytest.approx(float(direct[0]), rel=1e-12)


# Laws


def test_effects_are_recovered(fitted):
    fit, _ = fitted
    assert fit.converged
    interval = fit.conf_int(alpha=0.001)
    for name, true in {**PARAMS, **EFFECTS}.items():
        if name in interval.index:
            assert interval.loc[name, "lower"] < true < interval.loc[name, "upper"], name
    plain = type(fit.model)(fitted[1]).fit()
    assert fit.lr_test(plain).df == 3
    assert fit.lr_test(plain).pvalue < 1e-10


def test_a_penalty_holds_effects_back(fitted):
    fit, summary = fitted
    held = type(fit.model)(summary, purchase="~ size + region", dropout="~ size", penalty=1e8).fit()
    assert (held.params[list(EFFECTS)].abs() < 0.01).all()
    plain = type(fit.model)(summary).fit()
    assert held.llf == pytest.approx(plain.llf, abs=1.0)
    assert held.llf < fit.llf


def test_the_prior_speaks_of_customers_of_average_covariates():
    """Where a covariate is measured from moves alpha, and no answer: prior and posterior follow."""
    summary = simulate(goodlib.BetaGeoNBD, 500, seed=3)
    moved = summary.assign(size=summary["size"] + 20)  # alpha of size 0 is now far from anybody
    one, two = (
        goodlib.BetaGeoNBD(data, purchase="~ size", dropout="~ size").fit()
        for data in (summary, moved)
    )
    assert two.llf == pytest.approx(one.llf, abs=1e-6)
    effects = ["purchase:size", "dropout:size"]
    means = [fit.posterior(1000, seed=1).mean[effects] for fit in (one, two)]
    assert ((means[0] - means[1]).abs() < 0.15 * one.bse[effects]).all()


def test_the_posterior_and_the_draws_know_the_covariates(fitted, rng):
    fit, summary = fitted
    posterior = fit.posterior(500, seed=1)
    assert (posterior.mean - fit.params).abs().div(posterior.sd).max() < 1.5
    draw = fit.sample_purchases(fit.params, 26.0, rng)
    mean = fit.expected_purchases(26.0)
    assert draw.purchases.sum() == pytest.approx(mean.sum(), rel=0.1)


# Refusals


def test_covariates_that_say_nothing_or_are_missing_are_refused(toy, fitted):
    with pytest.raises(ValueError, match="must fit the summary"):
        goodlib.ParetoNBD(toy, purchase="~ size")
    with pytest.raises(ValueError, match="the same for all 6 customers"):
        goodlib.ParetoNBD(toy.assign(size=1.0), purchase="~ size")
    holes = toy.assign(size=[1.0, 2, np.nan, 4, 5, 6])
    with pytest.raises(ValueError, match="must fit the summary"):
        goodlib.BetaGeoNBD(holes, dropout="~ size")
    with pytest.raises(ValueError, match="penalty must be a number from 0"):
        goodlib.BetaGeoNBD(toy, penalty=-1.0)
    fit, _ = fitted
    with pytest.raises(ValueError, match="covariates must be known for every customer"):
        fit.p_alive(toy)
    with pytest.raises(ValueError, match="a new customer has covariates too"):
        fit.expected_purchases_new(4.0)
    with pytest.raises(ValueError, match="set customers apart"):
        fit.model.natural(fit.optimum.theta)


def test_a_level_never_seen_is_refused_not_read_as_the_first(fitted):
    fit, summary = fitted
    west = summary.iloc[:2].assign(region=["north", "west"])
    with pytest.raises(ValueError, match=r"of a kind seen in the fit: .*west"):
        fit.p_alive(west)


@pytest.mark.parametrize(
    ("formula", "match"),
    [
        ("~ size + double", "must not depend on each other: size, double"),
        ("~ region - 1", "the model has its own intercept"),
        ("~ log(zero)", r"must be finite: 1 of 6 customers have others \(first: 'C'\)"),
    ],
)
def test_covariates_without_an_answer_of_their_own_are_refused(toy, formula, match):
    size = np.array([1.0, 2, 3, 4, 5, 7])
    known = toy.assign(size=size, double=2 * size + 1, region=list("nnsssn"))
    known["zero"] = [1.0, 2, 0, 4, 5, 7]
    with pytest.raises(ValueError, match=match), np.errstate(divide="ignore"):
        goodlib.ParetoNBD(known, purchase=formula)
