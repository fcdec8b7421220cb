"""The agenda of a meeting, and what was decided."""

import pandas as pd
import pytest

from goodlib.decision.agenda import TO_FILL, agenda, follow_up, read_decisions, to_decide
from goodlib.report.export import export

GAPS = pd.DataFrame(
    {
        "value_rank": [1.0, 2, 3, 4, 5, 6],
        "relationship_rank": [6.0, 1, 5, 4, 2, 3],
        "rank_gap": [5.0, -1, 2, 0.5, -3, -3],
        "p_money_first": [1.0, 0.1, 0.9, 0.6, 0.05, 0.15],
    },
    index=pd.Index([*"ABCDEF"], name="customer_id"),
)

# Oracle


def test_the_agenda_worked_by_hand():
    # D's direction is not sure; of the others two a side: A and C (money), E and F (people)
    asked = agenda(GAPS, count=4)
    assert asked.index.to_list() == ["A", "E", "F", "C"]
    assert asked["side"].to_list() == ["money", "people", "people", "money"]


# Laws


def test_decisions_written_back_are_followed_up(tmp_path):
    asked = agenda(GAPS, count=4).assign(residual_value=[10.0, 20, 30, 40], relationship=0.5)
    sheet = to_decide(asked, "2025-12-31")
    assert list(sheet.columns[:3]) == list(TO_FILL)
    sheet.loc["A", ["decision", "owner", "by"]] = ["a talk", "=Chen", "2026-03-01"]
    export(sheet, tmp_path / "agenda")
    taken = read_decisions(tmp_path / "agenda.csv", GAPS.index)
    assert taken.index.to_list() == ["A"]
    after = follow_up(
        taken,
        value=pd.Series({"A": 5.0}),
        relationship=pd.Series({"A": 0.9}),
        quadrant=pd.Series({"A": "undecided"}),
        as_of="2026-06-30",
    ).loc["A"]
    assert (after["residual_value_then"], after["residual_value_now"]) == (10, 5)
    assert (after["relationship_then"], after["relationship_now"]) == (0.5, 0.9)
    assert after["overdue"]


@pytest.mark.parametrize("kind", ["xlsx", "semicolons"])
def test_decisions_come_back_from_a_spreadsheet(tmp_path, kind):
    asked = agenda(GAPS, count=4).assign(residual_value=10.0, relationship=0.5, name="Ada")
    sheet = to_decide(asked, "2025-12-31")
    assert list(sheet.columns[:4]) == ["name", *TO_FILL]
    sheet.loc["A", ["decision", "by"]] = ["a talk", "2026-03-01"]
    path = tmp_path / f"decisions.{'xlsx' if kind == 'xlsx' else 'csv'}"
    if kind == "xlsx":
        sheet = sheet.assign(by=pd.to_datetime(sheet["by"].replace("", None)))
        sheet.reset_index().to_excel(path, index=False)
    else:
        sheet.reset_index().to_csv(path, sep=";", index=False, encoding="utf-8-sig")
    taken = read_decisions(path, GAPS.index)
    assert taken.index.to_list() == ["A"]
    assert taken.loc["A", "by"] == pd.Timestamp("2026-03-01")
    assert taken.loc["A", "residual_value"] == 10


def test_no_file_is_no_decision_yet(tmp_path):
    assert read_decisions(tmp_path / "none.csv", GAPS.index).empty


# Refusals


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("customer_id,decision\nA,talk\n", "not an agenda that goodlib wrote: it lacks decided_fr"),
        ("customer_id,decision,decided_from\nX,talk,2025-01-01\n", "1 of 1 in .* are not .*'X'"),
        (
            "customer_id,decision,decided_from\nA,talk,2025-01-01\nA,call,2025-01-01\n",
            "1 of 2 rows of .* repeat one .*'A'",
        ),
        ("customer_id,decision,decided_from\nA,talk,1.2.2025\n", "1 of 1 in 'decided_from'"),
    ],
)
def test_files_that_are_not_a_filled_agenda_are_refused(tmp_path, rows, said):
    path = tmp_path / "decisions.csv"
    path.write_text(rows)
    with pytest.raises(ValueError, match=said):
        read_decisions(path, GAPS.index)


def test_a_direction_that_is_a_coin_toss_is_refused():
    with pytest.raises(ValueError, match="certain is a chance above one half"):
        agenda(GAPS, certain=0.5)
