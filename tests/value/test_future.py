"""Joint draws of the future: they agree with closed forms, add up, and refuse what cannot be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from goodlib import NBD, BetaGeoNBD, GammaGamma, ParetoNBD, simulate_future, tomorrows_best
from goodlib.value import future as module
from goodlib.value import standing
from goodlib.value.betageo import BetaGeo
from goodlib.value.feature import Past, teaches
from goodlib.value.forecast import (
    PRIOR_WEIGHTS,
    REGRESSION_WEIGHTS,
    SHORT_WEIGHTS,
    WINDOW_WEIGHTS,
    Weights,
    earlier,
    expectations,
    fit_models,
    forecast,
    learn_weights,
    pool,
    tilted,
    train,
)
from goodlib.value.future import discounted, movers, overlap
from goodlib.value.joint import draw_purchases, prepare
from goodlib.value.level import Level
from goodlib.value.pareto import Pareto
from goodlib.value.standing import Standing


def history(customers, rng, weeks=150):
    """A small firm: customers come in over two years, buy at their own pace, some leave."""
    rows = []
    for number in range(customers):
        rate, leave, mean = rng.gamma(1.2, 1 / 12), rng.beta(1.0, 8.0), rng.gamma(4.0, 100.0)
        now = rng.uniform(0, 100)
        while now < weeks:
            amount = mean * rng.gamma(3.0, 1 / 3)
            day = pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(now * 7))
            rows.append((f"C{number:03}", day, amount))
            now += rng.exponential(1 / rate)
            if rng.random() < leave:
                break
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


@pytest.fixture(scope="module")
def orders():
    return history(150, np.random.default_rng(8))


@pytest.fixture(scope="module")
def summary(orders):
    found = Past(orders).at("2022-06-30", 52, "W")
    return found[found["T"] > 0]


@pytest.fixture(scope="module")
def fits(summary):
    return BetaGeoNBD(summary).fit(), GammaGamma(summary).fit()


@pytest.fixture(scope="module")
def future(fits):
    return simulate_future(*fits, horizon=52, draws=1000, seed=1)


# Oracle


@pytest.mark.parametrize("model", [BetaGeoNBD, ParetoNBD])
def test_draws_agree_with_the_closed_form(model, summary):
    purchases, spend = model(summary).fit(), GammaGamma(summary).fit()
    outlook = prepare(purchases, spend, 30, 3000, 1, summary)
    point = purchases.model.natural(purchases.optimum.theta)
    amounts = np.tile(spend.params.to_numpy(), (3000, 1))
    fixed = replace(outlook, natural=[point] * 3000, spend=amounts)
    counts, spends = fixed.draw(slice(0, len(summary)), np.random.default_rng(2))
    expected = purchases.expected_purchases(30).to_numpy()
    seen = purchases.p_alive().to_numpy() > 0.05  # others come alive in too few draws for a z
    z = (counts.mean(axis=0) - expected)[seen] / (counts.std(axis=0)[seen] / np.sqrt(3000))
    assert seen.sum() > 100
    assert np.abs(z).max() < 4.5
    assert z.std() == pytest.approx(1.0, abs=0.2)
    worth = (expected * spend.expected_spend(summary)).sum()
    assert spends.sum(axis=1).mean() == pytest.approx(worth, rel=0.03)


def test_covariates_of_spend_reach_the_draws(summary):
    """Half of the customers pay five times as much; draws at the estimates agree with the mean."""
    large = np.arange(len(summary)) % 2
    paid = summary["monetary_value"] * np.where(large, 5.0, 1.0)
    firm = summary.assign(large=large, monetary_value=paid)
    purchases, spend = BetaGeoNBD(firm).fit(), GammaGamma(firm, "~ large").fit()
    assert spend.params["spend:large"] == pytest.approx(np.log(5), abs=0.5)
    counts, spends = prepare(purchases, spend, 30, 3000, 1, firm, certain=True).draw(
        slice(0, len(firm)), np.random.default_rng(2)
    )
    expected = purchases.expected_purchases(30) * spend.expected_spend(firm)
    for who in (large == 0, large == 1):
        drawn = spends[:, who].sum(axis=1).mean()
        assert drawn == pytest.approx(expected[who].sum(), rel=0.04)
    some = np.flatnonzero(large)[:20]  # a chunk of customers takes its own covariates
    apart = prepare(purchases, spend, 30, 3000, 1, firm, certain=True).draw(
        some, np.random.default_rng(3)
    )[1]
    assert apart.sum() == pytest.approx(spends[:, some].sum(), rel=0.15)
    future = simulate_future(purchases, spend, horizon=30, draws=400, seed=1)  # by their own fits
    ratio = future.total.loc["spend", "mean"] / expected.sum()
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_models_share_the_draws_evenly_and_in_turn(fits, summary):
    purchases, spend = fits
    both = (purchases, NBD(summary).fit())  # of whom nobody leaves
    means = [fit.expected_purchases(30, summary).sum() for fit in both]
    assert means[1] > 1.3 * means[0]
    certain = prepare(both, spend, 30, 1000, 1, summary, certain=True)
    counts = certain.draw(slice(0, len(summary)), np.random.default_rng(2))[0].sum(axis=1)
    for half, mean in zip((counts[:500], counts[500:]), means, strict=True):
        assert half.mean() == pytest.approx(mean, rel=0.02)
    future = simulate_future(both, spend, 30, 1000, 1, summary=summary)
    assert future.total.loc["purchases", "mean"] == pytest.approx(np.mean(means), rel=0.04)
    first = future.totals["purchases"].head(100).mean()  # a part of the draws holds both
    assert first == pytest.approx(np.mean(means), rel=0.08)


def test_the_chance_to_buy_agrees_with_a_loop(fits, summary):
    """P(no purchase) of one customer under BG/NBD, integrated over the posterior rate by hand."""
    purchases, spend = fits
    outlook = prepare(purchases, spend, 20, 4000, 1, summary)
    point = purchases.model.natural(purchases.optimum.theta)
    fixed = replace(outlook, natural=[point] * 4000)
    counts, _ = fixed.draw(slice(0, len(summary)), np.random.default_rng(5))
    r, alpha, _, _ = purchases.params
    x, T = summary["frequency"], summary["T"]
    silent = ((alpha + T) / (alpha + T + 20)) ** (r + x)
    expected = purchases.p_alive() * (1 - silent)
    assert np.abs((counts > 0).mean(axis=0) - expected).max() < 0.035


LAWS = [
    (BetaGeo(1, 0), (0.6, 9.0, 0.9, 2.5)),
    (BetaGeo(1, 1), (0.6, 9.0, 0.9, 2.5)),
    (BetaGeo(2, 0), (1.2, 5.0, 0.9, 2.5)),
    (Pareto(), (0.6, 9.0, 0.7, 11.0)),
]


@pytest.mark.parametrize(("law", "natural"), LAWS)
def test_every_count_comes_as_often_as_its_closed_form_says(law, natural):
    """Customers of none to many purchases, five futures of each: chi-square of every count."""
    x, T = np.array([0, 1, 4, 30]), np.array([20.0, 35.0, 40.0, 50.0])
    recency = np.array([0.0, 20.0, 38.0, 49.0])
    alive = law.p_alive(*natural, x, recency, T)
    times = 40_000
    rng = np.random.Generator(np.random.SFC64(4))
    cell, who, number = draw_purchases(
        law, natural, alive, np.full((times, 1), 26.0), x, recency, T, rng
    )
    assert (who == cell % 4).all()
    counts = np.zeros((times, 4), dtype=int)
    counts.reshape(-1)[cell] = number
    chances = np.array([law.chance(n, 26.0, *natural, x, recency, T) for n in range(60)])
    for customer, chance in enumerate(chances.T):
        seen = np.bincount(counts[:, customer], minlength=60)[:60]
        usual = chance * times > 8
        z = (seen - chance * times)[usual] / np.sqrt((chance * (1 - chance) * times)[usual])
        assert usual.sum() >= 3
        assert np.abs(z).max() < 4.2
        assert (z**2).mean() < 2.6


def test_ranks_and_places_are_those_of_sorting(rng):
    spends = rng.gamma(1.5, 300.0, (50, 400)).astype(np.float32)
    spends[:, :150] = 0.0
    top, ranks = Standing.of(spends, 40, 400).of_all(spends)
    exact = np.array([pd.Series(line).rank(ascending=False) for line in spends])
    assert np.abs(ranks - exact).max() <= 4.0  # a rung holds a few neighbours
    assert np.abs(ranks.mean(axis=0) - exact.mean(axis=0)).max() < 0.3
    assert ranks.mean() == pytest.approx(exact.mean(), rel=1e-6)
    assert top == pytest.approx((exact <= 40).mean(axis=0))


def test_where_nobody_spends_all_stand_together():
    nothing = np.zeros((50, 40), dtype=np.float32)
    top, ranks = Standing.of(nothing, 4, 40).of_all(nothing)
    assert top == pytest.approx(np.full(40, 0.1))
    assert (ranks == 20.5).all()


# Laws


def test_places_and_ranks_add_up(future):
    n = len(future.customers)
    assert future.customers["p_top"].sum() == pytest.approx(round(n * 0.1))
    assert future.customers["expected_rank"].mean() == pytest.approx((n + 1) / 2, rel=1e-5)
    assert future.customers["expected_rank"].between(1, n).all()


def test_the_total_is_the_sum_of_the_customers(future):
    assert future.purchases.sum().to_numpy() == pytest.approx(future.totals["purchases"].to_numpy())
    assert future.total.loc["spend", "mean"] == pytest.approx(
        future.customers["expected_spend"].sum(), rel=1e-5
    )


def test_intervals_are_ordered_and_nested(future):
    for name in ("purchases", "spend"):
        edges = [f"{name}_{end}" for end in ("lower_95", "lower_80", "upper_80", "upper_95")]
        assert (np.diff(future.customers[edges], axis=1) >= 0).all()


def test_described_in_slices_of_any_width_a_future_says_the_same(fits, future, monkeypatch):
    for name, value in {"SLICE": 10_000, "TILE": 7, "BLOCK": 1_000}.items():
        monkeypatch.setattr(standing, name, value)
    again = simulate_future(*fits, horizon=52, draws=1000, seed=1)
    pd.testing.assert_frame_equal(again.customers, future.customers, rtol=1e-12)


def test_the_same_seed_gives_the_same_future(fits, future):
    again = simulate_future(*fits, horizon=52, draws=1000, seed=1)
    pd.testing.assert_frame_equal(again.customers, future.customers)


def test_a_streamed_future_says_the_same(fits, future, monkeypatch):
    monkeypatch.setattr(module, "CELLS", 120_000)
    monkeypatch.setattr(module, "CHUNK", 60_000)
    monkeypatch.setattr(module, "JURY", 50_000)
    streamed = simulate_future(*fits, horizon=52, draws=1000, seed=1)
    assert streamed.held is None
    gap = (streamed.customers["p_top"] - future.customers["p_top"]).abs()
    assert gap.max() < 0.15  # fifty customers stand for all: rough, but the same order
    assert streamed.customers["p_top"].corr(future.customers["p_top"]) > 0.985
    assert streamed.customers.index.equals(future.customers.index)
    assert streamed.customers["expected_spend"].corr(future.customers["expected_spend"]) > 0.99
    assert streamed.total.loc["purchases", "mean"] == pytest.approx(
        future.total.loc["purchases", "mean"], rel=0.03
    )
    with pytest.raises(ValueError, match=r"were streamed, not kept: ask for fewer draws"):
        streamed.purchases  # noqa: B018


def test_drift_widens_and_keeps_the_mean_of_those_who_stay(fits, summary):
    narrow = simulate_future(*fits, horizon=10, draws=2000, seed=1)
    wide = simulate_future(*fits, horizon=10, draws=2000, seed=1, drift=0.6)
    busy = summary["frequency"] >= 10
    assert busy.sum() >= 5
    assert (wide.purchases[busy].var(axis=1) > narrow.purchases[busy].var(axis=1)).mean() > 0.8
    ratio = wide.customers["expected_purchases"].sum()
    assert ratio == pytest.approx(narrow.customers["expected_purchases"].sum(), rel=0.1)


def test_a_change_of_pace_of_each_is_no_change_of_all(fits, summary):
    """Sixty are few enough for their own changes to move the total, were they independent."""
    few = summary.sort_values("frequency").tail(60)
    spreads = []
    for drift in (0.0, 0.8):
        future = simulate_future(*fits, horizon=40, draws=2000, seed=1, summary=few, drift=drift)
        spreads.append(np.log(future.totals["purchases"]).std())
    own = few["frequency"] / few["frequency"].sum()
    alone = np.sqrt(0.8 * (own**2).sum())
    assert spreads[1] < np.hypot(spreads[0], 0.75 * alone)


def test_a_level_wanders_around_one():
    years = np.array([0.5, 1.0, 2.0])
    draws = np.exp(Level.known(0.1, np.ones(1), np.array([0.3])).draw(years, 40_000, seed=1))
    assert draws.mean(axis=0) == pytest.approx(np.ones(3), abs=0.02)
    # a walk of spread .3, a growth of .15 a year of which a fifth is lost every year, one of .05
    fade = np.log(0.8)
    passing = 2 * 0.15**2 * (fade * years + 1 - 0.8**years) / -(fade**2)
    spread = np.sqrt(0.01 + 0.09 * years + passing + (0.05 * years) ** 2)
    assert np.log(draws).std(axis=0) == pytest.approx(spread, rel=0.02)


def test_tomorrow_s_best_are_as_many_as_places_and_best_first(future):
    best = tomorrows_best(future, 0.1)
    assert len(best) == round(0.1 * len(future.customers))
    assert best["p_top"].is_monotonic_decreasing
    assert best.attrs["expected_hits"] == pytest.approx(best["p_top"].sum())
    wider = tomorrows_best(future, 0.2)
    assert len(wider) == round(0.2 * len(future.customers))
    assert wider["p_top"].iloc[0] >= best["p_top"].iloc[0]


def test_movers_stand_on_the_side_they_leave(future, summary):
    today = summary["window_spend"]
    found = movers(future, today, count=5)
    size = round(0.1 * len(summary))
    assert (found.query("move == 'riser'")["rank_today"] > size).all()
    assert (found.query("move == 'fader'")["rank_today"] <= size).all()
    assert (found.query("move == 'fader'")["p_top"] < 0.5).all()
    share = overlap(future, today)
    assert 0 < share["lower_80"] <= share["overlap"] <= share["upper_80"] <= 1


def test_discounting_lowers_and_margins_scale(future):
    margin = pd.Series(0.4, index=future.customers.index)
    plain = discounted(future, margin, 0.0, 52.18, draws=400)
    later = discounted(future, margin, 0.1, 52.18, draws=400)
    assert plain.shape == (len(margin), 400)
    assert plain.dtypes.unique().tolist() == [np.dtype("float32")]
    ratio = later.to_numpy().sum() / plain.to_numpy().sum()
    year = np.log(1.1) * 52 / 52.18
    assert ratio == pytest.approx((1 - np.exp(-year)) / year, rel=1e-5)
    assert plain.to_numpy().sum() == pytest.approx(
        0.4 * future.spend.iloc[:, :400].to_numpy().sum(), rel=1e-5
    )


def test_the_pool_keeps_the_total_and_meets_its_ends():
    models, regression = pd.Series([1.0, 2.0, 7.0]), np.array([4.0, 4.0, 2.0])
    window = pd.Series([0.0, 5.0, 5.0])
    assert pool(models, regression, window, Weights(0.0, 0.0)).tolist() == pytest.approx([1, 2, 7])
    assert pool(models, regression, window, Weights(1.0, 0.0)).tolist() == pytest.approx([4, 4, 2])
    assert pool(models, regression, window, Weights(0.5, 1.0)).tolist() == pytest.approx([0, 5, 5])


def test_the_pool_is_one_forecast_where_it_alone_has_the_weight(orders):
    """Window alone, models alone, regression alone: at the total of the models each time."""
    past, end = Past(orders), pd.Timestamp("2021-12-31")
    models = fit_models(past, end, "W", "BG/NBD").expected(26)["spend"]
    regression = train(past, end, 26, "W").predict(past.at(end, 26, "W"))
    window = past.at(end, 26, "W")["window_spend"]
    for weights, alone in (
        (Weights(0.0, 0.0), models),
        (Weights(1.0, 0.0), regression),
        (Weights(0.5, 1.0), window),
    ):
        share = pool(models, regression, window, weights) / models.sum()
        assert share.to_numpy() == pytest.approx(np.asarray(alone) / np.sum(alone), rel=1e-9)


def test_weights_are_learnt_half_way_and_only_where_there_is_a_still_earlier_day(orders):
    """104 weeks: two windows of 26 lie before the day to learn from, two of 52 do not."""
    past, end = Past(orders), pd.Timestamp("2021-12-31")
    found = {}
    for horizon in (26, 52):
        before, length = earlier(past, end, horizon, "W")
        found[horizon] = learn_weights(past, fit_models(past, before, "W", "BG/NBD"), length)
    assert found[52] == SHORT_WEIGHTS
    best = 2 * np.array(found[26]) - PRIOR_WEIGHTS
    assert best[0] in REGRESSION_WEIGHTS
    assert best[1] in WINDOW_WEIGHTS


def test_expected_spend_is_what_many_draws_come_to(orders):
    """Nearer to the means of 8,000 draws than the means of 200 draws are, at the same total."""
    ahead = forecast(Past(orders), "2021-12-31", 52, "W", 200, 1, model="BG/NBD")
    past, fit = Past(orders), ahead.fit
    tilt = tilted(past, fit, 52, earlier(past, fit.end, 52, "W")[1], ahead.weights)
    few, many = (
        fit.simulate(52, draws, 1, drift=ahead.drift, tilt=tilt).customers["expected_spend"]
        for draws in (200, 8000)
    )
    shown = ahead.expected["spend"]
    best = many > many.quantile(0.7)
    errors = [np.log(means[best] / many[best]).std() for means in (few, shown)]
    assert errors[1] < 0.06
    assert errors[1] < 0.6 * errors[0]
    total = ahead.future.total.loc["spend", "mean"]
    assert shown.sum() == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("change", ["order of rows", "money"])
def test_neither_the_order_of_rows_nor_the_money_s_unit_changes_who_is_best(orders, change):
    options = {"end": "2021-12-31", "horizon": 26, "unit": "W", "draws": 200, "seed": 1}
    if change == "money":
        other = orders.assign(amount=1000 * orders["amount"])
    else:
        other = orders.sample(frac=1.0, random_state=2)
    one, two = (forecast(Past(each), **options, model="BG/NBD") for each in (orders, other))
    assert two.weights == one.weights
    scale = 1000.0 if change == "money" else 1.0
    first, second = (each.expected["spend"] for each in (one, two))
    assert second.to_numpy() == pytest.approx(scale * first.to_numpy(), rel=0.01)
    assert second.rank().tolist() == pytest.approx(first.rank().tolist(), abs=2)


def test_nothing_after_the_end_is_looked_at(orders):
    end = "2021-12-31"
    past = orders[orders["date"] <= end]
    options = {"end": end, "horizon": 26, "unit": "W", "draws": 200, "seed": 1}
    known = forecast(Past(past), **options, model="BG/NBD")
    whole = forecast(Past(orders), **options, model="BG/NBD")
    pd.testing.assert_frame_equal(known.future.customers, whole.future.customers)
    pd.testing.assert_frame_equal(known.expected, whole.expected)


def test_where_the_base_was_too_small_to_teach_the_models_stand_alone(orders):
    """Five customers and those who came lately: a year before the end there were too few."""
    began = orders.groupby("customer_id")["date"].transform("min")
    kept = orders[(began <= began.drop_duplicates().nsmallest(5).max()) | (began > "2020-11-01")]
    past = Past(kept[kept["date"] <= "2021-12-31"])
    assert not teaches(past.at("2021-01-01", 52, "W"))
    ahead = forecast(past, "2021-12-31", 52, "W", 200, 1, model="BG/NBD", share=0.1)
    assert ahead.learnt_at is None
    alone = ahead.fit.simulate(52, 200, 1, drift=ahead.drift, share=0.1)
    pd.testing.assert_frame_equal(ahead.future.total, alone.total)
    means = expectations(ahead.fit, 52, None, alone.totals)
    pd.testing.assert_frame_equal(ahead.expected, means)
    assert means.sum().to_numpy() == pytest.approx(alone.totals.mean()[means.columns].to_numpy())


# Refusals


@pytest.mark.parametrize("draws", [0, 99, 150.5])
def test_draws_are_at_least_a_hundred(fits, draws):
    with pytest.raises(ValueError, match="whole number of at least 100"):
        simulate_future(*fits, horizon=52, draws=draws, seed=1)


def test_a_horizon_is_a_length(fits):
    with pytest.raises(ValueError, match="positive length of time"):
        simulate_future(*fits, horizon=0, draws=200, seed=1)


def test_a_handful_of_customers_is_refused(fits, summary):
    with pytest.raises(ValueError, match="at least 30 customers: got 12"):
        simulate_future(*fits, horizon=52, draws=200, seed=1, summary=summary.head(12))


def test_without_repeat_purchases_there_is_no_future(fits, summary):
    once = summary.assign(frequency=0, recency=0.0)
    with pytest.raises(ValueError, match=r"none of \d+ customers has bought twice"):
        simulate_future(*fits, horizon=52, draws=200, seed=1, summary=once)
