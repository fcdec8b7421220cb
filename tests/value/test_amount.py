"""Single amounts: the log-normal, Gamma-Gamma for the same amounts, and which describes them."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from goodlib.history import summarize
from goodlib.value.amount import LogNormalSpend, SingleGammaGamma, repeat_amounts
from goodlib.value.selection import choose_spend, fit_spend
from goodlib.value.spend import GammaGamma

TRUTH = (6.0, 0.8, 0.5)  # mu, sigma, tau


def buy(level, scatter, size, seed, mean=3.0, effect=0.0):
    """Orders of customers whose log amounts have these laws; the first order counts as none."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(rng.gamma(2.0, mean / 2, size)) + 1
    who = np.repeat(np.arange(size), count)
    own = level[0] + level[1] * rng.standard_normal(size) + effect * np.log1p(count - 1)
    amount = np.exp(own[who] + scatter * rng.standard_normal(len(who)))
    day = np.arange(len(who)) - np.repeat(count.cumsum() - count, count)
    date = pd.Timestamp("2020-01-01") + pd.to_timedelta(7 * day, unit="D")
    return pd.DataFrame({"customer_id": who, "date": date, "amount": amount})


def amounts(size, seed, **options):
    return repeat_amounts(buy((TRUTH[0], TRUTH[2]), TRUTH[1], size, seed, **options))


# Oracle


def test_amounts_are_those_of_the_days_after_the_first():
    """Two orders on one day are one; the first day is left out; free days have no logarithm."""
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "a", "b", "c", "c"],
            "date": pd.to_datetime(
                ["2020-01-01", "2020-02-01", "2020-02-01", "2020-03-01", "2020-04-01"]
                + ["2020-01-05", "2020-01-01", "2020-05-01"]
            ),
            "amount": [99.0, 3.0, 4.0, 0.0, 28.0, 5.0, 1.0, 2.0],
        }
    )
    found = repeat_amounts(orders.sample(frac=1, random_state=1))
    assert found["n"].to_dict() == {"a": 2, "b": 0, "c": 1}
    assert found["free"].to_dict() == {"a": 1, "b": 0, "c": 0}
    assert found.loc["a", "total"] == 35
    assert found.loc["a", "mean_log"] == pytest.approx(np.log([7, 28]).mean())
    assert found.loc["a", "ss_log"] == pytest.approx(np.log(2) ** 2 * 2)
    assert repeat_amounts(orders, end="2020-04-30").loc["c", "n"] == 0


def test_log_normal_likelihood_is_the_multivariate_normal_density_of_the_logs():
    orders = buy((6.0, 0.5), 0.8, 40, 1)
    mu, sigma, tau = 5.8, 0.9, 0.4
    later = orders[orders["customer_id"].duplicated()]
    total = -np.log(later["amount"]).sum()
    for _, logs in np.log(later["amount"]).groupby(later["customer_id"]):
        cov = sigma**2 * np.eye(len(logs)) + tau**2
        total += stats.multivariate_normal(np.full(len(logs), mu), cov).logpdf(logs)
    assert LogNormalSpend(repeat_amounts(orders)).loglike([mu, sigma, tau]) == pytest.approx(total)


def test_gamma_gamma_of_single_amounts_is_the_integral_over_the_customers_rate():
    sets = [[3.0, 9.0], [12.5], [40.0, 35.0, 60.0]]
    p, q, gamma = 2.5, 3.5, 20.0
    total = 0.0
    for values in sets:

        def density(nu, values=values):
            law = stats.gamma(p, scale=1 / nu)
            return law.pdf(values).prod() * stats.gamma(q, scale=1 / gamma).pdf(nu)

        total += np.log(integrate.quad(density, 0, 5, limit=400, epsabs=1e-16)[0])
    rows = [(c, 10 * i, v) for c, values in enumerate(sets) for i, v in enumerate([1, *values])]
    orders = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    orders["date"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(orders["date"], unit="D")
    model = SingleGammaGamma(repeat_amounts(orders))
    assert model.loglike([p, q, gamma]) == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize("which", ["log-normal", "with formula and penalty", "gamma-gamma"])
def test_gradient_and_hessian_match_differences(which):
    orders = buy((6.0, 0.5), 0.8, 200, 2)
    given = repeat_amounts(orders)
    if which == "gamma-gamma":
        model, theta = SingleGammaGamma(given), np.log([1.4, 4.2, 0.9])
    elif which == "log-normal":
        model, theta = LogNormalSpend(given), np.array([0.1, -0.3, -0.5])
    else:
        frame = pd.DataFrame({"size": np.arange(len(given)) % 7}, index=given.index)
        model = LogNormalSpend(given, "~ size + C(size % 2)", frame, penalty=2.0)
        theta = np.array([0.1, -0.3, -0.5, 0.2, -0.1])
    _, gradient, hessian = model.derivatives(theta)
    step = 1e-5 * np.eye(len(theta))
    slopes = [(model.value(theta + h) - model.value(theta - h)) / 2e-5 for h in step]
    bends = [
        (model.derivatives(theta + h)[1] - model.derivatives(theta - h)[1]) / 2e-5 for h in step
    ]
    assert gradient == pytest.approx(slopes, rel=1e-5, abs=1e-3)
    assert hessian == pytest.approx(np.array(bends), rel=1e-5, abs=1e-3)


def test_expected_spend_is_that_of_simulated_customers_with_the_same_history():
    """Two amounts whose mean log is near 6.5: what such customers spend next, on average."""
    mu, sigma, tau = TRUTH
    rng = np.random.default_rng(3)
    own = mu + tau * rng.standard_normal(1_500_000)
    seen = own + sigma / np.sqrt(2) * rng.standard_normal(len(own))
    near = np.abs(seen - 6.5) < 0.02
    following = np.exp(own[near] + sigma * rng.standard_normal(near.sum()))
    history = pd.DataFrame(
        {"n": [2], "total": [1400.0], "mean_log": [6.5], "ss_log": [0.1], "free": [0]}
    )
    fit = LogNormalSpend(amounts(100, 1)).fit().at(TRUTH)
    mean, error = following.mean(), following.std() / np.sqrt(near.sum())
    assert fit.expected_spend(history).iloc[0] == pytest.approx(mean, abs=4 * error)


def test_draws_of_spend_have_the_expected_mean():
    given = amounts(300, 4)
    fit = LogNormalSpend(given).fit()
    rng = np.random.default_rng(1)
    drawn = np.array([fit.sample_spend(fit.params, np.full(300, 2), rng) for _ in range(800)])
    error = drawn.sum(axis=1).std() / np.sqrt(800)
    assert drawn.sum(axis=1).mean() == pytest.approx(2 * fit.expected_spend().sum(), abs=4 * error)


def test_the_posterior_of_single_amounts_is_theirs(rng):
    """Log-likelihood and slopes speak of the same amounts, so the proposal fits the posterior."""
    rate = rng.gamma(4.0, 1 / 60.0, 200)
    orders = buy((0.0, 0.0), 0.0, 200, 3)
    orders["amount"] = rng.gamma(4.0, 1 / rate[orders["customer_id"]])
    fit = SingleGammaGamma(repeat_amounts(orders)).fit()
    assert fit.model.loglike(fit.params) == pytest.approx(fit.llf, abs=1e-8)
    assert fit.posterior(500, 1).khat < 0.5


# Laws


def test_amounts_of_1e8_fit_like_amounts_of_1():
    orders = buy((0.0, 0.5), 0.8, 300, 5)
    large = orders.assign(amount=orders["amount"] * 1e8)
    for model in (LogNormalSpend, SingleGammaGamma):
        one, other = (model(repeat_amounts(frame)).fit() for frame in (orders, large))
        count = repeat_amounts(orders)["n"].sum()
        assert one.llf - other.llf == pytest.approx(count * np.log(1e8))
        assert other.mean_spend_new() == pytest.approx(1e8 * one.mean_spend_new(), rel=1e-6)
        assert not other.problems


def test_likelihood_tells_the_two_laws_apart():
    """Planted log-normal and planted gamma amounts: each is found."""
    orders = buy((6.0, 0.5), 0.8, 400, 6)
    rng = np.random.default_rng(7)
    rate = rng.gamma(4.0, 1 / 60.0, 400)[orders["customer_id"]]
    gamma = orders.assign(amount=rng.gamma(3.0, 1 / rate))
    for frame, winner in ((orders, LogNormalSpend), (gamma, SingleGammaGamma)):
        summary = summarize(frame, end="2026-01-01", unit="W")
        fits = fit_spend(frame, summary)
        assert isinstance(fits[0].model, winner)
        chosen = choose_spend(fits, summary)
        assert isinstance(chosen.model, GammaGamma if winner is SingleGammaGamma else winner)


def test_planted_parameters_are_found_and_intervals_hold():
    """In 60 simulated bases 95 % intervals miss each parameter rarely: 8 misses have p < .01."""
    missed = np.zeros(3)
    for seed in range(60):
        bounds = LogNormalSpend(amounts(200, seed)).fit().conf_int().to_numpy()
        missed += (np.array(TRUTH) < bounds[:, 0]) | (np.array(TRUTH) > bounds[:, 1])
    assert missed.max() <= 8


def test_spend_that_goes_with_frequency_is_found():
    orders = buy((6.0, 0.5), 0.8, 500, 8, effect=0.4)
    summary = summarize(orders, end="2026-01-01", unit="W")
    given = repeat_amounts(orders).reindex(summary.index)
    flat = LogNormalSpend(given).fit()
    fit = LogNormalSpend(given, "~ np.log1p(frequency)", summary).fit()
    assert fit.lr_test(flat).pvalue < 1e-6
    slope = fit.params.iloc[3] / fit.model.design.scale[0]
    error = fit.bse.iloc[3] / fit.model.design.scale[0]
    assert slope == pytest.approx(0.4, abs=3 * error)
    new = summary["frequency"] == 0
    assert fit.expected_spend(summary[new]).mean() < 0.8 * flat.expected_spend(summary[new]).mean()


def test_a_penalty_draws_coefficients_to_zero():
    given = amounts(60, 9)
    noise = pd.DataFrame(
        np.random.default_rng(0).normal(size=(len(given), 3)),
        index=given.index,
        columns=["a", "b", "c"],
    )
    sizes = [
        np.abs(LogNormalSpend(given, "~ a + b + c", noise, penalty=penalty).fit().params[3:]).sum()
        for penalty in (0.0, 10.0, 1000.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_free_purchases_lower_what_a_purchase_is_expected_to_bring():
    orders = buy((6.0, 0.5), 0.8, 300, 10)
    rng = np.random.default_rng(2)
    later = orders["customer_id"].duplicated() & (rng.random(len(orders)) < 0.25)
    free = orders.assign(amount=orders["amount"].where(~later, 0.0))
    fit = LogNormalSpend(repeat_amounts(free)).fit()
    assert fit.model.paid == pytest.approx(0.75, abs=0.04)
    assert "free purchases" in [problem.name for problem in fit.problems]
    whole = LogNormalSpend(repeat_amounts(orders)).fit()
    ratio = fit.expected_spend().sum() / whole.expected_spend().sum()
    assert ratio == pytest.approx(0.75, abs=0.08)


def test_posterior_agrees_with_the_likelihood_on_many_customers():
    fit = LogNormalSpend(amounts(800, 11)).fit()
    posterior = fit.posterior(2000, 1)
    assert posterior.khat < 0.7
    assert (posterior.mean - fit.params).abs().div(fit.bse).max() < 0.3
    assert posterior.sd.div(fit.bse).between(0.9, 1.1).all()


def test_amounts_that_never_differ_are_a_problem_and_no_crash():
    """A flat fee each: without any spread within a customer the likelihood has no top."""
    flat = amounts(30, 1).assign(ss_log=0.0)
    fit = LogNormalSpend(flat).fit()
    assert fit.problems
    assert np.isfinite(fit.params.to_numpy()).all()


# Refusals


def test_strangers_are_refused():
    fit = LogNormalSpend(amounts(30, 1)).fit()
    strange = pd.DataFrame({"frequency": [1]}, index=["Z"])
    with pytest.raises(ValueError, match=r"1 of 1 are not among those fitted to \(first: 'Z'\)"):
        fit.expected_spend(strange)


def test_bad_amounts_are_refused():
    good = amounts(30, 1)
    with pytest.raises(ValueError, match=r"mean_log.* missing. Use repeat_amounts"):
        LogNormalSpend(good.drop(columns="mean_log"))
    with pytest.raises(ValueError, match="ss_log must be 0 or more: 1 of 30"):
        LogNormalSpend(good.assign(ss_log=[-1.0] + [0.0] * 29))
    with pytest.raises(ValueError, match="0 of 30 have a repeat purchase above 0"):
        LogNormalSpend(good.assign(n=0))
    with pytest.raises(ValueError, match="penalty must be a number from 0: got -1"):
        LogNormalSpend(good, penalty=-1)


def test_formulas_that_cannot_be_answered_are_refused():
    good = amounts(30, 1)
    with pytest.raises(ValueError, match="a formula needs covariates"):
        LogNormalSpend(good, "~ size")
    frame = pd.DataFrame({"size": 1.0}, index=good.index)
    with pytest.raises(ValueError, match="must vary and not depend on each other: got size"):
        LogNormalSpend(good, "~ size", frame)
    with pytest.raises(ValueError, match="1 of .* have none"):
        LogNormalSpend(good, "~ size", frame.drop(index=good.index[good["n"] > 0][0]))
