"""Sentences of the audit that branch on their numbers, each branch on a base made for it."""

import numpy as np
import pandas as pd
import pytest

from goodlib.history import audit
from goodlib.report.figures import history as figures
from goodlib.report.findings import history as findings
from goodlib.report.words import Words


def say(sentence):
    return Words("EUR").say(sentence)


def orders(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


# two years to the end of 2024, and somebody who came long before
OLD = ("z", "2022-06-01", 1.0)
GROWS = orders(
    *(OLD, ("a", "2023-02-01", 100.0), ("a", "2024-02-01", 300.0)),
    *(("b", "2023-03-01", 100.0), ("c", "2024-05-01", 100.0)),
)
SHRINKS = orders(
    *(OLD, ("a", "2023-02-01", 300.0), ("a", "2024-02-01", 100.0)),
    *(("b", "2023-03-01", 100.0), ("c", "2024-05-01", 100.0)),
)


def test_what_the_base_did():
    base = audit.audit(GROWS, end="2024-12-31")
    assert say(findings.base(base, 0.5)) == (
        "In the 12 months to 31 December 2024, 2 customers bought 2 times for €400 in all; the "
        "best 50% of them (1) brought 75% of it."
    )
    assert say(findings.concentrated(base, 0.5)).startswith("Half of the revenue comes from 1 cust")


def test_growth_and_its_parts():
    base = audit.audit(GROWS, end="2024-12-31")
    said = say(findings.change(base, audit.bridge(base.customers)))
    assert "revenue rose by 100%, from €200 to €400" in said
    assert "1 of 2 customers bought no more (−€100)" in said
    assert "those who stayed bought €200 more, and 1 who came or came back brought €100" in said


def test_where_nobody_came_it_is_said_in_words():
    base = audit.audit(GROWS[GROWS["customer_id"] != "c"], end="2024-12-31")
    said = say(findings.change(base, audit.bridge(base.customers)))
    assert said.endswith("bought €200 more, and nobody came or came back.")


def test_decline_is_called_one():
    base = audit.audit(SHRINKS, end="2024-12-31")
    said = say(findings.change(base, audit.bridge(base.customers)))
    assert "revenue fell by 50%, from €400 to €200" in said


def test_no_revenue_at_all():
    base = audit.audit(GROWS.assign(amount=0.0), end="2024-12-31")
    assert "no revenue" in say(findings.concentrated(base, 0.1))
    assert "no revenue to hold" in say(findings.change(base, audit.bridge(base.customers)))
    assert "unknown" in say(findings.base(base, 0.1))


def test_a_quiet_period():
    base = audit.audit(GROWS, end="2026-12-31")
    assert say(findings.base(base, 0.1)) == (
        "Nobody bought anything in the 12 months to 31 December 2026."
    )


@pytest.mark.parametrize(
    ("newer", "word"), [(90, "stay better"), (10, "stay less often"), (50, "neither clearly")]
)
def test_newer_against_older(newer, word):
    frame = pd.DataFrame({"cohort": [1, 2], "age": 1, "active": [50, newer], "customers": 100})
    assert word in say(findings.newer(audit.newer_against_older(frame)))


def test_a_difference_of_shares_is_in_percentage_points():
    frame = pd.DataFrame({"cohort": [1, 2], "age": 1, "active": [50, 40], "customers": 100})
    said = say(findings.newer_doubt(audit.newer_against_older(frame)))
    assert "a difference of −10 percentage points, with a 95% interval from −23 to 3.7." in said


@pytest.mark.parametrize(
    ("new", "said"),
    [(0.0, "All revenue of the last month comes from"), (25.0, "75% of the revenue of the last")],
)
def test_what_the_last_span_rests_on(new, said):
    cohorts = pd.DataFrame(
        {"span": [1, 2, 2], "age": [0, 1, 0], "amount": [50.0, 75.0, new], "months": 1}
    )
    assert say(findings.rests_on(cohorts)).startswith(said)


def test_one_cohort_is_not_compared():
    frame = pd.DataFrame({"cohort": [1], "age": 1, "active": [50], "customers": [100]})
    assert say(findings.newer(audit.newer_against_older(frame))).startswith("All customers came")


def test_a_reader_is_alerted_to_what_is_missing():
    problems = pd.DataFrame(
        [
            ("orders", "customer_id is missing", 30, "row 1", "left out"),
            ("orders", "date is after 2024-12-31", 1, "row 2", "left out"),
            ("orders", "amount is zero", 50, "row 3", "kept as purchases (options.zero)"),
            ("ratings", "no score", 99, "row 4", "left out"),
        ],
        columns=["table", "rule", "count", "first", "consequence"],
    )
    kept = pd.DataFrame(index=range(69))
    assert [say(alert) for alert in findings.alerts(problems, kept)] == [
        "30 of 100 rows of orders (30%) are in no number of this report: they name no customer."
    ]
    assert say(findings.left_out(problems, kept)).endswith("left out: 31 (31%)")
    problems.loc[0, "consequence"] = "left out; fill it in if it is known"
    (alert,) = findings.alerts(problems, kept)
    assert say(alert).endswith("they name no customer. Fill it in if it is known.")


def test_a_few_customers_are_not_drawn_as_none():
    bins = pd.DataFrame({"purchases": ["1", "2", "3"], "customer_share": [0.997, 0.003, 0.0]})
    ax = figures.plot_frequency(bins.assign(amount_share=bins["customer_share"]))
    assert [text.get_text() for text in ax.texts[:3]] == ["100%", "<1%", "0%"]


def test_who_came_back_after_how_long():
    rng = np.random.default_rng(2)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1827, 900), unit="D")
    who = rng.integers(0, 150, 900).astype(str)
    cohorts = audit.cohorts(
        pd.DataFrame({"customer_id": who, "date": days, "amount": 1.0}), end="2024-12-31"
    )
    pooled = audit.retention(cohorts)
    values = findings.kept(cohorts).values
    assert values["unit"] == "half-year"
    assert values["first"] == pooled["active_share"].iloc[0]
    assert values["late"] == pooled.loc[values["age"], "active_share"]
    late = f"{values['late']:.0%} did (of the {values['n_late']} known that long)."
    assert say(findings.kept(cohorts)).endswith(late)


def test_where_nobody_came_back_it_is_said_in_words():
    pooled = {"span": [1, 2, 3], "cohort": 1, "age": [0, 1, 2], "months": 1, "customers": 40}
    frame = pd.DataFrame({**pooled, "active": [40, 0, 10], "active_share": [1.0, 0.0, 0.25]})
    assert say(findings.kept(frame)) == (
        "Of 40 customers, nobody bought again in the month after their first; 2 months on, 25% did "
        "(of the 40 known that long)."
    )
    frame.loc[2, "active"] = 0
    assert say(findings.kept(frame)).endswith(
        "on, nobody did any more (of the 40 known that long)."
    )
    assert say(findings.kept(frame[:2])) == (
        "Of 40 customers, nobody bought again in the month after their first."
    )
