"""What customers are worth, in the futures that all chapters share."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.value.feature import Past
from goodlib.value.forecast import forecast
from goodlib.value.level import Level
from goodlib.value.lifetime import discount_rate
from goodlib.value.purchase import NBD, BetaGeoNBD, ParetoNBD
from goodlib.value.selection import fit_purchases, fit_spend, law, others, sound
from goodlib.value.worth import FUTURES, arrival, draws_for, recall, what_if, worth

MONEY = {"discount": 0.15, "periods_per_year": 52.18}


@pytest.fixture(scope="module")
def past():
    """150 customers who come, buy and leave at known rates over four years."""
    rng = np.random.default_rng(3)
    rows = []
    for who in range(150):
        came, rate, mean = rng.uniform(0, 1000), rng.gamma(1.2, 1 / 60), rng.lognormal(5, 0.5)
        left = came + rng.exponential(900)
        days = np.sort(rng.uniform(came, left, rng.poisson(rate * (left - came)))).round()
        days = np.unique(np.r_[round(came), days[days < 1460]])
        rows += [(f"c{who:03}", day, rng.gamma(3, mean / 3)) for day in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return Past(frame.assign(date=pd.Timestamp("2020-01-01") + pd.to_timedelta(frame["day"], "D")))


@pytest.fixture(scope="module")
def ahead(past):
    return forecast(past, "2023-12-30", 52, "W", 200, 1, model="BG/NBD", share=0.1)


@pytest.fixture(scope="module")
def margin(past):
    ids = sorted(past.orders["customer_id"].unique())
    return pd.Series(np.linspace(-0.1, 0.6, len(ids)), index=ids)


@pytest.fixture(scope="module")
def known(ahead, margin):
    return worth(ahead, margin, **MONEY)


# Oracle


def test_money_is_discounted_as_purchases_are_expected_to_come(ahead):
    """Day by day, on the calendar's clock."""
    fit, rate = ahead.fit, discount_rate(**MONEY)
    some = fit.summary.iloc[[0, 40, 149]]
    days = np.linspace(0, 52, 365)
    clock = [fit.calendar.expected_future(t) if t else 0.0 for t in days]
    reached = np.column_stack([fit.purchases.expected_purchases(u, some) for u in clock])
    each = np.diff(reached, axis=1)
    naive = each @ np.exp(-rate * (days[1:] + days[:-1]) / 2) / each.sum(axis=1)
    found = arrival(fit, 52.0, rate).loc[some.index]
    assert found.to_numpy() == pytest.approx(naive, rel=2e-4)


def test_a_draw_of_value_is_spend_times_margin_discounted(ahead, known, margin):
    naive = ahead.future.spend[7] * margin.reindex(ahead.future.customers.index)
    naive = naive * arrival(ahead.fit, 52.0, discount_rate(**MONEY))
    assert known.each["7"].to_numpy() == pytest.approx(naive.to_numpy(), rel=1e-5)
    assert known.total[7] == pytest.approx(naive.sum(), rel=1e-5)


# Laws


def test_every_sum_is_the_same_sum(known):
    table = known.tables()
    total = table["value"]["residual_value"].sum()
    assert total == pytest.approx(known.total.mean())
    assert total == pytest.approx(table["draws_value"].to_numpy(float).mean(axis=1).sum())
    spent = table["future"]["expected_spend"] @ table["value"]["kept"]
    assert spent == pytest.approx(total, rel=1e-5)


def test_what_is_handed_on_comes_back(ahead, known):
    found = recall(known.tables(), 52.0, 0.1)
    spend, back = ahead.future.spend.to_numpy(), found.future.spend.to_numpy()
    paying = (known.customers["kept"] != 0).to_numpy()
    assert back[paying] == pytest.approx(spend[paying], rel=1e-5)
    pd.testing.assert_frame_equal(found.future.total, ahead.future.total, check_dtype=False)
    names = ["month", "m", "season", "level", "actual", "expected"]
    pd.testing.assert_frame_equal(found.calendar[names], ahead.fit.calendar.curve[names])
    assert found.refused == ahead.fit.calendar.refused
    clock, last = ahead.fit.calendar, found.calendar.iloc[-1]
    base = replace(clock, ahead=Level.still()).expected_future(52.0) / clock.curve["level"].iloc[-1]
    assert last["level_ahead"] == pytest.approx(clock.expected_future(52.0) / base, rel=0.02)
    assert last["level_ahead_lower_80"] < last["level_ahead"] < last["level_ahead_upper_80"]
    assert last["level_ahead_until"] == clock.end + pd.Timedelta(days=364)
    kind = {(False, False): "none", (True, False): "season", (False, True): "level"}
    moves = found.moves("season"), found.moves("level")
    assert kind.get(moves, "both") == ahead.fit.calendar.kind


def test_other_discounts_and_models_move_the_value(past, ahead, known):
    fits = fit_purchases(ahead.fit.summary)
    spends = fit_spend(past.orders, ahead.fit.summary)
    options = {"discounts": [0.0, 0.15, 0.3], "top": 15}
    table = what_if(known, past, *others(fits, spends, "BG/NBD"), **MONEY, **options)
    assert table.loc[0, "change"] == "as reported"
    assert table.loc[0, "total"] == pytest.approx(known.customers["residual_value"].sum())
    assert table.loc[0, "shared"] == 15
    totals = table.set_index("change")["total"]
    assert totals["discounted at 0% a year"] > totals["as reported"]
    assert totals["as reported"] > totals["discounted at 30% a year"]
    assert "BetaGeoNBD" not in totals
    assert {"ParetoNBD", "log-normal", "no season and no level"} <= set(totals.index)
    assert totals["ParetoNBD"] == pytest.approx(totals["as reported"], rel=0.15)


def test_the_chosen_law_has_a_name(past):
    now = past.at("2023-12-30", 52, "W")
    best = next(fit for fit in fit_purchases(now) if not fit.problems)
    names = {"ParetoNBD": "Pareto/NBD", "BetaGeoNBD": "BG/NBD", "ModifiedBetaGeoNBD": "MBG/NBD"}
    assert law(now) == names[type(best.model).__name__]


def test_every_model_that_may_be_believed_has_its_say(past):
    """What the base is expected to buy is the mean of what each of them alone expects."""
    fit = forecast(past, "2023-12-30", 52, "W", 100, 1, calendar="none").fit
    believed = sound(fit_purchases(fit.summary))
    assert {type(each.model) for each in fit.opinions} == {type(each.model) for each in believed}
    assert len(fit.opinions) > 1
    assert fit.name == law(past.at("2023-12-30", 52, "W"))
    counts = [each.expected_purchases(52, fit.summary) for each in fit.opinions]
    assert np.allclose(fit.expected(52)["purchases"], np.mean(counts, axis=0))
    alive = [each.p_alive(fit.summary) for each in fit.opinions]
    assert np.allclose(fit.p_alive(), np.mean(alive, axis=0))


def test_a_model_that_loses_clearly_is_no_opinion():
    def fitted(model, aic, problems=()):
        return SimpleNamespace(model=object.__new__(model), aic=aic, problems=list(problems))

    pareto, bg = fitted(ParetoNBD, 100.0), fitted(BetaGeoNBD, 104.0, ["not identified"])
    near, far = fitted(NBD, 109.0), fitted(NBD, 111.0)
    assert sound([pareto, bg, near]) == [pareto, near]
    assert sound([pareto, bg, far]) == [pareto]
    worn = fitted(ParetoNBD, 100.0, ["at the boundary"])  # all have something: the best of them
    assert sound([worn, bg, far]) == [worn]
    assert sound([worn, bg, near]) == [near]


def test_eighty_of_a_hundred_futures_hold_what_comes(past, margin):
    """What really came after an earlier day; ranges of counts hold more than they say."""
    end = pd.Timestamp("2022-12-30")
    known = worth(forecast(past, end, 52, "W", 200, 2, model="BG/NBD"), margin, **MONEY)
    later = past.orders[past.orders["date"].between(end, "2023-12-29", inclusive="right")]
    years = (later["date"] - end).dt.days / 365.25
    paid = later["amount"] * later["customer_id"].map(margin) / 1.15**years
    came = paid.groupby(later["customer_id"]).sum().reindex(known.customers.index, fill_value=0.0)
    low, high = (known.customers[f"residual_value_{end}_80"] for end in ("lower", "upper"))
    assert 0.78 < came.between(low, high).mean() < 0.97
    lower, upper = np.quantile(known.total, [0.01, 0.99])
    assert lower < came.sum() < upper


def test_a_large_base_shares_fewer_futures():
    assert draws_for(200, 1000) == FUTURES
    assert draws_for(200, 150) == 150
    assert draws_for(200_000, 1000) == 200
    assert draws_for(10_000_000, 1000) == 100
