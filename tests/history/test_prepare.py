"""Canonical tables on disk: made once, made anew when what they rest on changes, never half."""

import duckdb
import pandas as pd
import pytest

from goodlib.history import IntakeError, Study, StudyError, inputs, prepare


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


@pytest.mark.parametrize(("both", "kept"), [(False, ["trust"]), (True, ["trust", "reach"])])
def test_ratings_on_a_rubric_are_a_table_of_their_own(write, tmp_path, both, kept):
    (tmp_path / "ratings.csv").write_text(
        "who,by,on,what,stars\n007,Eve,2024-03-01,trust,2\n008,Eve,2024-03-01,reach,3\n"
    )
    columns = {"customer_id": "who", "rater": "by", "date": "on", "item": "what", "score": "stars"}
    spec = {"file": "ratings.csv", "columns": columns, "scale": [1, 2, 3]}
    rubric = {"good": "others", "anchors": {1: "none", 3: "all"}, "relationship": both}
    path = write(tables={"ratings": spec}, rubrics={"reach": rubric})
    study = Study.read(path, data=tmp_path)
    prepare(study, study.processed)
    tables = {n: pd.read_parquet(study.processed / f"{n}.parquet") for n in ("ratings", "rubrics")}
    assert tables["ratings"]["item"].tolist() == kept
    assert tables["rubrics"]["item"].tolist() == ["reach"]


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


def test_files_of_a_query_are_hashed_one_by_one(write, tmp_path):
    for month in ("01", "02"):
        (tmp_path / f"m_{month}.csv").write_text(
            f"client,day,fee\na,2024-{month}-05,5\nb,2024-{month}-07,9\n"
        )
    table = {"file": None, "query": "select * from read_csv('{data}/m_*.csv', all_varchar = true)"}
    study = Study.read(write(table=table), data=tmp_path)
    assert list(inputs(study)) == ["firm.yml", "m_01.csv", "m_02.csv"]
    prepare(study, study.processed)
    assert len(pd.read_parquet(study.processed / "orders.parquet")) == 4


def test_a_database_is_attached_read_and_hashed(write, tmp_path):
    with duckdb.connect(str(tmp_path / "firm.duckdb")) as firm:
        firm.execute("create table bills (client varchar, day date, fee double)")
        firm.execute("insert into bills values ('a', '2024-01-05', 5), ('a', '2024-02-05', 7)")
        firm.execute("insert into bills values ('b', '2024-03-05', 9)")
    table = {
        "file": None,
        "query": "select * from books.bills",
        "attach": {"books": "{data}/firm.duckdb"},
    }
    study = Study.read(write(table=table), data=tmp_path)
    assert list(inputs(study)) == ["firm.yml", "firm.duckdb"]
    assert study.live == []
    prepare(study, study.processed)
    assert pd.read_parquet(study.processed / "orders.parquet")["amount"].tolist() == [5, 7, 9]


def test_a_database_that_is_no_file_is_named_without_its_address(write, tmp_path):
    table = {"file": None, "query": "select 1", "attach": {"crm": "postgres:password=x"}}
    assert Study.read(write(table=table), data=tmp_path).live == ["crm (postgres)"]


def test_what_is_attached_needs_a_query(write, tmp_path):
    with pytest.raises(StudyError, match="what is attached is read by a query"):
        Study.read(write(table={"attach": {"crm": "{data}/orders.csv"}}), data=tmp_path)
