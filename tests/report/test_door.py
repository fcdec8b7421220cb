"""What study and tables alone show to be impossible is refused before any chapter runs."""

import pandas as pd
import pytest

from goodlib.history import Study, StudyError
from goodlib.history.study import Table
from goodlib.report.door import require


def study(**said):
    given = {"as_of": "2024-12-31", "unit": "W", "horizon": 52, "margin": 0.4} | said
    table = {"orders": Table(file="orders.csv")}
    return Study(title="Tiny", currency="EUR", discount=0.1, tables=table, **given)


def orders(last="2024-12-01", n=40):
    """`n` customers who each came on the first of 2024 and on `last`."""
    names = [f"C{i:02d}" for i in range(n)]
    parts = [pd.DataFrame({"customer_id": names, "date": d}) for d in ("2024-01-01", last)]
    frame = pd.concat(parts, ignore_index=True).assign(amount=10.0)
    return frame.assign(date=pd.to_datetime(frame["date"]))


def services():
    return pd.DataFrame({"level": [1, 2], "name": ["a", "b"], "hours": [1.0, 2.0], "cost": 5.0})


EFFORTS = pd.DataFrame({"customer_id": ["C00"], "hours": [1.0], "skill": ["law"]})
RATINGS = pd.DataFrame({"customer_id": ["C00", "C01"], "side": ["staff", "client"], "score": 3})


# Laws


def test_what_can_be_served_passes():
    tables = {"services": services(), "efforts": EFFORTS, "ratings": RATINGS}
    plan = {"hours_per_month": 40, "budget": 200, "minimum_level": 1}
    assert require(study(investment=plan), {"orders": orders()} | tables) is None


def test_a_horizon_that_no_model_reads_is_not_refused():
    assert require(study(horizon=520), {"orders": orders(n=29)}) is None


def test_hours_that_the_plan_does_not_read_are_not_refused():
    tables = {"orders": orders(), "services": services()}  # no efforts: today's levels give hours
    assert require(study(investment={"hours_per_month": 1}), tables) is None


# Refusals


@pytest.mark.parametrize(
    ("said", "tables", "words"),
    [
        ({"margin": None}, {}, "neither `cost` nor `margin`"),
        ({"as_of": "2026-12-31"}, {}, r"0 of 80 orders did, the last is of 2024-12-01\. Set as_of"),
        ({"horizon": 105}, {}, r"105 W against 52 W since 2024-01-01\. Set horizon to 104"),
        (
            {},
            {"ratings": RATINGS.assign(side=["staff", "firm"])},
            r"1 of 2 are neither \(first: 'C01', side 'firm'\)\. Map",
        ),
        ({}, {"ratings": RATINGS.assign(side="client")}, r"0 of 2 have side staff\. Add theirs"),
        (
            {},
            {"interactions": pd.DataFrame({"customer_id": ["C00"], "time": ["2024-02-01"]})},
            r"interactions: A log needs \['side', 'kind'\]",
        ),
        (
            {},
            {"efforts": EFFORTS.drop(columns="skill")},
            r"0 of 1 rows have one of skill, industry, service .*Map one of them",
        ),
        (
            {"investment": {"hours_per_month": 39}},
            {"services": services(), "efforts": EFFORTS},
            r"40 customers take 40, 39 are there\. Raise hours_per_month to 40",
        ),
        (
            {"investment": {"budget": 199}},
            {"services": services()},
            r"40 customers take 200, 199 are there\. Raise budget to 200",
        ),
        (
            {"investment": {"minimum_level": 3}},
            {"services": services()},
            r"3 is above the highest of 2 \(2\)\. Lower it",
        ),
    ],
)
def test_the_impossible_is_refused_with_rule_count_and_cure(said, tables, words):
    with pytest.raises(StudyError, match=words):
        require(study(**said), {"orders": orders()} | tables)


def test_all_reasons_are_said_at_once():
    with pytest.raises(StudyError) as refused:
        require(study(margin=None, horizon=105), {"orders": orders()})
    assert len(str(refused.value).splitlines()) == 2
