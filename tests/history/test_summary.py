"""Orders in, one row a customer out."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goodlib.history import Study, summarize
from goodlib.history.study import Table
from goodlib.history.summary import cut, has_holdout

TOY = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "a", "b", "c"],
        "date": pd.to_datetime(
            ["2024-01-01", "2024-01-08", "2024-01-08", "2024-01-29", "2024-01-15", "2024-03-01"]
        ),
        "amount": [10.0, 20.0, 30.0, 5.0, 7.0, 9.0],
    }
)


@pytest.fixture(scope="module")
def cdnow(cdnow_orders):
    return summarize(cdnow_orders, end="1997-09-30", unit="W", holdout_end="1998-06-30")


# --- Published: Fader, Hardie & Lee (2005) and the data checks of the BTYD walkthrough


def test_cdnow_counts_are_the_published_ones(cdnow):
    assert len(cdnow) == 2357
    assert (cdnow["frequency"] == 0).sum() == 1411
    assert cdnow["frequency"].sum() == 2457
    assert cdnow["frequency"].sum() + len(cdnow) == 4814
    assert cdnow["frequency_holdout"].sum() == 1882
    assert cdnow["amount_holdout"].sum() == pytest.approx(70976.39, abs=0.005)


def test_cdnow_frequency_table_is_the_published_one(cdnow):
    table = cdnow["frequency"].clip(upper=7).value_counts().sort_index()
    assert table.tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]


def test_cdnow_spend_of_repeaters_is_the_published_one(cdnow):
    spend = cdnow.loc[cdnow["frequency"] > 0, "monetary_value"]
    assert len(spend) == 946
    assert spend.mean() == pytest.approx(35.08, abs=0.005)
    assert spend.max() == pytest.approx(299.63, abs=0.01)


def test_cdnow_first_customer_is_the_published_one(cdnow_orders):
    # customer 1: x = 2, t_x = 30.43, T = 38.86 (Hardie's spreadsheet)
    summary = summarize(cdnow_orders, end="1997-09-30", unit="W")
    row = summary.loc[summary.index == cdnow_orders["customer_id"].min()].iloc[0]
    assert row["frequency"] == 2
    assert row["recency"] == pytest.approx(30.43, abs=0.005)
    assert row["T"] == pytest.approx(38.86, abs=0.005)


# --- Oracle


def test_a_naive_loop_comes_to_the_same(cdnow_orders, cdnow):
    end, last = pd.Timestamp("1997-09-30"), pd.Timestamp("1998-06-30")
    rows = cdnow.to_dict("index")
    for customer, orders in cdnow_orders.groupby("customer_id"):
        days = {}
        for day, amount in zip(orders["date"], orders["amount"], strict=True):
            days[day] = days.get(day, 0.0) + amount
        first = min(days)
        repeat = [days[day] for day in days if first < day <= end]
        later = [days[day] for day in days if end < day <= last]
        row = rows[customer]
        assert row["frequency"] == len(repeat)
        assert row["recency"] == max((d - first).days for d in days if d <= end) / 7
        assert row["T"] == (end - first).days / 7
        assert row["frequency_holdout"] == len(later)
        assert row["amount_holdout"] == pytest.approx(sum(later), abs=1e-6)
        if repeat:
            assert row["monetary_value"] == pytest.approx(np.mean(repeat), abs=1e-9)
        else:
            assert np.isnan(row["monetary_value"])


def test_toy_by_hand():
    # a: 1, 8 (20 + 30 on one day) and 29 January; b: once; c: not yet a customer
    summary = summarize(TOY, end="2024-01-31", unit="W", holdout_end="2024-03-31")
    assert summary.index.tolist() == ["a", "b"]
    assert summary["frequency"].tolist() == [2, 0]
    assert summary["recency"].tolist() == [4.0, 0.0]
    assert summary["T"].tolist() == [30 / 7, 16 / 7]
    assert summary["monetary_value"].iloc[0] == (50 + 5) / 2
    assert np.isnan(summary["monetary_value"].iloc[1])
    assert summary["frequency_holdout"].tolist() == [0, 0]
    assert summary["T_holdout"].tolist() == [60 / 7, 60 / 7]


# --- Laws


def test_customers_and_day_purchases_in_are_those_out(cdnow_orders, cdnow):
    upto = cdnow_orders[cdnow_orders["date"] <= "1997-09-30"]
    assert set(upto["customer_id"]) == set(cdnow.index)
    days = cdnow_orders.drop_duplicates(["customer_id", "date"])
    counted = len(cdnow) + cdnow["frequency"].sum() + cdnow["frequency_holdout"].sum()
    assert len(days) == counted == 6696
    firsts = cdnow_orders.merge(cdnow["first_date"], left_on="customer_id", right_index=True)
    first = firsts.loc[firsts["date"] == firsts["first_date"], "amount"].sum()
    repeat = (cdnow["frequency"] * cdnow["monetary_value"].fillna(0)).sum()
    total = first + repeat + cdnow["amount_holdout"].sum()
    assert total == pytest.approx(cdnow_orders["amount"].sum(), abs=0.01)
    assert total == pytest.approx(244091.94, abs=0.01)


def test_the_order_of_rows_changes_nothing(cdnow_orders, cdnow):
    shuffled = cdnow_orders.sample(frac=1, random_state=1)
    again = summarize(shuffled, end="1997-09-30", unit="W", holdout_end="1998-06-30")
    pd.testing.assert_frame_equal(again, cdnow)


@pytest.mark.parametrize(("unit", "days"), [("W", 7), ("M", 30.4375), ("Q", 91.3125)])
def test_units_only_rescale_time(cdnow_orders, unit, days):
    daily = summarize(cdnow_orders, end="1997-09-30", unit="D")
    other = summarize(cdnow_orders, end="1997-09-30", unit=unit)
    np.testing.assert_allclose(other[["recency", "T"]] * days, daily[["recency", "T"]], rtol=1e-12)
    same = ["frequency", "monetary_value", "first_date"]
    pd.testing.assert_frame_equal(other[same], daily[same])


def test_times_of_day_make_no_second_purchase():
    hours = TOY.assign(date=TOY["date"] + pd.to_timedelta([1, 2, 23, 5, 9, 10], unit="h"))
    pd.testing.assert_frame_equal(
        summarize(hours, end="2024-01-31", unit="D"), summarize(TOY, end="2024-01-31", unit="D")
    )


def test_large_amounts_keep_their_cents():
    big = TOY.assign(amount=[1e10 + 0.01, 1e10 + 0.02, 1e10 + 0.03, 0.04, 1.0, 1.0])
    found = summarize(big, end="2024-01-31", unit="D")["monetary_value"].iloc[0]
    assert found == pytest.approx((2e10 + 0.09) / 2, abs=1e-5)


def test_the_cut_is_a_horizon_back_but_not_before_the_middle():
    days = pd.to_datetime(["2022-01-01", "2023-12-30"])
    orders = pd.DataFrame({"customer_id": ["a", "b"], "date": days, "amount": 1.0})
    study = Study.of_orders(Table(file="orders.csv"), Path())
    study = study.model_copy(update={"as_of": date(2023, 12, 31), "unit": "W", "horizon": 26})
    assert cut(study, orders) == pd.Timestamp("2023-07-02")
    assert cut(study.model_copy(update={"horizon": 80}), orders) == pd.Timestamp("2022-12-31")
    chosen = study.model_copy(update={"calibration_end": date(2022, 3, 1)})
    assert cut(chosen, orders) == pd.Timestamp("2022-03-01")


@pytest.mark.parametrize(
    ("customers", "back", "there"), [(30, 10, True), (29, 29, False), (60, 9, False)]
)
def test_a_holdout_needs_thirty_customers_ten_of_them_back(customers, back, there):
    first = [(f"c{n}", "2022-01-01") for n in range(customers)]
    again = [(f"c{n}", "2022-02-01") for n in range(back)]
    orders = pd.DataFrame(first + again + [("z", "2023-12-30")], columns=["customer_id", "date"])
    orders["date"] = pd.to_datetime(orders["date"])
    study = Study.of_orders(Table(file="orders.csv"), Path())
    study = study.model_copy(update={"as_of": date(2023, 12, 31), "unit": "W", "horizon": 26})
    assert has_holdout(study, orders) == there


# --- Refusals


def test_unknown_unit():
    with pytest.raises(ValueError, match=r"unit must be one of .*'W'.* got 'weeks'"):
        summarize(TOY, end="2024-01-31", unit="weeks")


def test_missing_column():
    with pytest.raises(ValueError, match=r"\['amount'\] are missing"):
        summarize(TOY.drop(columns="amount"), end="2024-01-31", unit="D")


def test_missing_values():
    broken = TOY.assign(amount=[1.0, None, 2.0, None, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"amount is missing in 2 of 6 rows"):
        summarize(broken, end="2024-01-31", unit="D")


def test_end_before_the_first_order():
    with pytest.raises(ValueError, match=r"0 of 6 orders .* \(first order: 2024-01-01\)"):
        summarize(TOY, end="2023-12-31", unit="D")


def test_holdout_that_ends_before_it_begins():
    with pytest.raises(ValueError, match="2024-01-01 < 2024-01-31"):
        summarize(TOY, end="2024-01-31", unit="D", holdout_end="2024-01-01")


def test_unknown_engine():
    with pytest.raises(ValueError, match=r"engine must be one of \['duckdb', 'spark'\], got 'sql'"):
        summarize(TOY, end="2024-01-31", unit="D", engine="sql")
