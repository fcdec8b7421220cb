"""Promised chances against what came: bold ones are mended, few trials mend little."""

import numpy as np
import pytest
from scipy.special import expit, logit
from statsmodels.api import GLM, add_constant, families

from goodlib.value.promise import LASTING, PRIOR, Kept, hold_against, mend, settle


def trial(rng, n, slope):
    """Promises, and what happens when log odds are `slope` times those promised."""
    promised = rng.beta(0.3, 2.7, n).clip(0.002, 0.99)
    happened = rng.random(n) < mend(promised, slope)
    return promised, happened.astype(float)


# Oracle


def test_the_slope_is_that_of_a_logistic_regression(rng):
    promised, happened = trial(rng, 2000, 0.7)
    known = GLM(happened, add_constant(logit(promised)), family=families.Binomial()).fit()
    kept = hold_against(promised, happened)
    assert kept == pytest.approx((known.params[1], known.bse[1]), abs=1e-6)
    weight = PRIOR**2 / (PRIOR**2 + LASTING**2 + known.bse[1] ** 2)
    assert kept.expected(1.0) == pytest.approx(1 + weight * (known.params[1] - 1), abs=1e-6)


def test_the_expected_slope_is_that_of_histories_drawn_as_the_constants_say(rng):
    """Of 100,000 histories with a slope of their own, regress the second day's on the first's."""
    own = PRIOR * rng.standard_normal(100_000)
    first, then = (own + LASTING * rng.standard_normal(len(own)) for _ in range(2))
    seen = first + 0.05 * rng.standard_normal(len(own))
    told = Kept(1.2, 0.05).expected(1.0) - 1
    assert told / 0.2 == pytest.approx((seen @ then) / (seen @ seen), abs=0.02)


# Laws


@pytest.mark.parametrize("slope", [0.4, 0.9, 1.0, 1.7])
def test_sum_and_order_of_chances_stay(rng, slope):
    promised = rng.beta(0.3, 2.7, 500)
    mended = mend(promised, slope)
    assert mended.sum() == pytest.approx(promised.sum())
    inside = (promised > 0.002) & (promised < 0.998)
    order = np.argsort(promised[inside])
    assert (np.diff(mended[inside][order]) >= 0).all()
    if slope != 1:
        shift = logit(mended[inside]) - slope * logit(promised[inside])
        assert np.ptp(shift) < 1e-6


def test_bold_and_timid_promises_are_told_apart_and_little_is_made_of_few(rng):
    many = [hold_against(*trial(rng, 20_000, slope)).expected(1.0) for slope in (0.7, 1.0, 1.4)]
    assert many[0] < 0.88 < 0.97 < many[1] < 1.03 < 1.15 < many[2]
    few = np.mean([abs(hold_against(*trial(rng, 150, 0.7)).expected(1.0) - 1) for _ in range(20)])
    assert few < abs(many[0] - 1)
    short = hold_against(*trial(rng, 20_000, 0.7)).expected(0.5)
    assert 1 - short == pytest.approx((1 - many[0]) / 4, rel=0.15)


def test_a_list_that_promised_too_much_promises_what_it_keeps(rng):
    """Customers' own change is unknown to the promise: it is bold at both origins alike."""
    found = []
    for _ in range(2):
        odds = rng.normal(-3.0, 1.5, 20_000)
        found.append((expit(odds), (rng.random(20_000) < mend(expit(odds), 0.8)).astype(float)))
    (before, then), (today, came) = found
    mended = mend(today, hold_against(before, then).expected(1.0))
    top = np.argsort(-today)[:2000]
    assert abs(mended[top].mean() - came[top].mean()) < 0.7 * (today[top] - came[top]).mean()


def test_chances_that_are_all_or_nothing_are_left_alone():
    assert mend(np.ones(3), 0.5).tolist() == [1, 1, 1]
    assert mend(np.zeros(3), 0.5).tolist() == [0, 0, 0]


def test_who_leads_a_list_was_lucky_in_the_draws(rng):
    """Chances counted over 100 draws promise too much to those they name; settled, what is true."""
    true = rng.beta(0.3, 2.7, 20_000)
    counted = rng.binomial(100, true) / 100
    settled = settle(counted, 100)
    named = np.argsort(-counted)[:2000]
    bold, kept = counted[named].mean() - true[named].mean(), settled[named] - true[named]
    assert bold > 0.008
    assert abs(kept.mean()) < 0.3 * bold
    assert np.mean((settled - true) ** 2) < np.mean((counted - true) ** 2)
    assert settled.sum() == pytest.approx(counted.sum())
    assert (np.diff(settled[np.argsort(counted)]) >= 0).all()


def test_chances_that_do_not_differ_beyond_luck_stay():
    same = np.array([0.1, 0.11, 0.09])
    assert settle(same, 100) is same
