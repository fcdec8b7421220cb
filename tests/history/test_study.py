"""A study file is checked before anything runs; mistakes are said with line and cure."""

from datetime import date
from pathlib import Path

import pytest

from goodlib.history import Study, StudyError

ROOT = Path(__file__).resolve().parents[2]
STUDIES = sorted((ROOT / "studies").glob("*.yml"))


# --- Oracle


def test_a_study_says_what_its_file_says(write, tmp_path):
    study = Study.read(write(note="Two sentences."), data=tmp_path)
    assert (study.name, study.title, study.currency, study.unit) == ("firm", "A firm", "EUR", "W")
    assert study.as_of == date(2024, 12, 31)
    assert study.periods_per_year == pytest.approx(365.25 / 7)
    assert study.has("orders")
    assert not study.has("ratings")
    assert study.files == [tmp_path / "orders.csv"]
    assert study.processed == tmp_path / "data" / "processed" / "firm"


def test_a_month_is_a_twelfth_of_a_year(write, tmp_path):
    assert Study.read(write(unit="M"), data=tmp_path).unit_days == 30.4375


def test_a_study_in_studies_belongs_to_the_folder_above():
    study = Study.read(ROOT / "studies" / "demo.yml")
    assert study.data == ROOT / "data" / "raw"
    assert study.processed == ROOT / "data" / "processed" / "demo"


def test_the_environment_moves_the_data(write, tmp_path, monkeypatch):
    path = write()
    monkeypatch.setenv("GOODLIB_DATA", str(tmp_path))
    assert Study.read(path).data == tmp_path


def test_queries_name_their_files_too(real_data):
    names = {path.name for path in Study.read(ROOT / "studies" / "worldbank.yml", real_data).files}
    assert "project_ratings_2026-01-15.parquet" in names


# --- Laws


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_of_the_project_cites_its_source(path, request):
    data = None if path.stem == "demo" else request.getfixturevalue("real_data")
    study = Study.read(path, data=data)
    assert len(study.source.split()) >= 5
    assert study.simulated == (path.stem == "demo")
    assert study.calibration_end < study.as_of


# --- Refusals


def refused(path, data):
    with pytest.raises(StudyError) as said:
        Study.read(path, data=data)
    return str(said.value)


def test_an_unknown_key_is_named_with_its_line_and_a_likely_one(write, tmp_path):
    said = refused(write(curency="EUR"), tmp_path)
    assert said == "firm.yml, line 14, curency: unknown key 'curency': did you mean 'currency'?"


def test_an_unknown_key_of_a_table(write, tmp_path):
    said = refused(write(table={"colums": {"a": "b"}}), tmp_path)
    assert said == (
        "firm.yml, line 14, tables.orders.colums: unknown key 'colums': did you mean 'columns'?"
    )


def test_an_unknown_key_of_one_of_several_tables(write, tmp_path):
    part = {"file": "orders.csv", "columns": {"customer_id": "client"}}
    said = refused(write(tables={"customers": [part, part | {"skale": [1]}]}), tmp_path)
    assert said == (
        "firm.yml, line 20, tables.customers.1.skale: unknown key 'skale': did you mean 'scale'?"
    )


def test_a_key_that_stands_twice(write, tmp_path):
    path = write()
    path.write_text(path.read_text() + "title: Another firm\nnote: a\nnote: b\n")
    lines = len(path.read_text().splitlines())
    assert refused(path, tmp_path).splitlines() == [
        f"firm.yml, line {lines - 2}, title: the key 'title' stands on line 1 already. "
        "Keep one of the two.",
        f"firm.yml, line {lines}, note: the key 'note' stands on line {lines - 1} already. "
        "Keep one of the two.",
    ]
    path = write(tables={"customers": {"rows": [{"a": 1}]}})
    path.write_text(path.read_text().replace("- a: 1", "- a: 1\n      a: 2"))
    assert "tables.customers.rows.a: the key 'a' stands on line" in refused(path, tmp_path)


def test_a_merged_key_may_be_given_anew_and_a_circle_is_no_study(write, tmp_path):
    part = "customers:\n    file: orders.csv\n    <<: &same {decimal: ',', encoding: latin-1}\n"
    path = write()
    path.write_text(path.read_text().replace("tables:\n", f"tables:\n  {part}    decimal: .\n"))
    table = Study.read(path, data=tmp_path).sources("customers")[0]
    assert (table.decimal, table.encoding) == (".", "latin-1")
    path.write_text(path.read_text() + "extra: &circle [*circle]\n")
    assert "is not a readable YAML file" in refused(path, tmp_path)


def test_all_mistakes_are_said_at_once(write, tmp_path):
    said = refused(write(unit="weeks", horizon=-1, currency="euro"), tmp_path).splitlines()
    assert len(said) == 3
    assert any("line 5, horizon" in line and "greater than 0" in line for line in said)
    assert any("line 4, unit" in line and "'W'" in line and "is 'weeks'" in line for line in said)


def test_a_missing_key(write, tmp_path):
    path = write()
    path.write_text(path.read_text().replace("currency: EUR\n", ""))
    assert "currency: the key 'currency' is missing. Add it." in refused(path, tmp_path)


def test_a_missing_data_file(write, tmp_path):
    said = refused(write(table={"file": "invoices.csv"}), tmp_path)
    assert "line 9, tables.orders: the file 'invoices.csv' does not exist under" in said
    assert "--data or GOODLIB_DATA" in said


def test_a_study_without_orders(write, tmp_path):
    path = write()
    path.write_text(path.read_text().replace("  orders:", "  customers:"))
    assert "tables needs orders" in refused(path, tmp_path)


def test_a_table_with_two_sources(write, tmp_path):
    said = refused(write(table={"query": "select 1"}), tmp_path)
    assert "a table needs exactly one of file, query and rows" in said


def test_a_balance_that_does_not_sum_to_one(write, tmp_path):
    said = refused(write(balance={"others": 0.5, "skill": 0.5, "you": 0.5}), tmp_path)
    assert "must sum to one, they sum to 1.5" in said


RATED = {"file": "orders.csv", "columns": {"customer_id": "client"}, "scale": [1, 2, 3]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"rubrics": {"reach": {"good": "others", "anchors": {1: "none", 4: "all"}}}},
            "the rubric 'reach' speaks of scores that are not on the scale: 1 of 2 (first: 4)",
        ),
        (
            {"rubrics": {"reach": {"good": "money", "anchors": {1: "none", 3: "all"}}}},
            "rubrics.reach.good: Input should be 'others' or 'skill'",
        ),
        (
            {"rubrics": {"reach": {"good": "others", "anchor": {1: "none", 3: "all"}}}},
            "unknown key 'anchor': did you mean 'anchors'?",
        ),
        ({"rate_for_others": {"per_hour": 1, "per_point": 2}}, "give one of the two"),
        ({"rate_for_others": {"per_point": 2}}, "per_point needs a rubric of good for others"),
        (
            {"rate_for_others": {"per_hour": -3}},
            "rate_for_others.per_hour: Input should be greater",
        ),
    ],
)
def test_rubrics_and_rates_that_cannot_be_meant(write, tmp_path, given, said):
    assert said in refused(write(tables={"ratings": RATED}, **given), tmp_path)


def test_rubrics_without_ratings(write, tmp_path):
    rubric = {"reach": {"good": "others", "anchors": {1: "none", 3: "all"}}}
    assert "tables has no ratings. Add them" in refused(write(rubrics=rubric), tmp_path)


def test_a_holdout_after_the_last_day(write, tmp_path):
    said = refused(write(calibration_end="2025-06-30"), tmp_path)
    assert "calibration_end (2025-06-30) must be before as_of (2024-12-31)" in said


@pytest.mark.parametrize(
    ("text", "match"),
    [("", "is empty or not a list of keys"), ("a: [", "is not a readable YAML file")],
)
def test_a_file_that_is_no_study(tmp_path, text, match):
    path = tmp_path / "firm.yml"
    path.write_text(text)
    with pytest.raises(StudyError, match=match):
        Study.read(path)


def test_no_file_at_all(tmp_path):
    with pytest.raises(StudyError, match=r"nothing.yml does not exist. `goodlib new` makes one"):
        Study.read(tmp_path / "nothing.yml")
