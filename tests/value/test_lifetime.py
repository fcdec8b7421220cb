"""What a customer is still worth."""

import numpy as np
import pandas as pd
import pytest

from goodlib.value.lifetime import discount_rate, draw_value, margins, residual_value
from goodlib.value.purchase import BetaGeoNBD, ParetoNBD
from goodlib.value.spend import GammaGamma

ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b"],
        "amount": [100.0, 100.0, 100.0],
        "cost": [50.0, 50.0, 80.0],
    }
)


@pytest.fixture(scope="module")
def summary():
    rng = np.random.default_rng(5)
    n = 400
    rate, leave = rng.gamma(0.8, 1 / 6, n), rng.gamma(0.6, 1 / 12, n)
    rows = []
    for lam, mu, T in zip(rate, leave, rng.uniform(20, 60, n), strict=True):
        life = min(rng.exponential(1 / mu), T)
        times = np.sort(rng.uniform(0, life, rng.poisson(lam * life)))
        rows.append((len(times), times[-1] if len(times) else 0.0, T))
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    amount = rng.gamma(5, 1 / rng.gamma(4, 1 / 30, n))
    return frame.assign(monetary_value=np.where(frame["frequency"] > 0, amount, np.nan))


# Published


def test_discount_rate_is_ln_one_plus_d_over_periods():
    """15 % a year is .0027 a week (Fader, Hardie & Lee 2005b)."""
    assert discount_rate(0.15, 52) == pytest.approx(0.0027, abs=5e-5)
    assert discount_rate(0.0, 52) == 0


# Oracle


def test_residual_value_is_the_discounted_sum_of_days(summary):
    """Day by day: expected purchases of each day, discounted, times spend and margin."""
    purchases, spend = BetaGeoNBD(summary).fit(), GammaGamma(summary).fit()
    some = summary.iloc[:6]
    value = residual_value(
        purchases, spend, 0.4, horizon=52, discount=0.2, periods_per_year=52, summary=some
    )
    days = np.arange(1, 365) / 7
    reached = np.column_stack([purchases.expected_purchases(t, some) for t in days])
    coming = np.diff(reached, axis=1, prepend=0.0)
    naive = coming @ np.exp(-np.log(1.2) / 52 * (days - 1 / 14)) * spend.expected_spend(some) * 0.4
    assert value["residual_value"].to_numpy() == pytest.approx(naive.to_numpy(), rel=2e-4)


def test_margins_are_drawn_towards_the_firms():
    """Firm: 120 of 300 = .4. a: (100 + .4 * 500) / (200 + 500); b: (20 + 200) / (100 + 500)."""
    share = margins(ORDERS)
    assert share["a"] == pytest.approx(300 / 700)
    assert share["b"] == pytest.approx(220 / 600)


# Laws


def test_value_scales_with_margin_and_falls_with_the_discount(summary):
    purchases, spend = ParetoNBD(summary).fit(), GammaGamma(summary).fit()
    options = {"horizon": 52.0, "periods_per_year": 52.0}
    full = residual_value(purchases, spend, 1.0, discount=0.0, **options)["residual_value"]
    half = residual_value(purchases, spend, 0.5, discount=0.0, **options)["residual_value"]
    later = residual_value(purchases, spend, 1.0, discount=0.3, **options)["residual_value"]
    assert half.to_numpy() == pytest.approx(full.to_numpy() / 2)
    assert (later < full).all()
    assert (later > full / 1.3).all()
    undiscounted = purchases.expected_purchases(52.0) * spend.expected_spend()
    assert full.to_numpy() == pytest.approx(undiscounted.to_numpy())


def test_value_without_an_end_is_that_of_a_very_long_horizon(summary):
    purchases, spend = ParetoNBD(summary).fit(), GammaGamma(summary).fit()
    terms = {"discount": 0.15, "periods_per_year": 52}
    ever = residual_value(purchases, spend, 0.5, horizon=np.inf, **terms)
    long = residual_value(purchases, spend, 0.5, horizon=52 * 60, **terms)
    # of a long horizon the steps are long, and each is discounted from its middle
    ratio = long["residual_value"].sum() / ever["residual_value"].sum()
    assert ratio == pytest.approx(1, abs=0.03)
    assert "expected_purchases" not in ever


def test_drawn_values_have_the_expected_mean_and_widen_with_less_data(summary):
    terms = {"horizon": 26.0, "discount": 0.1, "periods_per_year": 52}
    many = pd.concat([summary] * 4, ignore_index=True)
    purchases, spend = BetaGeoNBD(many).fit(), GammaGamma(many).fit()
    drawn = draw_value(purchases, spend, 1.0, **terms, draws=400, seed=1)
    value = residual_value(purchases, spend, 1.0, **terms)["residual_value"]
    assert drawn.total.mean() == pytest.approx(value.sum(), rel=0.03)
    spread = drawn.total.std() / drawn.total.mean()
    few = summary.iloc[:80]
    small = draw_value(
        BetaGeoNBD(few).fit(), GammaGamma(few).fit(), 1.0, **terms, draws=400, seed=1
    )
    assert small.total.std() / small.total.mean() > 2 * spread
    again = draw_value(purchases, spend, 1.0, **terms, draws=400, seed=1)
    pd.testing.assert_frame_equal(again.customers, drawn.customers)


def test_eighty_of_a_hundred_futures_hold_what_comes(summary):
    """Simulated customers with known law: their real values fall into the range 80 % or more.

    Counts are whole, so a range that holds at least 80 % holds more than 80 %.
    """
    rng = np.random.default_rng(11)
    n = 1500
    rate, chance = rng.gamma(1.5, 1 / 8, n), rng.beta(1.0, 4.0, n)
    rows, later = [], []
    for lam, p in zip(rate, chance, strict=True):
        times = np.cumsum(rng.exponential(1 / lam, 400))
        times = times[: rng.geometric(p)]
        past = times[times <= 40]
        rows.append((len(past), past[-1] if len(past) else 0.0, 40.0))
        later.append(((times > 40) & (times <= 66)).sum())
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    nu = rng.gamma(4, 1 / 30, n)
    x = frame["frequency"].to_numpy()
    mean = rng.gamma(5 * np.maximum(x, 1)) / nu / np.maximum(x, 1)
    frame["monetary_value"] = np.where(x > 0, mean, np.nan)
    came = rng.gamma(5 * np.maximum(later, 1e-9)) / nu * (np.array(later) > 0)
    terms = {"horizon": 26.0, "discount": 0.0, "periods_per_year": 52}
    fits = BetaGeoNBD(frame).fit(), GammaGamma(frame).fit()
    drawn = draw_value(*fits, 1.0, **terms, draws=400, seed=2)
    low = drawn.customers["residual_value_lower_80"].to_numpy()
    high = drawn.customers["residual_value_upper_80"].to_numpy()
    held = (low <= came) & (came <= high)
    assert 0.78 < held.mean() < 0.95
    assert held[high > 0].mean() > 0.75
    lower, upper = np.quantile(drawn.total, [0.01, 0.99])
    assert lower < came.sum() < upper


# Refusals


def test_no_margin_is_refused():
    with pytest.raises(ValueError, match="neither `cost` nor `margin`"):
        margins(ORDERS[["customer_id", "amount"]])


def test_a_horizon_of_zero_is_refused(summary):
    purchases, spend = ParetoNBD(summary).fit(), GammaGamma(summary).fit()
    with pytest.raises(ValueError, match="horizon must be above 0"):
        residual_value(purchases, spend, 1.0, horizon=0, discount=0.1, periods_per_year=52)


def test_a_negative_discount_is_refused():
    with pytest.raises(ValueError, match="discount must be 0 or more"):
        discount_rate(-0.1, 52)
