"""Tracking against a holdout, and what parameters say in words."""

import numpy as np
import pandas as pd
import pytest

from goodlib.history import summarize
from goodlib.value.habit import alive_map, describe, half_life, survival, typical_interval
from goodlib.value.purchase import NBD, BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD
from goodlib.value.tracking import track

DATES = {"end": "1997-09-30", "holdout_end": "1998-06-30"}


@pytest.fixture(scope="module")
def cdnow(cdnow_orders):
    return summarize(cdnow_orders, unit="W", **DATES)


def follow(model, summary, orders, **options):
    given = DATES | {"unit_days": 7.0, "draws": 100, "seed": 1} | options
    return track(model(summary).fit(), summary, orders, **given)


# Published


def test_cdnow_holdout_by_frequency_matches_the_btyd_walkthrough(cdnow, cdnow_orders):
    """It stopped a little short of the optimum; MBG/NBD is recomputed."""
    actual = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]
    expected = {
        ParetoNBD: ([0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403], 1e-3),
        BetaGeoNBD: (
            [0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036],
            2e-4,
        ),
        ModifiedBetaGeoNBD: (
            [0.1852, 0.5514, 1.0490, 1.4929, 2.1043, 2.5636, 3.3608, 5.8485],
            2e-4,
        ),
    }
    for model, (values, tolerance) in expected.items():
        groups = follow(model, cdnow, cdnow_orders).groups
        assert groups.index.tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
        assert groups["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
        assert groups["actual"].to_numpy() == pytest.approx(actual, abs=5.1e-5)
        assert groups["expected"].to_numpy() == pytest.approx(values, abs=tolerance)


def test_cdnow_holdout_totals(cdnow, cdnow_orders):
    for model, total in ((NBD, 2929.8), (ParetoNBD, 1665.5), (BetaGeoNBD, 1653.4)):
        found = follow(model, cdnow, cdnow_orders).total
        assert found["actual"] == 1882
        assert found["expected"] == pytest.approx(total, abs=0.06)


# Oracle


def test_periods_hold_every_repeat_day_once(cdnow, cdnow_orders):
    found = follow(BetaGeoNBD, cdnow, cdnow_orders).periods
    days = cdnow_orders.assign(date=pd.to_datetime(cdnow_orders["date"]))
    days = days.drop_duplicates(["customer_id", "date"]).sort_values(["customer_id", "date"])
    repeat = days[days["customer_id"].duplicated()]
    for row in found.iloc[[0, 10, 40, -1]].itertuples():
        inside = repeat["date"].between(row.start, row.end)
        assert row.actual == inside.sum()
    assert (found["end"] - found["start"]).dt.days.eq(6).all()
    assert found.loc[~found["holdout"], "end"].max() == pd.Timestamp("1997-09-30")


def test_expected_periods_add_up_to_the_expectation(cdnow, cdnow_orders):
    fit = ParetoNBD(cdnow).fit()
    found = track(fit, cdnow, cdnow_orders, **DATES, unit_days=7.0, draws=100, seed=1)
    held = found.periods["holdout"]
    assert found.periods.loc[held, "expected"].sum() == pytest.approx(
        fit.expected_purchases(held.sum()).sum()
    )
    naive = sum(fit.expected_purchases_new(age) for age in cdnow["T"])
    before = found.periods.loc[~held, "expected"].sum()
    assert before == pytest.approx(naive, rel=2e-3)


@pytest.mark.parametrize("model", [ParetoNBD, ModifiedBetaGeoNBD, NBD])
def test_drawn_paths_have_the_expected_mean(cdnow, cdnow_orders, model):
    found = follow(model, cdnow, cdnow_orders, draws=300)
    middle = found.total[["lower_80", "upper_80"]].mean()
    assert middle == pytest.approx(found.total["expected"], rel=0.03)
    held = found.periods[found.periods["holdout"]]
    assert (held["lower_80"] < held["expected"]).all()
    assert (held["expected"] < held["upper_80"]).all()


@pytest.mark.parametrize(("model", "params"), [
    (BetaGeoNBD, (0.9, 6.0, 0.8, 2.4)), (ModifiedBetaGeoNBD, (0.9, 6.0, 0.8, 2.4)),
])  # fmt: skip
def test_survival_is_the_share_of_simulated_customers(cdnow, model, params):
    """New customers bought and left at random: how many are active after each time."""
    law = model(cdnow).law
    rng = np.random.default_rng(0)
    size = 200_000
    rate, chance = rng.gamma(params[0], 1 / params[1], size), rng.beta(*params[2:], size)
    gone = rng.exponential(1 / (rate * chance))
    gone[rng.random(size) < chance * law.extra] = 0
    times = np.array([1.0, 10.0, 52.0, 300.0])
    share = (gone[:, None] > times).mean(axis=0)
    assert survival(law, params, times) == pytest.approx(share, abs=5e-3)
    half = half_life(law, params)
    assert survival(law, params, np.array([half]))[0] == pytest.approx(0.5, abs=2e-3)


# Laws


def test_half_life_of_pareto_nbd_halves_the_survival(cdnow):
    s, beta = 0.6, 11.7
    half = half_life(ParetoNBD(cdnow).law, (0.55, 10.6, s, beta))
    assert (beta / (beta + half)) ** s == pytest.approx(0.5)


def test_nobody_leaves_under_nbd(cdnow):
    found = describe(NBD(cdnow).fit(), 100, 1)
    assert found.half_life.estimate == np.inf
    assert found.interval.lower < found.interval.estimate < found.interval.upper


def test_a_typical_interval_is_that_of_the_median_rate(cdnow):
    rates = np.random.default_rng(1).gamma(1.3, 1 / 9.0, 400_001)
    law = ParetoNBD(cdnow).law
    found = typical_interval(law, (1.3, 9.0, 1.0, 1.0))
    assert found == pytest.approx(1 / np.median(rates), rel=0.01)


def test_silence_lowers_the_chance_to_be_active(cdnow):
    grid = alive_map(ParetoNBD(cdnow).fit(), cdnow).to_numpy()
    assert (np.diff(grid, axis=1) < 0).all()
    assert ((grid >= 0) & (grid <= 1)).all()


def test_most_frequent_customers_are_grouped_in_eighths():
    rng = np.random.default_rng(3)
    rows = [
        (c, pd.Timestamp("2019-01-01") + pd.Timedelta(days=int(day)))
        for c in range(80)
        for day in np.sort(rng.integers(0, 1400, rng.integers(5, 60)))
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=1.0)
    days = {"end": "2021-12-31", "holdout_end": "2022-10-31"}
    summary = summarize(orders, unit="W", **days)
    found = track(NBD(summary).fit(), summary, orders, **days, unit_days=7.0, draws=100, seed=1)
    assert 5 <= len(found.groups) <= 8
    assert found.groups["customers"].sum() == 80
    assert found.groups["customers"].max() <= 20
