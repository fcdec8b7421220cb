"""What a fit says is wrong with itself: each named problem by data that have it."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import goodlib
from goodlib.value import inference
from goodlib.value.amount import LogNormalSpend, SingleGammaGamma, repeat_amounts
from goodlib.value.optimum import maximise
from goodlib.value.selection import choose

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import recovery  # noqa: E402
import spend_recovery  # noqa: E402


def base(model, k=1, n=400, seed=3, T=(26, 52)):
    T = np.random.default_rng(1).uniform(*T, n)
    return recovery.simulate(model, k, recovery.TRUE, T, 0.0, seed)


def said(fit):
    return {problem.name: problem for problem in fit.problems}


# Laws


def test_a_sound_base_has_no_problem():
    assert goodlib.ParetoNBD(base(goodlib.ParetoNBD)).fit().problems == ()


def test_a_climb_cut_short_did_not_converge(monkeypatch):
    monkeypatch.setattr(inference, "maximise", partial(maximise, limit=3))
    fit = goodlib.ParetoNBD(base(goodlib.ParetoNBD)).fit()
    problem = said(fit)["did not converge"]
    assert not fit.converged
    assert "3 evaluations, largest slope" in problem.evidence
    assert "Pass another `start` or a simpler model" in problem.cure
    assert "converged NO" in str(fit.summary())


def test_customers_who_do_not_differ_put_the_fit_at_the_boundary():
    """A Poisson world without spread or dropout: r and alpha run off together, and s to nothing."""
    rng = np.random.default_rng(0)
    x = rng.poisson(4, 400)
    recency = np.where(x > 0, 50 * rng.beta(np.maximum(x, 1), 1), 0)
    fit = goodlib.ParetoNBD(pd.DataFrame({"frequency": x, "recency": recency, "T": 50.0})).fit()
    problem = said(fit)["at the boundary"]
    assert "A simpler model" in problem.cure
    assert problem.evidence


def test_customers_without_repeat_identify_nothing():
    silent = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": np.arange(1.0, 51.0)})
    for model in (goodlib.BetaGeoNBD, goodlib.ModifiedBetaGeoNBD):
        problems = said(model(silent).fit())
        assert "the likelihood is flat along" in problems["not identified"].evidence
        assert "0 of 50 customers bought again" in problems["few repeat customers"].evidence


def test_a_ridge_blows_standard_errors_up():
    """Thirty clients of a firm say little of how dropout differs between them."""
    T = np.random.default_rng(20_002).uniform(1, 6, 30)
    data = recovery.simulate(goodlib.ParetoNBD, 1, recovery.FIRM, T, 0.0, seed=2)
    problem = said(goodlib.ParetoNBD(data).fit())["standard errors blown up"]
    assert "to within a factor of" in problem.evidence
    assert problem.cure == "Read the posterior, not this point"


def test_few_repeat_customers_are_counted():
    few = base(goodlib.BetaGeoNBD, n=30, T=(5, 10))
    back = int((few["frequency"] > 0).sum())
    assert back < 20
    problem = said(goodlib.BetaGeoNBD(few).fit())["few repeat customers"]
    assert problem.evidence == f"{back} of 30 customers bought again"


def test_a_cohort_seen_for_less_than_two_purchases_is_too_short():
    short = base(goodlib.ParetoNBD, n=1500, T=(1, 4))
    gap = short["recency"].sum() / short["frequency"].sum()
    short = short.assign(T=short["recency"].clip(lower=1.5 * gap))
    problem = said(goodlib.ParetoNBD(short).fit())["history too short"]
    assert "half of the customers were seen for" in problem.evidence
    assert "use more history" in problem.cure


def test_covariates_that_make_bgnbd_degenerate_are_flagged():
    """As on CLVTools' apparel data, where a 1223 and b 9044: nobody differs in how they leave."""
    rng = np.random.default_rng(5)
    summary = base(goodlib.ParetoNBD, n=600, seed=8)
    flat = summary.assign(size=rng.normal(size=600))
    flat.loc[flat["frequency"] > 0, "recency"] = flat["T"]  # nobody has left
    names = set(said(goodlib.BetaGeoNBD(flat, purchase="~ size", dropout="~ size").fit()))
    assert names & {"at the boundary", "not identified", "standard errors blown up"}


def test_amounts_dominated_by_a_few_have_no_mean():
    rng = np.random.default_rng(1)
    x = np.full(200, 3)
    heavy = rng.gamma(3 * 0.8, 1 / rng.gamma(0.7, 1, 200)) / 3
    fit = goodlib.GammaGamma(pd.DataFrame({"frequency": x, "monetary_value": heavy})).fit()
    problem = said(fit)["spend has no mean"]
    assert "exists only above 1" in problem.evidence
    assert fit.mean_spend_new() == np.inf
    new = pd.DataFrame({"frequency": [0], "monetary_value": [np.nan]})
    assert fit.expected_spend(new).isna().all()


def test_a_second_top_that_the_data_hardly_tell_from_the_first_is_named():
    """MBG/NBD of 60 customers: did they leave after the first purchase, or do they buy rarely?"""
    T = np.random.default_rng(14).uniform(26, 52, 60)
    data = recovery.simulate(goodlib.ModifiedBetaGeoNBD, 1, recovery.TRUE, T, 0.0, seed=13)
    fit = goodlib.ModifiedBetaGeoNBD(data).fit()
    assert "lower in log-likelihood, at r 1.2" in said(fit)["two tops"].evidence
    assert fit.params["a"] > 1000  # the higher one: all are as likely to leave


def test_one_amount_each_tells_no_scatter_of_ones_own():
    orders = spend_recovery.orders("normal", 60, 1)
    first_two = orders[orders.groupby("customer_id").cumcount() < 2]
    problems = said(LogNormalSpend(repeat_amounts(first_two)).fit())
    assert problems["not identified"].evidence == "no customer has two repeat purchases"


def test_few_contracts_that_ended():
    few = pd.DataFrame({"periods": [1, 1, 1], "left": [True, False, False], "weights": [5, 9, 6]})
    problems = said(goodlib.ShiftedBetaGeometric(few).fit())
    assert problems["few ended contracts"].evidence == "5 of 20 contracts ended"
    assert problems["history too short"].evidence == "one renewal was seen"


def test_a_model_with_a_problem_is_chosen_last():
    data = base(goodlib.ParetoNBD)
    sound, troubled = goodlib.ParetoNBD(data).fit(), goodlib.NBD(data).fit()
    object.__setattr__(troubled, "problems", (inference.Problem("at the boundary", "r", "x"),))
    assert choose([troubled, sound]) is sound


MODELS = [
    lambda: goodlib.NBD(base(goodlib.NBD)),
    lambda: goodlib.ParetoNBD(base(goodlib.ParetoNBD)),
    lambda: goodlib.BetaGeoNBD(base(goodlib.BetaGeoNBD)),
    lambda: goodlib.BetaGeoNBD(base(goodlib.BetaGeoNBD, 2), k=2),
    lambda: goodlib.ModifiedBetaGeoNBD(base(goodlib.ModifiedBetaGeoNBD)),
    lambda: goodlib.ModifiedBetaGeoNBD(base(goodlib.ModifiedBetaGeoNBD, 3), k=3),
    lambda: goodlib.GammaGamma(spend_recovery.means(spend_recovery.orders("gamma", 200, 1))),
    lambda: SingleGammaGamma(repeat_amounts(spend_recovery.orders("gamma", 200, 1))),
    lambda: LogNormalSpend(repeat_amounts(spend_recovery.orders("normal", 200, 1))),
    lambda: goodlib.BetaGeoBetaBinomial(spend_recovery.chances(500, 8, 1)),
    lambda: goodlib.ShiftedBetaGeometric(spend_recovery.contracts(500, 7, 1)),
]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: type(make()).__name__)
def test_any_start_ends_at_the_same_top_or_says_why_not(make):
    """Forty starts, parameters anywhere from .001 to 1,000, even on the log scale; none climbs
    higher than the fit that chose its own.
    """
    model = make()
    best = model.fit()
    for start in 10 ** np.random.default_rng(4).uniform(-3, 3, (40, len(model.names))):
        fit = model.fit(start=list(start))
        assert fit.llf < best.llf + 1e-6, start
        assert fit.problems or fit.llf == pytest.approx(best.llf, abs=1e-6), start


# Hostile extremes of scale

PURCHASES = [goodlib.NBD, goodlib.ParetoNBD, goodlib.BetaGeoNBD, goodlib.ModifiedBetaGeoNBD]


@pytest.mark.parametrize("factor", [604_800.0, 7 / 3652.5], ids=["seconds", "decades"])
@pytest.mark.parametrize("model", PURCHASES)
def test_the_unit_of_time_moves_times_alone_from_any_start(model, factor):
    weeks = base(model)
    other = model(weeks.assign(recency=weeks["recency"] * factor, T=weeks["T"] * factor))
    one, fit = model(weeks).fit(), other.fit()
    times = np.array([factor if name in ("alpha", "beta") else 1.0 for name in one.params.index])
    np.testing.assert_allclose(fit.params, one.params * times, rtol=1e-5)
    assert fit.llf == pytest.approx(
        one.llf - weeks["frequency"].sum() * np.log(factor), rel=1e-9, abs=1e-6
    )
    assert [p.name for p in fit.problems] == [p.name for p in one.problems] == []
    for start in 10 ** np.random.default_rng(5).uniform(-3, 3, (12, len(one.params))):
        assert other.fit(start=list(start)).llf == pytest.approx(fit.llf, abs=1e-6)


def extreme(which):
    """Histories that no firm has, or few: x, t_x and T."""
    rng = np.random.default_rng(2)
    x = rng.poisson(3, 150)
    inside = rng.beta(np.maximum(x, 1), 1)
    wide = 10 ** rng.uniform(-3, 4, 150)
    often = rng.poisson(np.minimum(rng.gamma(1, 0.1, 150) * wide, 1e4))
    T = rng.uniform(26, 52, 150)
    cases = {
        "thirty": (x[:30], 50 * inside[:30], 50.0),
        "frequency 10,000": (np.append(x, 10_000), np.append(40 * inside, 49.9), 50.0),
        "T over seven orders": (often, wide * inside, wide),
        "recency is T": (x, T, T),
        "recency tiny": (x, 1e-9 * T, T),
        "recency beyond the last digit": (x, np.full(150, 1e-300), T),
        "one customer": (np.array([3]), np.array([20.0]), 30.0),
        "one silent customer": (np.array([0]), np.array([0.0]), 30.0),
        "all alike": (np.full(50, 5), np.full(50, 20.0), 30.0),
    }
    x, recency, T = cases[which]
    return pd.DataFrame({"frequency": x, "recency": np.where(x > 0, recency, 0.0), "T": T})


@pytest.mark.parametrize("model", PURCHASES)
@pytest.mark.parametrize(
    ("which", "troubled"),
    [
        ("thirty", False),
        ("frequency 10,000", False),
        ("T over seven orders", True),
        ("recency is T", True),
        ("recency tiny", True),
        ("recency beyond the last digit", True),
        ("one customer", True),
        ("one silent customer", True),
        ("all alike", True),
    ],
)
def test_extremes_stay_finite_and_what_they_cannot_tell_is_named(model, which, troubled):
    """`troubled`: no model with dropout may pass for sound there; NBD sees x and T alone."""
    summary = extreme(which)
    fit = model(summary).fit()
    alive, more = fit.p_alive(), fit.expected_purchases(float(summary["T"].max()))
    for values in (fit.params, [fit.llf], alive, more, fit.dert(0.1, 52)):
        assert np.isfinite(values).all()
    assert alive.between(0, 1).all()
    assert (more >= 0).all()
    if troubled and model is not goodlib.NBD:
        assert fit.problems
    elif not fit.problems:  # sound: a top, and standard errors that say so
        assert fit.converged
        assert np.isfinite(fit.bse).all()
