"""Tiers in two windows: what stays, what moves, what regression to the mean does alone."""

import numpy as np
import pandas as pd
import pytest

from goodlib.value.feature import Past
from goodlib.value.luck import by_luck
from goodlib.value.tier import RULE, audit_effort, bowker, compare_tiers, implied_correlation


@pytest.fixture
def windows(rng):
    """1,000 customers whose spend is a lasting level and the luck of the window."""
    level = rng.normal(0, 1, 1000)
    spend = [np.exp(level + rng.normal(0, 0.85, 1000)) for _ in range(2)]
    return pd.Series(spend[0]), pd.Series(spend[1])


# Published


def test_bowker_by_hand():
    """Three tiers: (10-4)^2/14 + (3-5)^2/8 + (2-2)^2/4 = 2.571 + .5 + 0 on 3 df."""
    moves = pd.DataFrame([[20, 10, 3], [4, 30, 2], [5, 2, 40]])
    found = bowker(moves)
    assert found.statistic == pytest.approx(36 / 14 + 4 / 8)
    assert found.df == 3
    assert found.pvalue == pytest.approx(0.3806, abs=5e-4)


def test_the_rule_s_two_halves_are_one():
    """Of 100 customers 20 will be best, 11 of them unexpected: 11 of the other 80 mistaken."""
    missed, mistaken = RULE
    assert missed * 20 / 80 == pytest.approx(mistaken, abs=0.02)


# Oracle


def test_implied_correlation_gives_the_share_that_stays(rng):
    rho = implied_correlation(0.2, 0.45)
    pair = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 400_000)
    edges = np.quantile(pair, 0.8, axis=0)
    stay = ((pair > edges).all(axis=1)).mean() / 0.2
    assert stay == pytest.approx(0.45, abs=0.006)


# Laws


def test_luck_alone_moves_tiers_both_ways(windows):
    found = compare_tiers(*windows, draws=200, seed=1)
    assert found.moves.to_numpy().sum() == 1000
    assert found.symmetry.pvalue > 0.001
    assert found.fall < -0.2
    assert found.rise == pytest.approx(found.fall, abs=0.12)
    assert found.correlation == pytest.approx(1 / (1 + 0.85**2), abs=0.08)
    low, high = found.missed[1:]
    assert low < found.missed[0] < high


def firm(rng, change, customers=300):
    """Two windows of 12 months: gamma rates, gamma amounts; `change` of the log pace between."""
    rate = rng.gamma(1.2, 4.0, customers) / 12
    later = rate * np.exp(change * rng.standard_normal(customers))
    mean = np.exp(rng.normal(7.0, 0.7, customers))
    rows = [(who, 0.0) for who in range(customers)]
    for who in range(customers):
        for pace, start in ((rate[who], 0.0), (later[who], 12.0)):
            rows += [(who, start + t) for t in rng.uniform(0, 12, rng.poisson(12 * pace))]
    frame = pd.DataFrame(rows, columns=["customer_id", "month"])
    amount = mean[frame["customer_id"]] * rng.gamma(2.0, 0.5, len(frame))
    days = pd.to_timedelta((frame["month"] * 30.4375).astype(int), unit="D")
    return Past(frame.assign(date=pd.Timestamp("2020-01-01") + days, amount=amount))


@pytest.mark.parametrize("change", [0.0, 1.2])
def test_luck_explains_who_left_only_where_nobody_changed(rng, change):
    beyond = []
    for seed in range(6):
        past = firm(rng, change)
        between = past.first_day + pd.Timedelta(days=365)
        windows = past.at(between, 12, "M")["window_spend"], past.after(between, 12, "M")["spend"]
        stayed = 1 - compare_tiers(*windows, draws=20, seed=1).missed[0]
        luck = by_luck(past, between, 12, "M", draws=60, seed=seed)
        assert luck.moves.to_numpy().sum() == pytest.approx(300)
        assert luck.stay[1] < luck.stay[0] < luck.stay[2] < 1
        beyond.append(stayed - luck.stay[0])
    if change:
        assert np.mean(beyond) < -0.08
    else:
        assert abs(np.mean(beyond)) < 0.04


def test_a_base_that_does_not_change_misses_nobody(windows):
    found = compare_tiers(windows[0], windows[0], draws=50, seed=1)
    assert found.missed[0] == 0
    assert found.fall == found.rise == 0
    assert found.symmetry.statistic == 0
    assert found.correlation == 1


def test_an_audit_counts_who_rose():
    first = pd.Series([9.0, 8, 1, 1, 1, 1, 1, 1, 1, 1])
    last = pd.Series([9.0, 1, 8, 1, 1, 1, 1, 1, 1, 1])
    hours = pd.Series([50.0, 50, 30, 30], index=[0, 1, 2, 3])
    found = audit_effort(first, last, hours, minimum=10)
    assert found["low"] == 8
    assert found["best_once_low"] == 0.5
    assert found["given_more"] == 0.25
    assert found["rose_given"] == 0.5
    assert found["rose_not"] == 0


# Refusals


def test_windows_of_other_customers_are_refused(windows):
    with pytest.raises(ValueError, match="same customers in the same order"):
        compare_tiers(windows[0], windows[1].iloc[::-1], draws=10, seed=1)
    with pytest.raises(ValueError, match="at least 30 customers: got 10"):
        compare_tiers(windows[0].head(10), windows[1].head(10), draws=10, seed=1)
