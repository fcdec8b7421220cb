"""Prospects and referrals at the door: what is wrong is counted, named and told its cure."""

import pandas as pd
import pytest

from goodlib.history import Study, StudyError
from goodlib.history.stage import out_of_order, unlisted

STAGES = ["talk", "offer", "contract"]
HEADER = "id,met,stage,worth,outcome,over,customer,name\n"
FINE = "P1,2023-01-10,contract,100,won,2023-03-01,007,Alder\n"


@pytest.fixture
def problems(read, tmp_path):
    """What a check says of prospects (CSV rows) and of referrals."""

    def problems(*rows, referrals=(), header=HEADER, columns=None):
        (tmp_path / "prospects.csv").write_text(
            header
            + FINE.strip()
            + "," * (header.count(",") - HEADER.count(","))
            + "\n"
            + "".join(f"{r}\n" for r in rows)
        )
        lines = "".join(f"{row}\n" for row in ("007,008,2024-01-02,0", *referrals))
        (tmp_path / "referrals.csv").write_text("by,whom,day,anyway\n" + lines)
        (tmp_path / "customers.csv").write_text("id,called\n007,Alder\n008, Birch\nF1,Friend\n")
        named = dict(
            zip(
                ["prospect_id", "first_contact", "stage", "expected_value", "outcome"],
                ["id", "met", "stage", "worth", "outcome"],
                strict=True,
            )
        )
        named |= {"outcome_date": "over", "customer_id": "customer", "name": "name"}
        sent = {"referrer_id": "by", "referred_id": "whom", "date": "day"}
        tables = {
            "prospects": {"file": "prospects.csv", "columns": named | (columns or {})},
            "referrals": {
                "file": "referrals.csv",
                "columns": sent | {"would_have_come_anyway": "anyway"},
            },
            "customers": {
                "file": "customers.csv",
                "columns": {"customer_id": "id", "name": "called"},
            },
        }
        table = {"date_format": "%Y-%m-%d"}
        history = read(table=table, tables=tables, stages=STAGES)
        said = history.problems[history.problems["table"].isin(["prospects", "referrals"])]
        kept = len(history.tables["prospects"])
        dropped = said["consequence"].str.startswith("left out") & (said["table"] == "prospects")
        assert kept + said.loc[dropped, "count"].sum() == history.read["prospects"]
        return said.set_index("rule")

    return problems


# --- Laws: every rule with its count, its first offender and its cure


@pytest.mark.parametrize(
    ("row", "rule", "first", "cure"),
    [
        (
            "P2,2024-01-01,talk,5,won,2023-01-01,,",
            "outcome_date is before first_contact",
            "P2",
            "is",
        ),
        ("P2,2024-01-01,talk,5,won,,,", "won without a date", "P2 won", "first order"),
        (
            "P2,2024-01-01,talk,5,perhaps,,,",
            "outcome is not won, lost or empty",
            "P2 perhaps",
            "map",
        ),
        ("P2,2024-01-01,talk,-5,,,,", "expected_value is negative", "P2 -5", "zero or more"),
        ("P2,2025-01-01,talk,5,,,,", "first_contact is after 2024-12-31", "P2 2025", "move as_of"),
        ("P1,2024-01-01,talk,5,,,,", "prospect_id comes again", "P1", "keep one row each"),
        (
            "P2,2024-01-01,talk,5,won,2025-02-01,,",
            "ended after the as-of date",
            "P2 2025",
            "as open",
        ),
        ("P2,2024-01-01,talk,5,,,C9,", "customer never ordered", "P2 C9", "customer_id"),
        ("P2,2024-01-01,talk,5,,,008,", "open, and a customer already", "P2 008", "part of"),
        (
            "P2,2024-01-01,talk,5,,,,BIRCH ",
            "open, with the name of a customer",
            "P2",
            "customer_id",
        ),
        (
            "P2,2024-01-01,handshake,5,,,,",
            "stage is not in the study's stages",
            "handshake",
            "add it",
        ),
    ],
)
def test_a_prospect_that_breaks_a_rule_is_counted_and_named(problems, row, rule, first, cure):
    found = problems(row)
    assert list(found.index) == [rule]
    assert found.loc[rule, "count"] == 1
    assert first in found.loc[rule, "first"]
    assert cure in found.loc[rule, "consequence"]


def test_prospects_in_order_and_words_in_capitals_are_fine(problems):
    fine = (
        "P2,2024-01-01,talk,,,,,",
        "P3,2024-01-01,talk,9, LOST ,,,",
        "P4,,offer,1,Won,2024-02-01,,",
    )
    assert problems(*fine).empty


def test_two_open_prospects_of_one_name(problems):
    found = problems("P2,2024-01-01,talk,5,,,,Cedar", "P3,2024-02-01,talk,5,,,,cedar")
    assert found.loc["open, and named like another", "first"].endswith("P3")


def test_no_prospect_won_is_said_at_the_door(problems, read):
    found = problems("P2,2024-01-01,talk,5,,,,", header=HEADER, columns={"outcome": "null"})
    assert found.loc["no prospect was won", "count"] == 2
    assert "add past prospects" in found.loc["no prospect was won", "consequence"]


def test_days_of_stages_out_of_their_order(problems):
    header = HEADER.strip() + ",offered,signed\n"
    row = "P2,2024-01-05,offer,5,,,,,2024-03-01,2024-02-01"
    early = "P3,2024-01-05,offer,5,,,,,2023-01-01,"
    days = {"offer": "offered", "contract": "signed"}
    found = problems(row, early, "P4,,talk,5,,,,,,", header=header, columns=days)
    assert found.loc["stages out of order", "count"] == 2
    assert "P2 offer" in found.loc["stages out of order", "first"]


def test_order_and_words_by_hand():
    day = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame({"stage": ["talk", "odd", None], "talk": day})
    frame["contract"] = [day, day - pd.Timedelta(days=1), pd.NaT]
    assert unlisted(frame, STAGES).tolist() == [False, True, False]
    assert out_of_order(frame, STAGES).tolist() == [False, True, False]
    skipped = pd.DataFrame({"first_contact": [day], "offer": [pd.NaT], "contract": [day]})
    assert not out_of_order(skipped, STAGES).any()
    skipped["contract"] -= pd.Timedelta(days=9)
    assert out_of_order(skipped, STAGES).all()


def test_referrals_of_people_nobody_knows_and_chances_beyond_one(problems):
    found = problems(referrals=["X,008,2024-02-01,0", "F1,007,2024-02-01,3", "F1,P1,2024-03-01,"])
    assert list(found.index) == ["would_have_come_anyway is above 1", "names somebody unknown"]
    assert found.loc["names somebody unknown", "first"].endswith("X sent 008")


# --- Refusals


def test_a_stage_named_twice(write, tmp_path):
    with pytest.raises(StudyError, match="stages must name each stage once: 'talk' comes again"):
        Study.read(write(stages=["talk", "talk"]), data=tmp_path)
