"""Canonical tables on disk: made once, made anew when what they rest on changes, never half."""

import pandas as pd
import pytest

from goodlib.history import IntakeError, Study, inputs, prepare


@pytest.fixture
def study(write, tmp_path):
    return Study.read(write(), data=tmp_path)


def test_tables_are_what_the_intake_read(study):
    prepare(study, study.processed)
    assert {path.name for path in study.processed.iterdir()} == {
        *("orders.parquet", "intake.parquet", "stamp.json")
    }
    orders = pd.read_parquet(study.processed / "orders.parquet")
    assert orders["amount"].tolist() == [100.5, 80, 20]
    assert pd.read_parquet(study.processed / "intake.parquet").columns.tolist() == [
        *("table", "rule", "count", "first", "consequence")
    ]


def test_nothing_is_done_where_nothing_changed(study):
    prepare(study, study.processed)
    mark = study.processed / "value.parquet"
    mark.write_text("handed over by a chapter")
    prepare(study, study.processed)
    assert mark.exists()


def test_changed_data_makes_all_anew(study):
    prepare(study, study.processed)
    mark = study.processed / "value.parquet"
    mark.write_text("made from older orders")
    path = study.data / "orders.csv"
    path.write_text(path.read_text() + "008;2024-03-01;5\n")
    prepare(study, study.processed)
    assert not mark.exists()
    assert len(pd.read_parquet(study.processed / "orders.parquet")) == 4


def test_a_changed_study_makes_all_anew(study):
    prepare(study, study.processed)
    study.path.write_text(study.path.read_text() + "options: {minimum_amount: 20.5}\n")
    path = study.data / "orders.csv"
    path.write_text(path.read_text() + "008;2024-03-01;50\n")
    again = Study.read(study.path, data=study.data)
    prepare(again, again.processed)
    orders = pd.read_parquet(again.processed / "orders.parquet")
    assert orders["amount"].tolist() == [100.5, 80, 50]


def test_a_refused_history_leaves_the_tables_as_they_were(study):
    prepare(study, study.processed)
    before = {path.name: path.read_bytes() for path in study.processed.iterdir()}
    (study.data / "orders.csv").write_text("client;day;fee\na;2024-01-01;1\n")
    with pytest.raises(IntakeError, match="of one customer"):
        prepare(study, study.processed)
    assert {path.name: path.read_bytes() for path in study.processed.iterdir()} == before
    assert [path.name for path in study.processed.parent.iterdir()] == ["firm"]


def test_inputs_are_hashed_by_name(study):
    assert list(inputs(study)) == ["firm.yml", "orders.csv"]
    assert all(len(value) == 64 for value in inputs(study).values())
