"""Season and level of the base: planted ones are found, what cannot be told is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, gamma, multivariate_normal
from statsmodels.tsa.statespace.structural import UnobservedComponents

from goodlib import BetaGeoNBD
from goodlib.value.calendar import _Months, _regress, fit_calendar
from goodlib.value.feature import Past
from goodlib.value.level import Level, _filter, _smooth, fit_drifting, fit_level
from goodlib.value.price import fit_price

START = pd.Timestamp("2015-01-01")
YEARS = 8


def planted(day):
    """The base's pace on days since the start: a season of +-50 % and a level that doubles."""
    season = 1 + 0.5 * np.sin(2 * np.pi * day / 365.25)
    return season * 2.0 ** (day / (365.25 * YEARS))


def simulate(customers, rng, price=lambda day: 1.0):
    """Orders of a BG/NBD base whose clock runs at `planted`."""
    days = np.arange(int(365.25 * YEARS))
    clock = np.cumsum(planted(days))
    rows = []
    for number in range(customers):
        now = rng.integers(0, int(days[-1] * 0.8))
        rate, leave = rng.gamma(1.5, 1 / 60), rng.beta(1.0, 9.0)
        u = clock[now]
        mean = rng.gamma(4.0, 250.0)
        while True:
            rows.append((f"C{number:03}", START + pd.Timedelta(days=int(now)), mean * price(now)))
            if len(rows) > 1 and rows[-2][0] == rows[-1][0] and rng.random() < leave:
                break
            u += rng.exponential(1 / rate)
            now = np.searchsorted(clock, u)
            if now >= len(days):
                break
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


@pytest.fixture(scope="module")
def base():
    return Past(simulate(500, np.random.default_rng(4), price=lambda day: 1.1 ** (day / 365.25)))


@pytest.fixture(scope="module")
def found(base):
    return fit_calendar(base, START + pd.Timedelta(days=int(365.25 * YEARS)), "W", BetaGeoNBD)


# Oracle


def test_operational_time_is_the_likelihood_of_the_faster_clock():
    """One customer, repeat purchases at 10 and 25, end at 40, pace m = 2 before day 20, then .5."""
    pace = np.array([2.0, 0.5])
    r, alpha, a, b = 0.8, 15.0, 1.2, 3.0

    rate = (np.arange(3000) + 0.5)[:, None] / 3000
    p = (np.arange(2000) + 0.5)[None, :] / 2000
    first = rate * 2.0 * np.exp(-rate * 20.0)  # to day 10, operational 20
    second = (1 - p) * rate * 0.5 * np.exp(-rate * 22.5)  # to day 25, operational 42.5
    stays = (1 - p) * np.exp(-rate * 7.5) + p  # to day 40, operational 50
    prior = gamma.pdf(rate, r, scale=1 / alpha) * beta.pdf(p, a, b)
    whole = (first * second * stays * prior).mean()
    summary = pd.DataFrame({"frequency": [2], "recency": [42.5], "T": [50.0]}, index=["A"])
    standard = BetaGeoNBD(summary).loglike([r, alpha, a, b])
    assert standard + np.log(pace).sum() == pytest.approx(np.log(whole), rel=1e-5)


# Laws


def test_a_planted_season_and_level_are_found(found):
    assert found.kind == "both"
    assert found.refused == ()
    assert found.gain > 50
    middle = (found.curve["month"] - START).dt.days.to_numpy() + 15
    true = planted(middle)
    true = true / np.mean(true)
    error = np.log(found.curve["m"].to_numpy() / true)[12:]
    assert np.sqrt(np.mean((error - error.mean()) ** 2)) < 0.15


def test_the_clock_keeps_the_history_s_length_and_runs_forward(found):
    days = found.edges
    assert found.clock[-1] == pytest.approx((days[-1] - days[0]) / 7)
    assert (np.diff(found.clock) > 0).all()
    assert found.expected_future(52) > found.expected_future(26) > 0


def test_the_future_s_mean_is_the_level_as_it_stands(found):
    draws = found.future(52, 4000, seed=3)
    assert draws.mean() == pytest.approx(found.expected_future(52), rel=0.03)
    assert (draws == found.future(52, 4000, seed=3)).all()


def test_without_a_calendar_time_is_time(base, found):
    plain = fit_calendar(base, found.end, "W", BetaGeoNBD, "none")
    columns = ["frequency", "recency", "T"]
    expected = base.at(found.end, 1.0, "W")[columns]
    pd.testing.assert_frame_equal(plain.summary(base)[columns], expected, rtol=1e-9)
    assert plain.gain == 0


def test_a_planted_rise_of_amounts_is_found(base, found):
    curve = fit_price(base, found.end, "W").curve
    growth = np.polyfit(np.arange(len(curve)), np.log(curve["level"]), 1)[0]
    assert growth == pytest.approx(np.log(1.1), abs=0.015)


def law_of_a_level(time: np.ndarray, spread: float) -> np.ndarray:
    """Covariance of a level that wanders and grows at these times, unknown at the start: a walk, a
    growth of each day that is forgotten by a fifth a year, and a steady one.
    """
    step, apart = time[0], np.abs(np.subtract.outer(time, time))
    forgotten = (0.5 * spread) ** 2 * 0.8**apart
    passing = step**2 * np.cumsum(np.cumsum(forgotten, axis=0), axis=1)
    walk = spread**2 * np.minimum.outer(time, time)
    return 100 + walk + passing + 0.05**2 * np.outer(time, time)


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.4])
def test_the_filter_is_that_of_the_means_of_a_level_followed_day_by_day(rng, spread):
    """A level of 100 steps a period, its means seen through noise: all of it one normal law."""
    periods, fine, ahead = 12, 100, 3
    time = np.arange(1, (periods + ahead) * fine + 1) / fine
    law = law_of_a_level(time, spread)
    mean = np.zeros((len(time), periods))
    mean[: periods * fine] = np.repeat(np.eye(periods), fine, axis=0) / fine
    noise = rng.uniform(0.02, 0.06, periods)
    ratio = np.cumsum(rng.normal(0.05, 0.2, periods))
    likelihood, found, covariance = _filter(ratio, noise[:, None], np.array([spread]), 1.0)
    known = mean.T @ law @ mean + np.diag(noise)
    oracle = multivariate_normal(ratio[:1].repeat(periods), known)
    assert likelihood == pytest.approx(oracle.logpdf(ratio), abs=0.02)
    weight = np.linalg.solve(known, mean.T @ law[:, -1])
    then = ratio[0] + weight @ (ratio - ratio[0])
    level = Level(np.ones(1), np.array([spread]), found, covariance, np.zeros(1))
    assert level.end + level.growth(np.array([3.0]))[0] == pytest.approx(then, abs=0.004)
    left = law[-1, -1] - weight @ mean.T @ law[:, -1]
    drawn = level.draw(np.array([1.0, 2.5, 3.0]), 40_000, 1)[:, -1]
    assert drawn.std() == pytest.approx(np.sqrt(left), rel=0.02)


def test_a_smoothed_level_is_that_of_statsmodels_where_it_jumps_between_periods(rng):
    """With steps small beside the noise, it does not matter that the level moves within periods."""
    ratio = np.cumsum(rng.normal(0, 0.02, 60)) + rng.normal(0, 0.2, 60)
    known = UnobservedComponents(ratio, level="local level").smooth([0.04, 0.0004])
    found = _smooth(ratio, np.full(60, 0.04), 0.0004)
    assert found == pytest.approx(known.smoothed_state[0], abs=0.004)


def test_intervals_of_a_level_that_wanders_hold_as_often_as_they_say(rng):
    """Eight years of 150 firms, as different as the prior says: the mean of the next two years."""
    luck = []
    for _ in range(150):
        wander = abs(rng.normal(0, 0.15))
        path = np.cumsum(rng.normal(0, wander / np.sqrt(12), 120))
        years = path[:96].reshape(8, 12).mean(axis=1)
        level = fit_drifting(years + rng.normal(0, 0.07, 8), np.full(8, 0.0049), 1.0)[1]
        ahead = np.arange(1, 25) / 12
        drawn = (level.end + level.growth(ahead) + level.draw(ahead, 400, 1)).mean(axis=1)
        luck.append((drawn < path[96:].mean()).mean())
    held = np.abs(np.array(luck) - 0.5)
    assert np.mean(held < 0.4) == pytest.approx(0.80, abs=0.08)
    assert np.mean(held < 0.475) == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("growth", [-0.08, 0.0, 0.08])
def test_a_growth_is_carried_on_as_far_as_it_can_be_told(rng, growth):
    """Twenty years teach most of a steady growth, three next to nothing."""
    taught = {}
    for years in (3, 20):
        found = []
        for _ in range(40):
            path = growth * np.arange(years) + np.cumsum(rng.normal(0, 0.05, years))
            seen = path + rng.normal(0, 0.03, years)
            found.append(fit_drifting(seen, np.full(years, 0.0009), 1.0)[1])
        rise = [level.growth(np.array([5.0]))[0] for level in found]
        taught[years] = np.mean(rise)
        assert np.mean([level.slope for level in found]) * growth >= 0
    assert taught[20] == pytest.approx(5 * growth, abs=0.06)
    assert abs(taught[3]) <= abs(taught[20]) + 0.03


@pytest.mark.parametrize("growth", [-0.1, 0.1, 0.2])
def test_the_smooth_level_lags_by_what_it_says(growth):
    """The end of a penalised curve through twenty years of steady growth, counted without luck."""
    months = 240
    truth = growth * (np.arange(months) - months + 1) / 12
    month = pd.period_range("2000-01", periods=months, freq="M")
    ones = np.ones(months)
    seen = _Months(month, np.arange(241.0), ones, 8 * np.exp(truth), ones, ones, month[-1].end_time)
    _, level, lag = _regress(seen, np.full(months, 8.0), ("level",))
    assert 0.2 < lag < 1.5
    assert lag == pytest.approx(-np.log(level[-1]) / growth, rel=0.05)


def test_where_no_level_is_told_no_growth_is(found):
    assert found.growth(np.array([1.0]))[0] != 0
    assert replace(found, kind="season").growth(np.array([1.0, 5.0])).tolist() == [0, 0]


def test_months_of_one_year_say_nothing_of_how_far_a_level_wanders(rng):
    """Without a season known it would be taken for wandering."""
    months, years = np.arange(14), np.full(14, 1 / 12)
    season = 400 * np.exp(0.4 * np.sin(2 * np.pi * months / 12))
    seen = rng.poisson(season).astype(float)
    blind = fit_level(seen, np.full(14, 400.0), years, season=False)
    knows = fit_level(seen, season, years, season=True)
    assert fit_level(seen, np.full(14, 400.0), years).spread > 2 * blind.spread
    assert knows.spread < blind.spread == pytest.approx(0.12, abs=0.005)


def test_noise_of_a_small_past_is_not_taken_for_wandering(rng):
    """A level that stands still, seen through few purchases at first and many later."""
    noise = np.r_[np.full(24, 0.25), np.full(60, 0.01)]
    spreads = []
    for _ in range(20):
        ratio = np.sqrt(noise) * rng.standard_normal(84)
        spreads.append(fit_drifting(ratio, noise, 1 / 12)[1].spread)
    assert np.mean(spreads) < 0.08


def test_the_smoothed_level_lies_nearer_to_the_truth_than_what_is_seen(rng):
    truth = np.cumsum(rng.normal(0, 0.1, 200))
    noise = rng.uniform(0.02, 0.2, 200)
    seen = truth + np.sqrt(noise) * rng.standard_normal(200)
    smooth = fit_drifting(seen, noise, 1.0)[0]
    assert np.mean((smooth - truth) ** 2) < 0.4 * np.mean((seen - truth) ** 2)


def test_a_wandering_level_is_told_from_noise(rng):
    noise = rng.normal(0, 0.05, 120)
    walk = np.cumsum(rng.normal(0, 0.1, 120))
    still = fit_drifting(noise, np.full(120, 0.0025), 1 / 12)[1]
    moving = fit_drifting(walk + noise, np.full(120, 0.0025), 1 / 12)[1]
    assert still.spread < 0.1 < 0.25 < moving.spread
    assert moving.spread == pytest.approx(0.1 * np.sqrt(12), rel=0.35)


def test_a_season_that_cannot_be_told_is_not_known_to_be_flat(found):
    """Over whole years it averages out; over half a year it makes the total less sure."""
    months = pd.date_range("2022-01-01", "2022-12-01", freq="MS")
    still = Level.still()
    curve = pd.DataFrame({"month": months, "m": 1.0, "season": 1.0, "level": 1.0, "expected": 9.0})
    unseen = replace(
        found, kind="none", curve=curve, ahead=still, end=pd.Timestamp("2022-12-31"), unit="M"
    )
    year, half = (np.log(unseen.future(length, 2000, 1)) for length in (12, 6))
    assert year.std() < 0.02
    assert 0.08 < half.std() < 0.25
    assert np.exp(half).mean() == pytest.approx(unseen.expected_future(6), rel=0.01)
    seen = np.log(replace(unseen, kind="season").future(6, 2000, 1))
    assert seen.std() < 1e-3


def test_the_way_ends_where_the_future_ends(found):
    days = np.array([30.0, 200.0, 52 * 7.0])
    way = found.path(days, 50, 3)
    assert way[:, -1] == pytest.approx(found.future(52, 50, 3))
    assert (np.diff(way, axis=1) > 0).all()


# Refusals


def test_a_short_history_of_one_cohort_tells_no_calendar(cdnow_orders):
    orders = cdnow_orders.assign(date=pd.to_datetime(cdnow_orders["date"]))
    short = fit_calendar(Past(orders), "1998-06-30", "W", BetaGeoNBD)
    assert short.kind == "none"
    assert short.refused[0] == "a season is not read out of 18 months of history: it takes 24"
    assert "36" in short.refused[1]


def test_a_single_cohort_s_ageing_is_no_trend(base, found):
    orders = base.orders
    first = orders.groupby("customer_id")["date"].transform("min")
    cohort = Past(orders[first < START + pd.Timedelta(days=360)])
    assert "level" not in fit_calendar(cohort, found.end, "W", BetaGeoNBD).kind
    assert any("one cohort" in reason for reason in _reasons(cohort, found.end))


def _reasons(past, end):
    return fit_calendar(past, end, "W", BetaGeoNBD).refused


def test_kinds_are_named_and_repeat_purchases_needed(base, found):
    with pytest.raises(ValueError, match=r"none, season, level, both: got 'weekly'"):
        fit_calendar(base, found.end, "W", BetaGeoNBD, "weekly")
    once = Past(base.orders.drop_duplicates("customer_id"))
    with pytest.raises(ValueError, match=r"none of 500 customers bought on a second day"):
        fit_calendar(once, found.end, "W", BetaGeoNBD)
