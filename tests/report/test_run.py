"""Chapters that run: what is left out, what is refused, whose kernel it is."""

import json
import sys

import pandas as pd
import pytest

from goodlib.report.run import (
    BASE,
    ChapterError,
    ParameterError,
    accept,
    chapters,
    execute,
    parameters,
    prepared,
)
from goodlib.value import joint


def sources(notebook):
    return [cell.source for cell in notebook.cells]


# Laws: what is left out is said


def test_a_chapter_with_all_its_tables_is_left_as_it_is(chapter):
    notebook = chapter("What?", ("chapter.claim('A')", ["needs:ratings"]))
    assert prepared(notebook, lambda name: True) == notebook


def test_cells_that_need_a_missing_table_go_and_one_sentence_says_so(chapter):
    notebook = chapter(
        "What?",
        "chapter.finding('A')",
        ("chapter.claim('B')", ["needs:ratings"]),
        ("chapter.note('C')", ["needs:ratings", "needs:orders"]),
        "chapter.note('D')",
    )
    left = sources(prepared(notebook, lambda name: name != "ratings"))
    assert left[3] == "chapter.finding('A')"
    assert "This study has no ratings of the relationship: what needs it" in left[4]
    assert left[5:] == ["chapter.note('D')"]
    assert len(notebook.cells) == 7  # the notebook itself is not changed


def test_a_chapter_without_any_of_its_tables_says_so_and_nothing_else(chapter):
    notebook = chapter("How good?", ("chapter.claim('B')", ["needs:ratings"]))
    left = sources(prepared(notebook, lambda name: name != "ratings"))
    assert left[0] == "# How good?"
    assert "the question “How good?” could not be looked at" in left[-1]
    assert len(left) == 4


def test_a_table_of_an_earlier_chapter_is_named_as_such(chapter):
    notebook = chapter("How good?", ("chapter.claim('B')", ["needs:value"]))
    assert "could not make the table 'value'" in sources(prepared(notebook, lambda name: False))[-1]


def test_a_chapter_that_needs_a_base_says_when_it_is_too_small(chapter):
    notebook = chapter("What may come?", "chapter.finding('A')", "chapter.note('B')")
    notebook.metadata["goodlib"] = {"needs": ["base"]}
    assert prepared(notebook, lambda name: True) == notebook
    left = sources(prepared(notebook, lambda name: False))
    assert left[0] == "# What may come?"
    assert "fewer than 30 customers" in left[-1]
    assert "the question “What may come?” could not be looked at" in left[-1]
    assert len(left) == 4


def test_the_smallest_base_of_the_chapters_is_that_of_the_models():
    summary = pd.DataFrame({"frequency": 1, "recency": 5.0, "T": 9.0}, index=range(BASE - 1))
    with pytest.raises(ValueError, match=rf"at least {BASE} customers: got {BASE - 1}"):
        joint.prepare(None, None, 1, 100, 1, summary)
    with pytest.raises(AttributeError):  # past the door: there is no model here
        joint.prepare(None, None, 1, 100, 1, pd.concat([summary, summary]))


def test_chapters_come_in_order(tiny, chapter):
    for name in ("02-b", "01-a", "10-c"):
        tiny.write(name, chapter("What?"))
    (tiny.notebooks / "scratch.ipynb").write_text("{}")
    assert [path.stem for path in chapters(tiny.notebooks)] == ["01-a", "02-b", "10-c"]


# Refusals


def test_an_unknown_parameter_is_refused_with_those_there_are(chapter):
    notebook = chapter("What?")
    assert parameters(notebook) == {"study", "data", "processed", "draws", "seed"}
    accept({"draws": 10}, {"a": notebook})
    with pytest.raises(
        ParameterError, match=r"No chapter has a parameter 'drwas'; there are draws, seed"
    ):
        accept({"drwas": 10}, {"a": notebook})


def test_a_folder_without_chapters_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="No chapters in"):
        chapters(tmp_path)


# A kernel of one's own


@pytest.fixture
def foreign_home(tmp_path, monkeypatch):
    """A home whose python3 kernel is broken and whose IPython startup file fails."""
    home = tmp_path / "home"
    spec = home / ".local/share/jupyter/kernels/python3"
    spec.mkdir(parents=True)
    broken = {"argv": ["/bin/false"], "display_name": "foreign", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(broken))
    startup = home / ".ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "00-first.py").write_text("foreign = True")
    monkeypatch.setenv("HOME", str(home))
    for name in ("JUPYTER_DATA_DIR", "IPYTHONDIR", "JUPYTER_PATH", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def test_the_kernel_is_this_interpreter_and_knows_no_foreign_settings(
    tiny, chapter, foreign_home, tmp_path
):
    look = (
        "import os, sys, warnings\nwarnings.warn('careful')\n"
        "bytecode = 'PYTHONDONTWRITEBYTECODE' not in os.environ\n"
        "print(sys.executable, bytecode, 'foreign' in globals(), draws)"
    )
    tiny.write("01-first", chapter("What?", look))
    given = {"study": str(tiny.study), "processed": str(tmp_path / "tables"), "draws": 7}
    (tmp_path / "copies").mkdir()
    run = execute(chapters(tiny.notebooks), given, tmp_path / "copies", lambda name: True)
    (done,) = run
    said = [
        o.text
        for c in done.notebook.cells
        for o in c.get("outputs", [])
        if o.get("name") == "stdout"
    ]
    assert said == [f"{sys.executable} True False 7\n"]
    assert [w.split(": ", 1)[-1] for w in done.warnings] == ["UserWarning: careful"]


def test_a_failing_cell_is_named_and_its_copy_kept(tiny, chapter, tmp_path):
    tiny.write("01-first", chapter("What?", "1 / 0"))
    (tmp_path / "copies").mkdir()
    given = {"study": str(tiny.study), "processed": str(tmp_path / "tables")}
    with pytest.raises(ChapterError, match=r"01-first, In \[4\]: ZeroDivisionError") as failed:
        list(execute(chapters(tiny.notebooks), given, tmp_path / "copies", lambda name: True))
    assert "ZeroDivisionError" in failed.value.notebook.read_text()


def test_a_chapter_knows_nothing_of_the_one_before(tiny, chapter, tmp_path):
    tiny.write("01-first", chapter("What?", "left = 1"))
    tiny.write("02-second", chapter("Then?", "print('left' in globals(), len(Out))"))
    (tmp_path / "copies").mkdir()
    given = {"study": str(tiny.study), "processed": str(tmp_path / "tables")}
    run = execute(chapters(tiny.notebooks), given, tmp_path / "copies", lambda name: True)
    _, second = run
    code = [c for c in second.notebook.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    assert code[-1].outputs[0].text == "False 0\n"


def test_a_kernel_that_dies_is_a_chapter_that_failed(tiny, chapter, tmp_path):
    tiny.write("01-first", chapter("What?", "import os\nos._exit(3)"))
    (tmp_path / "copies").mkdir()
    given = {"study": str(tiny.study), "processed": str(tmp_path / "tables")}
    with pytest.raises(ChapterError, match=r"01-first: Kernel died"):
        list(execute(chapters(tiny.notebooks), given, tmp_path / "copies", lambda name: True))
    assert (tmp_path / "copies" / "01-first.ipynb").exists()


# An answer that a chapter foresees it cannot give


def test_an_error_that_the_chapter_foresees_becomes_a_sentence_and_the_others_run(tiny, chapter):
    raises = "class NoPlan(ValueError): pass\nraise NoPlan('No plan: 3 of 4 lack hours. Raise it.')"
    plan = chapter("Where to?", raises, "chapter.finding('never')")
    plan.metadata["goodlib"] = {"refuses": ["NoPlan"]}
    tiny.write("01-first", plan)
    tiny.write("02-next", chapter("Next?", "chapter.finding('still here')"))
    to, given = tiny.root / "ran", {"study": str(tiny.study)}
    to.mkdir()
    first, after = execute(chapters(tiny.notebooks), given, to, lambda name: True)
    said = [
        o.metadata["goodlib"]["text"] for c in first.notebook.cells for o in c.get("outputs", [])
    ]
    assert said == ["No plan: 3 of 4 lack hours. Raise it."]
    assert "still here" in str(after.notebook)


def test_an_error_that_it_does_not_foresee_ends_the_run(tiny, chapter):
    plan = chapter("Where to?", "raise ValueError('NoPlan')")
    plan.metadata["goodlib"] = {"refuses": ["NoPlan"]}
    tiny.write("01-first", plan)
    to = tiny.root / "ran"
    to.mkdir()
    with pytest.raises(ChapterError, match="ValueError: NoPlan"):
        list(execute(chapters(tiny.notebooks), {"study": str(tiny.study)}, to, lambda name: True))
