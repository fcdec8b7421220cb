"""Referrals: who brought whom, what it is worth, and that nobody is counted twice."""

import numpy as np
import pandas as pd
import pytest

from goodlib.history import demo
from goodlib.value.referral import (
    expected_of_friends,
    expected_referrals,
    fit_rate,
    read_referrals,
    referral_value,
)


def sent(*rows, **columns):
    frame = pd.DataFrame(rows, columns=["referrer_id", "referred_id", "date"])
    return frame.assign(**columns)


TREE = sent(("A", "B", "2021-01-01"), ("A", "C", "2022-01-01"), ("B", "D", "2023-01-01"))
VALUES = pd.Series({"A": 10.0, "B": 100.0, "C": 40.0, "D": 1000.0}, name="value")


# --- Oracle: worked by hand


def test_type_one_counts_in_full_type_two_with_the_saving_only():
    known = TREE.assign(would_have_come_anyway=[0.0, 1.0, 0.25])
    table = referral_value(known, VALUES, saving=5.0, cost=2.0, draws=10, seed=1)
    assert table.loc["A", ["own", "attributed", "saved", "total"]].tolist() == [10, 100, 6, 116]
    assert table.loc["B", ["own", "attributed", "credited"]].tolist() == [100, 750, 100]
    assert table.loc["D", "credited"] == 750


def test_unknown_takes_the_share_of_the_known():
    known = TREE.assign(would_have_come_anyway=[0.0, 0.0, np.nan])  # (1 + 0) / (2 + 2) = 1/4
    table = referral_value(known, VALUES, saving=0.0, cost=0.0, draws=4000, seed=1)
    assert table.loc["B", "attributed"] == pytest.approx(750)
    assert table.loc["B", "attributed_lower_80"] == 0
    assert table.loc["B", "attributed_upper_80"] == 1000


def test_one_who_never_bought_can_stand_above_small_payers():
    with_friend = pd.concat([TREE, sent(("F", "A", "2020-06-01"))])
    friend = with_friend.assign(would_have_come_anyway=0.0).replace({"A": "E"})
    values = pd.Series({"E": 500.0, "B": 1.0, "C": 1.0, "D": 1.0})
    table = referral_value(friend, values, saving=0.0, cost=0.0, draws=10, seed=1)
    assert table.loc["F", "own"] == 0
    assert table["total"].rank(ascending=False)["F"] <= 2


def test_a_circle_breaks_at_its_last_link():
    circle = sent(("B", "C", "2021-02-01"), ("C", "A", "2021-03-01"), ("A", "B", "2021-01-01"))
    found = read_referrals(circle)
    assert found.kept[["referrer_id", "referred_id"]].to_numpy().tolist() == [
        ["A", "B"],
        ["B", "C"],
    ]
    assert found.ignored["rule"].tolist() == ["closes a circle"]


def test_each_person_is_sent_once_and_not_after_buying():
    many = sent(
        ("A", "B", "2021-01-01"),
        ("C", "B", "2021-02-01"),
        ("D", "D", "2021-03-01"),
        ("A", "E", "2021-04-01"),
        ("A", "nobody", "2021-05-01"),
    )
    found = read_referrals(many, {"E": pd.Timestamp("2020-01-01")}, known=list("ABCDE"))
    assert found.ignored["rule"].tolist() == [
        "sent before by somebody else",
        "sent themselves",
        "was a customer before",
        "names somebody unknown",
    ]
    assert len(found.kept) == 1


# --- Laws


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_counted_twice(seed):
    random = np.random.default_rng(seed)
    ids = [f"C{i}" for i in range(40)]
    pairs = random.choice(ids, (60, 2))
    dates = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 2000, 60), unit="D")
    frame = pd.DataFrame(pairs, columns=["referrer_id", "referred_id"]).assign(date=dates)
    frame["would_have_come_anyway"] = random.choice([0, 1, np.nan], 60)
    values = pd.Series(random.gamma(1, 1000, 40), index=ids)
    table = referral_value(frame, values, saving=30.0, cost=10.0, draws=50, seed=seed)
    net = table["total"] - table["credited"] - table["saved"]
    assert net.sum() == pytest.approx(values.sum())
    assert table["attributed"].sum() == pytest.approx(table["credited"].sum())
    assert (table["credited"] <= table["own"] + 1e-9).all()
    assert table["n_referred"].sum() == len(read_referrals(frame).kept)


def test_rates_are_recovered_and_drawn_towards_each_other():
    random = np.random.default_rng(2)
    exposure = pd.Series(random.uniform(50, 300, 3000))
    rate = random.gamma(0.8, 1 / 400, 3000)
    counts = pd.Series(random.poisson(rate * exposure))
    law = fit_rate(counts, exposure)
    assert law.shape == pytest.approx(0.8, rel=0.25)
    assert law.shape / law.rate == pytest.approx(0.002, rel=0.1)
    coming = expected_referrals(law, counts, exposure, horizon=52)
    later = random.poisson(rate * 52)
    assert coming["expected_referrals"].sum() == pytest.approx(later.sum(), rel=0.15)
    inside = (later >= coming["expected_referrals_lower_80"]) & (
        later <= coming["expected_referrals_upper_80"]
    )
    assert inside.mean() >= 0.8
    quiet, busy = counts == 0, counts >= 2
    assert coming["expected_referrals"][quiet].max() < coming["expected_referrals"][busy].max()


def test_friends_whose_beginning_nobody_knows_get_an_honest_range():
    random = np.random.default_rng(3)
    known = random.uniform(1, 10, 4000)  # years they could have, of ten that were seen
    rate = random.gamma(0.8, 0.5, 4000)
    made = [
        np.sort(random.uniform(0, t, n))
        for t, n in zip(known, random.poisson(rate * known), strict=True)
    ]
    seen = np.array([len(days) > 0 for days in made])
    counts = pd.Series([len(days) for days in made])[seen]
    first = pd.Series([days[0] if len(days) else 0.0 for days in made])[seen]
    shortest, longest = known[seen] - first, pd.Series(10.0, counts.index)
    law = fit_rate(pd.Series([len(days) for days in made]), pd.Series(known))
    coming = expected_of_friends(law, counts, shortest, longest, horizon=1.0)
    later = random.poisson(rate[seen])
    low, high = coming["expected_referrals_lower_80"], coming["expected_referrals_upper_80"]
    assert ((low <= later) & (later <= high)).mean() >= 0.8
    assert coming["expected_referrals"].sum() == pytest.approx(later.sum(), rel=0.15)
    exact = expected_referrals(law, counts, longest, horizon=1.0)["expected_referrals"]
    assert (coming["expected_referrals"] >= exact).all()


def test_costs_written_down_go_before_the_one_given():
    known = TREE.assign(would_have_come_anyway=1.0, cost=[4.0, np.nan, 0.0])
    table = referral_value(known, VALUES, saving=5.0, cost=2.0, draws=10, seed=1)
    assert table.loc[["A", "B"], "saved"].tolist() == [(5 - 4) + (5 - 2), 5 - 0]


def test_the_demo_firm_reconciles_and_its_friends_stand_out():
    firm = demo.simulate()
    orders = firm.tables["orders"]
    year = orders[orders["invoiced"] > "2024-12-31"]
    margin = (year["fee"] - year["cost"]).groupby(year["client"]).sum()
    first = pd.to_datetime(orders.groupby("client")["invoiced"].min())
    frame = firm.tables["referrals"].replace("", np.nan)
    read = read_referrals(frame, first)
    assert read.ignored["rule"].tolist() == ["closes a circle"]
    table = referral_value(read, margin, saving=0.0, cost=0.0, draws=100, seed=1)
    assert (table["total"] - table["credited"]).sum() == pytest.approx(margin.sum())
    friends = table.loc[table.index.str.startswith("F")]
    assert (friends["own"] == 0).all()
    assert friends["total"].max() > margin.median()


# --- Refusals


def test_the_door_names_rule_count_and_first():
    with pytest.raises(ValueError, match="referrals need the columns .*: date missing"):
        read_referrals(TREE.drop(columns="date"))
    with pytest.raises(ValueError, match="must lie in 0 to 1: 3 of 3.*'A' to 'B'"):
        read_referrals(TREE.assign(would_have_come_anyway=2.0))
    with pytest.raises(ValueError, match="a referral needs two ids and a date: 1 of 3"):
        read_referrals(TREE.replace({"D": None}))
    with pytest.raises(ValueError, match="values must be known: 1 of 4.*'B'"):
        referral_value(TREE, VALUES.replace(100.0, np.nan), saving=0, cost=0, draws=5, seed=1)
    with pytest.raises(ValueError, match="values must have one row a customer: 'A'"):
        referral_value(TREE, pd.concat([VALUES, VALUES]), saving=0, cost=0, draws=5, seed=1)


def test_no_referral_or_no_time_says_nothing_about_rates():
    ids = pd.Series([0, 0], index=["A", "B"])
    with pytest.raises(ValueError, match="no referral among 2 customers"):
        fit_rate(ids, pd.Series(1.0, index=["A", "B"]))
    with pytest.raises(ValueError, match="exposure must be above 0: 2 of 2.*'A'"):
        fit_rate(ids, pd.Series(0.0, index=["A", "B"]))
