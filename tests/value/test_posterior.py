"""Posteriors against the chains of other samplers, and the refusal when they cannot be trusted."""

import numpy as np
import pytest
from scipy.stats import genpareto, lognorm, pareto, uniform, weibull_min

import goodlib
from goodlib.value.posterior import fit_pareto

TIMES = {"r": weibull_min(2, scale=1), "alpha": weibull_min(2, scale=10)}

# Published


def test_cdnow_bgnbd_posterior_matches_the_reference_of_nuts(cdnow_fits):
    prior = TIMES | {"phi": uniform(), "kappa": pareto(1)}
    posterior = cdnow_fits["BetaGeoNBD"].posterior(4000, seed=1, prior=prior)
    mean = {"r": 0.2454, "alpha": 4.507, "a": 0.782, "b": 2.411}
    sd = {"r": 0.0127, "alpha": 0.383, "a": 0.194, "b": 0.753}
    for name in mean:
        assert abs(posterior.mean[name] - mean[name]) < 0.08 * sd[name]
        assert posterior.sd[name] == pytest.approx(sd[name], rel=0.1)
    assert posterior.khat < 0.5
    assert posterior.ess > 3000


def test_cdnow_pareto_posterior_matches_the_reference_of_metropolis(cdnow_fits):
    prior = TIMES | {"s": weibull_min(2, scale=1), "beta": weibull_min(2, scale=10)}
    posterior = cdnow_fits["ParetoNBD"].posterior(2000, seed=1, prior=prior)
    mean = {"r": 0.5639, "alpha": 10.714, "s": 0.6057, "beta": 11.564}
    sd = {"r": 0.0454, "alpha": 0.829, "s": 0.1170, "beta": 3.703}
    for name in mean:
        assert abs(posterior.mean[name] - mean[name]) < 0.1 * sd[name]
        assert posterior.sd[name] == pytest.approx(sd[name], rel=0.1)


# Oracle


def test_pareto_shape_is_found(rng):
    for shape in (0.2, 0.7, 1.2):
        values = genpareto(shape, scale=2.0).rvs(20_000, random_state=rng)
        k, scale = fit_pareto(values)
        assert k == pytest.approx(shape, abs=0.05)
        assert scale == pytest.approx(2.0, rel=0.05)


def test_metropolis_agrees_with_importance_sampling(cdnow_fits):
    fit = cdnow_fits["BetaGeoNBD"]
    one, two = fit.posterior(2000, seed=1), fit.posterior(2000, seed=2, method="metropolis")
    assert (np.abs(one.mean - two.mean) < 0.12 * one.sd).all()
    np.testing.assert_allclose(one.sd, two.sd, rtol=0.15)


# Laws


def test_the_seed_makes_the_draws(cdnow_fits):
    fit = cdnow_fits["BetaGeoNBD"]
    first, second = fit.posterior(500, seed=7), fit.posterior(500, seed=7)
    assert first.params.equals(second.params)
    assert not first.params.equals(fit.posterior(500, seed=8).params)
    assert first.params.shape == (500, 4)
    assert (first.params > 0).all(axis=None)


# Refusals


def test_options_are_named(cdnow_fits):
    fit = cdnow_fits["BetaGeoNBD"]
    with pytest.raises(ValueError, match="method must be 'importance' or 'metropolis': got 'nuts'"):
        fit.posterior(500, seed=1, method="nuts")
    with pytest.raises(ValueError, match="at least 100: got 10"):
        fit.posterior(10, seed=1)
    with pytest.raises(ValueError, match="a and b, or phi and kappa"):
        fit.posterior(500, seed=1, prior={"a": uniform()})
    with pytest.raises(ValueError, match="unknown parameters"):
        cdnow_fits["ParetoNBD"].posterior(500, seed=1, prior={"a": uniform()})


def test_a_posterior_that_leans_is_refused_until_the_proposal_has_moved(cdnow_fits, monkeypatch):
    """A wide prior of the dropout leaves a long ridge, which no t at its mode covers."""
    prior = {"s": lognorm(1.0, scale=1.0), "beta": lognorm(1.5, scale=37.0)}
    monkeypatch.setattr("goodlib.value.posterior.ROUNDS", 1)
    with pytest.raises(goodlib.PosteriorError, match="k-hat is .* Use method='metropolis'"):
        cdnow_fits["ParetoNBD"].posterior(500, seed=1, prior=prior)
    monkeypatch.undo()
    assert cdnow_fits["ParetoNBD"].posterior(500, seed=1, prior=prior).khat < 0.7


def test_where_importance_sampling_is_refused_the_fallback_it_names_answers(
    cdnow_fits, monkeypatch
):
    """The same ridge: Metropolis moves its proposal first, and agrees with what is then trusted."""
    prior = {"s": lognorm(1.0, scale=1.0), "beta": lognorm(1.5, scale=37.0)}
    fit = cdnow_fits["ParetoNBD"]
    monkeypatch.setattr("goodlib.value.posterior.ROUNDS", 1)
    chain = fit.posterior(500, seed=1, prior=prior, method="metropolis")
    monkeypatch.undo()
    trusted = fit.posterior(1000, seed=2, prior=prior)
    assert chain.method == "metropolis"
    assert chain.ess > 100
    assert ((chain.mean - trusted.mean).abs() < 0.3 * trusted.sd).all()
