"""Published whole or not at all; what a run leaves; exit codes."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from filelock import FileLock
from nbformat import v4

from goodlib.cli import main
from goodlib.history import StudyError
from goodlib.report import publish as module
from goodlib.report.publish import one_row_a_customer, publish
from goodlib.report.run import ChapterError, Executed, ParameterError

FINDING = "{n:plural client clients} bought"


def executed(name, n=3):
    """A chapter as it is after it ran, without a kernel."""
    said = {
        "kind": "finding",
        "text": f"{n} clients bought",
        "template": FINDING,
        "values": {"n": n},
    }
    data = {"text/html": f'<p class="finding">{said["text"]}</p>', "text/plain": said["text"]}
    output = v4.new_output("display_data", data, metadata={"goodlib": said})
    cells = [v4.new_markdown_cell("# What?"), v4.new_code_cell("chapter", outputs=[output])]
    return Executed(name, v4.new_notebook(cells=cells), 1.0, ("UserWarning: careful",))


@pytest.fixture
def road(tiny, chapter, monkeypatch):
    """Publishes the tiny study with chapters that need no kernel; `road.n` is what they find."""
    tiny.write("01-first", chapter("What?"))
    tiny.n, tiny.fail = 3, False

    def execute(paths, given, to, has):
        for path in paths:
            (to / path.name).write_text("{}")
            if tiny.fail:
                raise ChapterError(to / path.name, 4, "ZeroDivisionError: division by zero")
            value = pd.DataFrame({"p_alive": [0.5]}, index=pd.Index(["007"], name="customer_id"))
            value.to_parquet(f"{given['processed']}/value.parquet")
            yield executed(path.stem, tiny.n)

    monkeypatch.setattr(module, "execute", execute)
    tiny.lines = []
    tiny.publish = lambda **options: publish(
        tiny.study, notebooks=tiny.notebooks, tell=tiny.lines.append, **options
    )
    return tiny


def left(folder):
    return sorted(
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and p.name != ".lock"
    )


def test_what_a_run_leaves(road):
    report = road.publish()
    home = road.root / "reports" / "tiny"
    assert report == home / "2024-12-31" / "report.html"
    assert left(home) == [
        "2024-12-31/notebooks/01-first.ipynb",
        "2024-12-31/report.html",
        "2024-12-31/tables/customers.parquet",
        "2024-12-31/tables/intake.parquet",
        "2024-12-31/tables/value.parquet",
        "2024-12-31/values.json",
        "latest.html",
    ]
    assert (home / "latest.html").read_bytes() == report.read_bytes()
    values = json.loads((home / "2024-12-31" / "values.json").read_text())
    assert values["chapters"]["01-first"][0]["values"] == {"n": 3}
    text = report.read_text()
    assert "Tiny &amp; Sons &lt;b&gt;" in text
    assert "31 December 2024" in text
    assert "UserWarning: careful" in text
    assert road.lines[0] == "chapter 1 of 1: 01-first"


def test_a_second_run_takes_the_first_ones_place(road):
    road.publish()
    road.n = 4
    report = road.publish()
    assert "4 clients bought" in report.read_text()
    assert not [p for p in (road.root / "reports" / "tiny").iterdir() if p.name.startswith(".run")]


def test_latest_is_the_newest_date_even_when_an_older_one_is_run_again(road):
    road.publish()
    study = road.study.read_text()
    road.study.write_text(study.replace("2024-12-31", "2024-06-30"))
    road.n = 9
    older = road.publish()
    assert "9 clients" in older.read_text()
    assert "3 clients" in (road.root / "reports/tiny/latest.html").read_text()


def test_the_next_report_says_what_changed(road):
    road.publish()
    road.study.write_text(road.study.read_text().replace("2024-12-31", "2025-03-31"))
    road.n = 5
    text = road.publish().read_text()
    assert "What changed since 31 December 2024" in text
    assert "31 December 2024: 3 clients bought" in text


def test_a_failing_chapter_leaves_no_report_and_keeps_its_copy(road):
    report = road.publish()
    before = report.read_bytes()
    road.fail = True
    with pytest.raises(ChapterError, match=r"In \[4\]: ZeroDivisionError") as failed:
        road.publish()
    assert failed.value.notebook.exists()
    assert failed.value.notebook.parent.parent == road.root / "reports" / "tiny" / "failed"
    assert report.read_bytes() == before
    (road.root / "reports" / "tiny" / "2024-12-31" / "report.html").unlink()


def test_a_table_that_an_earlier_run_left_is_not_there_for_the_next(road):
    road.publish()
    assert (road.root / "data/processed/tiny/value.parquet").exists()
    road.fail = True
    with pytest.raises(ChapterError):
        road.publish()
    assert (road.root / "data/processed/tiny/value.parquet").exists()  # of the good run


def test_customers_are_joined_by_id_and_draws_stay_out(tmp_path):
    index = pd.Index(["a", "b"], name="customer_id")
    pd.DataFrame({"frequency": [1, 2]}, index=index).to_parquet(tmp_path / "summary.parquet")
    pd.DataFrame({"frequency": [9], "p_alive": [0.5]}, index=index[:1]).to_parquet(
        tmp_path / "value.parquet"
    )
    pd.DataFrame({"0": [1.0, 2.0]}, index=index).to_parquet(tmp_path / "draws_value.parquet")
    pd.DataFrame({"customer_id": ["a", "a"], "hours": [1, 2]}).to_parquet(
        tmp_path / "evidence.parquet"
    )
    joined = one_row_a_customer(tmp_path)
    assert joined.frequency.tolist() == [1, 2]
    assert list(joined.columns) == ["frequency", "p_alive"]


# Refusals, and the exit codes a cron job sees


def test_two_runs_at_once_do_not_mix(road):
    home = road.root / "reports" / "tiny"
    home.mkdir(parents=True)
    with (
        FileLock(home / ".lock"),
        pytest.raises(PermissionError, match="Another run of this study"),
    ):
        road.publish()


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(road):
    (road.root / "reports").write_text("a file where the folder should be")
    with pytest.raises(
        PermissionError, match="Reports cannot be written to .* name another folder"
    ):
        road.publish()
    assert not road.lines


def test_an_unknown_parameter_is_refused_before_anything_runs(road):
    with pytest.raises(ParameterError, match="'drwas'"):
        road.publish(parameters={"drwas": 1})
    assert not road.lines
    assert not (road.root / "reports").exists()


def test_exit_codes(road, capsys, monkeypatch):
    monkeypatch.setattr(module, "ROOT", road.root)
    assert main(["report", str(road.study)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == str(road.root / "reports/tiny/2024-12-31/report.html")
    assert printed[0].endswith("chapter 1 of 1: 01-first")
    road.fail = True
    assert main(["report", str(road.study)]) == 1
    assert "failed" in capsys.readouterr().err
    assert main(["report", str(road.root / "studies" / "none.yml")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["report", str(road.study), "-p", "drwas=1"]) == 2
    assert "'drwas'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report", str(road.study), "-p", "draws"])


def test_a_study_with_an_unknown_key_is_refused(road):
    road.study.write_text(road.study.read_text() + "curency: EUR\n")
    with pytest.raises(StudyError, match="currency"):
        road.publish()


def test_a_study_without_a_margin_is_refused_before_anything_runs(road):
    road.study.write_text(road.study.read_text().replace("margin: 0.40\n", ""))
    with pytest.raises(StudyError, match="value needs a margin.*or `margin: 1`"):
        road.publish()
    assert not road.lines
    assert not list((road.root / "reports").rglob("*.html"))


def test_importing_the_package_is_quick_and_draws_nothing():
    code = "import sys, goodlib; print('matplotlib' in sys.modules, 'papermill' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
