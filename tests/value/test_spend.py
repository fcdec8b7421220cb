"""Mean spend of each customer."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from goodlib.history import summarize
from goodlib.value.spend import GammaGamma, independence


@pytest.fixture(scope="module")
def cdnow(cdnow_orders):
    return summarize(cdnow_orders, end="1997-09-30", unit="W")


@pytest.fixture(scope="module")
def fitted(cdnow):
    return GammaGamma(cdnow).fit()


def simulated(n, p=4.0, q=5.0, gamma=60.0, seed=0, rate=3.0):
    rng = np.random.default_rng(seed)
    x = rng.poisson(rate, n)
    nu = rng.gamma(q, 1 / gamma, n)
    z = rng.gamma(p * np.maximum(x, 1), 1 / (nu * np.maximum(x, 1)))
    return pd.DataFrame({"frequency": x, "monetary_value": np.where(x > 0, z, np.nan)})


# Published


def test_cdnow_estimates_match_fader_hardie_note_025(fitted):
    assert fitted.nobs == 946
    assert fitted.params["p"] == pytest.approx(6.25, abs=0.005)
    assert fitted.params["q"] == pytest.approx(3.74, abs=0.005)
    assert fitted.params["gamma"] == pytest.approx(15.44, abs=0.005)
    assert fitted.params.to_numpy() == pytest.approx([6.2495716, 3.7442246, 15.4435220], abs=2e-6)
    assert fitted.llf == pytest.approx(-4055.917695, abs=5e-7)


def test_cdnow_loglike_at_the_published_estimates(fitted):
    loglike = fitted.model.loglike([6.25, 3.74, 15.44])
    assert loglike == pytest.approx(-4055.919232049544, abs=1e-8)


def test_cdnow_standard_errors(fitted):
    assert fitted.bse.to_numpy() == pytest.approx([1.1900, 0.2901, 4.1594], abs=6e-5)


def test_cdnow_conditional_means_of_note_025(cdnow, fitted):
    """The note's spreadsheet uses its two-digit estimates; the recomputed optimum has 35.1704."""
    mean = fitted.at([6.25, 3.74, 15.44]).expected_spend()
    expected = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert mean.to_numpy()[:10] == pytest.approx(expected, abs=0.06)
    assert fitted.mean_spend_new() == pytest.approx(35.1704, abs=5e-5)
    assert fitted.at([6.25, 3.74, 15.44]).mean_spend_new() == pytest.approx(35.2190, abs=5e-5)


def test_cdnow_figures_of_the_lifetimes_quickstart(cdnow):
    """It rounds means to cents: 22.345 is 22.35 there. Its optimum is good to six digits."""
    cents = cdnow["monetary_value"].add(1e-9).round(2)
    rounded = cdnow.assign(monetary_value=cents)
    fit = GammaGamma(rounded).fit()
    assert fit.params.to_numpy() == pytest.approx([6.25, 3.74, 15.45], abs=5e-3)
    back = rounded[rounded["frequency"] > 0]
    assert back["monetary_value"].mean() == pytest.approx(35.0785518, abs=5e-8)
    assert back["frequency"].corr(back["monetary_value"]) == pytest.approx(0.113884, abs=5e-7)
    assert fit.expected_spend().mean() == pytest.approx(35.2529588, abs=2e-6)
    expected = [24.658619, 18.911489, 35.170981, 35.170981, 35.170981, 71.462843, 18.911489]
    expected += [35.170981, 27.282408, 35.170981]
    assert fit.expected_spend().to_numpy()[:10] == pytest.approx(expected, abs=3e-5)


def test_cdnow_repeat_buyers_of_the_published_summary(cdnow):
    spend = cdnow["monetary_value"].dropna()
    assert len(spend) == 946
    assert spend.mean() == pytest.approx(35.08, abs=0.005)
    assert spend.max() == pytest.approx(299.63, abs=0.005)


# Oracle


def test_likelihood_is_the_integral_over_the_customers_rate():
    """Gamma(p x, nu x) density of the mean, integrated over nu ~ Gamma(q, gamma)."""
    p, q, gamma = 2.5, 3.5, 20.0
    summary = pd.DataFrame({"frequency": [1, 2, 7], "monetary_value": [3.0, 12.5, 40.0]})
    total = 0.0
    for x, z in summary.itertuples(index=False):

        def density(nu, x=x, z=z):
            return stats.gamma(p * x, scale=1 / (nu * x)).pdf(z) * stats.gamma(
                q, scale=1 / gamma
            ).pdf(nu)

        total += np.log(integrate.quad(density, 0, 5, limit=400, epsabs=1e-14)[0])
    assert GammaGamma(summary).loglike([p, q, gamma]) == pytest.approx(total, abs=1e-7)


def spenders(n, seed, effects=(0.4, -0.6), q=5.0):
    """Customers whose mean spend goes with the log of their size, and is lower in the south."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"frequency": rng.poisson(2.0, n), "size": rng.lognormal(8, 1, n)})
    frame["region"] = rng.choice(["north", "south"], n)
    speaks = effects[0] * (np.log(frame["size"]) - 8) + effects[1] * (frame["region"] == "south")
    rate = rng.gamma(q, 1, n) / (60.0 * np.exp(speaks))
    x = np.maximum(frame["frequency"], 1)
    z = rng.gamma(4.0 * x) / (rate * x)
    return frame.assign(monetary_value=z.where(frame["frequency"] > 0), truth=4.0 / rate)


BY = "~ log(size) + region"


def test_likelihood_with_covariates_is_the_plain_one_at_each_customers_own_scale():
    few = spenders(40, 1)
    model = GammaGamma(few, BY)
    direct = 0.0
    for _, one in few[few["frequency"] > 0].iterrows():
        gamma = 30 * np.exp(0.3 * np.log(one["size"]) - 0.5 * (one["region"] == "south"))
        alone = one[["frequency", "monetary_value"]].to_frame().T.astype(float)
        direct += GammaGamma(alone).loglike([3.0, 4.0, gamma])
    params = {"p": 3, "q": 4, "gamma": 30, "spend:log(size)": 0.3, "spend:region[T.south]": -0.5}
    assert model.loglike(params) == pytest.approx(direct, rel=1e-12)


@pytest.mark.parametrize("formula", [None, BY])
def test_gradient_and_hessian_match_differences(formula):
    model = GammaGamma(spenders(200, 1), formula, penalty=3.0)
    theta = np.concatenate([np.log([3.1, 4.2, 0.9]), [0.2, -0.3][: 2 * bool(formula)]])
    _, gradient, hessian = model.derivatives(theta)
    step = 1e-5 * np.eye(len(theta))
    slopes = [(model.value(theta + h) - model.value(theta - h)) / 2e-5 for h in step]
    assert gradient == pytest.approx(slopes, rel=1e-5)
    bends = [
        (model.derivatives(theta + h)[1] - model.derivatives(theta - h)[1]) / 2e-5 for h in step
    ]
    assert hessian == pytest.approx(np.array(bends), rel=1e-5, abs=1e-4)


def test_expected_spend_is_the_posterior_mean():
    """Simulated: customers whose first mean is near 30 spend on average what the formula says."""
    p, q, gamma = 4.0, 5.0, 60.0
    rng = np.random.default_rng(3)
    nu = rng.gamma(q, 1 / gamma, 2_000_000)
    z = rng.gamma(p * 2, 1 / (nu * 2))
    near = np.abs(z - 30) < 0.25
    future = p / nu[near]
    summary = pd.DataFrame({"frequency": [2], "monetary_value": [30.0]})
    expected = GammaGamma(simulated(50)).fit().at([p, q, gamma]).expected_spend(summary).iloc[0]
    assert expected == pytest.approx(future.mean(), abs=4 * future.std() / np.sqrt(near.sum()))


# Laws


def test_amounts_of_1e8_fit_like_amounts_of_1():
    summary = simulated(400)
    large = summary.assign(monetary_value=summary["monetary_value"] * 1e8)
    one, other = GammaGamma(summary).fit(), GammaGamma(large).fit()
    assert other.params["p"] == pytest.approx(one.params["p"], rel=1e-6)
    assert other.params["gamma"] == pytest.approx(one.params["gamma"] * 1e8, rel=1e-6)
    assert not other.problems


def test_shuffling_customers_changes_nothing():
    summary = simulated(300)
    shuffled = GammaGamma(summary.sample(frac=1, random_state=1)).fit()
    assert shuffled.params.to_numpy() == pytest.approx(
        GammaGamma(summary).fit().params.to_numpy(), rel=1e-8
    )


def test_planted_parameters_are_found_and_intervals_hold():
    """In 60 simulated bases 95 % intervals miss each parameter rarely: 8 misses have p < .01."""
    truth = np.array([4.0, 5.0, 60.0])
    missed = np.zeros(3)
    for seed in range(60):
        bounds = GammaGamma(simulated(300, seed=seed)).fit().conf_int().to_numpy()
        missed += (truth < bounds[:, 0]) | (truth > bounds[:, 1])
    assert missed.max() <= 8


def test_effects_of_covariates_are_found_and_intervals_hold():
    """In 40 simulated bases 95 % intervals miss each parameter rarely: 7 misses have p < .01."""
    true = {"p": 4.0, "q": 5.0, "spend:log(size)": 0.4, "spend:region[T.south]": -0.6}
    truth, missed = pd.Series(true), pd.Series(0, index=list(true))
    for seed in range(40):
        bounds = GammaGamma(spenders(300, seed), BY).fit().conf_int().loc[truth.index]
        missed += ((bounds["lower"] > truth) | (bounds["upper"] < truth)).astype(int)
    assert missed.max() <= 6


def test_expected_spend_goes_with_covariates_and_draws_follow():
    """Who bought once is expected to spend as people like him do; draws have that mean."""
    summary = spenders(4000, 3)
    fit, plain = GammaGamma(summary, BY).fit(), GammaGamma(summary).fit()
    assert fit.lr_test(plain).pvalue < 1e-20
    once = summary["frequency"] == 0
    truth = summary["truth"][once]
    error = [np.log(f.expected_spend(summary[once]) / truth).std() for f in (fit, plain)]
    assert error[0] < 0.85 * error[1]
    assert fit.expected_spend(summary[once]).mean() == pytest.approx(truth.mean(), rel=0.1)
    rng = np.random.default_rng(4)
    drawn = np.array([fit.sample_spend(fit.params, np.full(4000, 2), rng) for _ in range(600)])
    expected = 2 * fit.expected_spend().sum()
    wobble = drawn.sum(axis=1).std() / np.sqrt(600)
    assert drawn.sum(axis=1).mean() == pytest.approx(expected, abs=4 * wobble)
    new = pd.DataFrame({"frequency": [0], "monetary_value": [np.nan], "region": ["south"]})
    middle = GammaGamma(summary, "~ log(size)").fit()
    back = summary["frequency"] > 0
    centre = np.exp(np.log(summary["size"][back]).mean())
    average = middle.expected_spend(new.assign(size=centre)).iloc[0]
    assert middle.mean_spend_new() == pytest.approx(average, rel=1e-9)


def test_a_penalty_carries_a_small_base():
    """Forty customers in a dozen regions that do not differ: effects come out a third as large."""
    loose, held = [], []
    for seed in range(8):
        few = spenders(45, seed, effects=(0.0, 0.0))
        few["region"] = [f"r{i % 12}" for i in range(45)]
        for found, penalty in ((loose, 0.0), (held, 50.0)):
            fit = GammaGamma(few, "~ region", penalty=penalty).fit()
            found.append((fit.params.iloc[3:] ** 2).mean())
    assert np.mean(held) < np.mean(loose) / 3
    assert fit.llf < GammaGamma(few, "~ region").fit().llf
    with pytest.raises(ValueError, match="a penalty"):
        fit.lr_test(GammaGamma(few).fit())
    assert GammaGamma(few, "~ region").fit().posterior(1000, seed=1).khat < 0.7


def test_amounts_of_1e8_with_covariates_scale_too():
    summary = spenders(500, 6)
    large = summary.assign(monetary_value=summary["monetary_value"] * 1e8)
    one, other = GammaGamma(summary, BY).fit(), GammaGamma(large, BY).fit()
    np.testing.assert_allclose(other.params.drop("gamma"), one.params.drop("gamma"), rtol=1e-6)
    np.testing.assert_allclose(other.expected_spend(), 1e8 * one.expected_spend(), rtol=1e-6)


def test_more_purchases_draw_less_to_the_mean():
    result = GammaGamma(simulated(500)).fit()
    few = pd.DataFrame({"frequency": [0, 1, 5, 50], "monetary_value": [np.nan, 40.0, 40.0, 40.0]})
    means = result.expected_spend(few)
    assert means[0] == pytest.approx(result.mean_spend_new())
    assert (np.diff(np.abs(means - 40.0)) < 0).all()


def test_independence_sees_a_planted_dependence():
    summary = simulated(2000)
    assert abs(independence(summary).correlation) < 0.08
    more = summary.assign(monetary_value=summary["monetary_value"] * summary["frequency"])
    assert independence(more).correlation > 0.3
    assert "understated" in independence(more).verdict


# Refusals


def test_nobody_came_back_is_refused():
    summary = pd.DataFrame({"frequency": [0, 0], "monetary_value": [np.nan, np.nan]})
    with pytest.raises(ValueError, match="0 of 2 have a frequency and a monetary_value above 0"):
        GammaGamma(summary)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"monetary_value": [5.0, -1.0]}, r"not be negative: 1 of 2 customers .*\(first: 1,"),
        ({"monetary_value": [5.0, np.nan]}, r"known of repeat buyers: 1 of 2"),
        ({"frequency": [1, -2]}, "frequency must be 0 or more: 1 of 2"),
    ],
)
def test_bad_customers_are_named(change, words):
    summary = pd.DataFrame({"frequency": [1, 2], "monetary_value": [5.0, 6.0]}).assign(**change)
    with pytest.raises(ValueError, match=words):
        GammaGamma(summary)


def test_other_columns_are_named():
    with pytest.raises(ValueError, match=r"\['monetary_value'\] missing"):
        GammaGamma(pd.DataFrame({"frequency": [1]}))


def test_few_and_free_repeat_buyers_are_problems():
    summary = pd.DataFrame(
        {"frequency": [1, 2, 3, 1, 2], "monetary_value": [10.0, 12.0, 30.0, 0.0, 55.0]}
    )
    names = [problem.name for problem in GammaGamma(summary).fit().problems]
    assert "few repeat buyers" in names
    assert "free purchases" in names


def test_covariates_that_cannot_be_answered_are_refused():
    summary = spenders(60, 7)
    fit = GammaGamma(summary, BY).fit()
    with pytest.raises(ValueError, match=r"of a kind seen in the fit: .*west"):
        fit.expected_spend(summary.assign(region="west"))
    with pytest.raises(ValueError, match="covariates must be known for every customer"):
        fit.expected_spend(summary.drop(columns="size"))
    with pytest.raises(ValueError, match="the formula of spend must hold covariates that vary"):
        GammaGamma(summary.assign(size=2.0), "~ size")
    with pytest.raises(ValueError, match="penalty must be a number from 0: got -1"):
        GammaGamma(summary, BY, penalty=-1)
