"""Is there a rhythm? k from the gaps, against other routes and simulated customers."""

import numpy as np
import pandas as pd
import pytest

import goodlib
from goodlib.value.regularity import Gaps

YEAR, LATER = 364, 546  # days: what is seen, and the end of the half year after it


def simulate(k, customers, seed, extra=1):
    """Events of MBG/CNBD-k customers (BG with extra=0), in days; by brute force.

    Columns customer_id, day, and gone: whether the customer left for good with this purchase.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        rate, p = rng.gamma(0.85) / (1.45 * 7), rng.beta(0.79, 2.42)
        time = rng.uniform(0, 91)
        gone = bool(extra) and rng.random() < p
        rows.append((customer, time, gone))
        while not gone:
            time += rng.gamma(k) / rate
            if time > LATER:
                break
            gone = rng.random() < p
            rows.append((customer, time, gone))
    return pd.DataFrame(rows, columns=["customer_id", "day", "gone"])


def summarised(events):
    """The first year's summary in weeks with exact times, so nothing of the rhythm is rounded away;
    what each buys in the half year after it (later), and who is active then.
    """
    events, later = events[events["day"] <= YEAR], events[events["day"] > YEAR]
    by = events.groupby("customer_id")["day"]
    gaps = np.log(by.diff().dropna() / 7).groupby(events["customer_id"]).sum()
    columns = {"frequency": by.count() - 1, "recency": (by.max() - by.min()) / 7}
    frame = pd.DataFrame(columns | {"T": (YEAR - by.min()) / 7})
    count = later["customer_id"].value_counts().reindex(frame.index, fill_value=0)
    active = ~events.groupby("customer_id")["gone"].any()
    log_gaps = gaps.reindex(frame.index, fill_value=0.0)
    return frame.assign(log_gaps=log_gaps, later=count, active=active)


# Published


def test_cdnow_customers_buy_at_random(cdnow_orders, cdnow_summary):
    """Fader & Hardie's cohort is the textbook case of k = 1: both intervals hold it."""
    table = goodlib.regularity(cdnow_orders, end="1997-09-30")
    assert (table["lower"] < 1).all()
    assert (table["upper"] > 1).all()
    summary = cdnow_summary.join(goodlib.log_gaps(cdnow_orders, end="1997-09-30", unit="W"))
    assert goodlib.choose_k(goodlib.ModifiedBetaGeoNBD, summary).model.law.k == 1


# Oracle


def test_shape_of_gaps_by_hand():
    """One customer with gaps 3 and 5: log-likelihood log Gamma(2k) - 2 log Gamma(k) + (k-1)
    log(...).
    """
    model = Gaps(pd.Series([3.0, 5.0], index=["A", "A"]))
    assert model.loglike([1.0]) == pytest.approx(0.0, abs=1e-14)
    assert model.loglike([2.0]) == pytest.approx(np.log(6 * 15 / 64), abs=1e-13)


def test_log_gaps_by_hand():
    dates = ["2024-01-01", "2024-01-08", "2024-01-29", "2024-01-29", "2024-02-01", "2024-01-02"]
    orders = pd.DataFrame({"customer_id": list("AAAAAB"), "date": pd.to_datetime(dates)})
    sums = goodlib.log_gaps(orders, end="2024-01-31", unit="W")
    assert sums.to_dict() == pytest.approx({"A": np.log(1 * 3), "B": 0.0})


# Laws


@pytest.mark.parametrize(
    ("model", "extra"), [(goodlib.ModifiedBetaGeoNBD, 1), (goodlib.BetaGeoNBD, 0)]
)
def test_regular_customers_are_recovered(model, extra):
    """The targets of BTYDplus: r .85, alpha 1.45, a .79, b 2.42 at k = 3, chosen by likelihood."""
    summary = summarised(simulate(3, 3000, seed=5, extra=extra))
    fit = goodlib.choose_k(model, summary)
    assert fit.model.law.k == 3
    interval = fit.conf_int(alpha=0.001)
    for name, true in {"r": 0.85, "alpha": 1.45, "a": 0.79, "b": 2.42}.items():
        assert interval.loc[name, "lower"] < true < interval.loc[name, "upper"]


@pytest.mark.parametrize(
    ("model", "extra"), [(goodlib.ModifiedBetaGeoNBD, 1), (goodlib.BetaGeoNBD, 0)]
)
def test_the_half_year_after_and_the_active_are_foretold_within_five_per_cent(model, extra):
    """BTYDplus' targets; of one base of 3,000 the total itself is uncertain by 4 %, so of three."""
    gaps = []
    for seed in range(3):
        summary = summarised(simulate(3, 3000, seed=seed, extra=extra))
        fit = model(summary, k=3).fit()
        coming = fit.expected_purchases(26).sum() / summary["later"].sum()
        gaps.append((coming - 1, fit.p_alive().sum() / summary["active"].sum() - 1))
    assert (np.abs(np.mean(gaps, axis=0)) < 0.05).all()


def test_rhythm_is_found_by_both_methods():
    events = simulate(3, 1500, seed=6)
    start = pd.Timestamp("2020-01-01")
    orders = events[events["day"] <= YEAR].assign(
        date=lambda e: start + pd.to_timedelta(e["day"].round(), unit="D")
    )
    table = goodlib.regularity(orders, end="2021-12-31")
    assert table["k"].between(2.2, 3.6).all()
    assert (table["lower"] > 1.5).all()


# Refusals


def test_too_few_purchases_are_refused():
    orders = pd.DataFrame({"customer_id": ["A", "A"], "date": ["2024-01-01", "2024-02-01"]})
    with pytest.raises(ValueError, match="3 customers with three purchases each: 0 of 1"):
        goodlib.regularity(orders, end="2024-12-31")
    with pytest.raises(ValueError, match="unit must be one of"):
        goodlib.log_gaps(orders, end="2024-12-31", unit="fortnight")
