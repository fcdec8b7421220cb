"""From a study to a published report: lock, stage, run, render, and put in place in one move.

A run works in a folder of its own beside the reports, so that neither a failing chapter nor a
second run can touch what is published. What a run leaves:

    reports/<study>/<as-of>/report.html     the one file people read
                            tables/         one row a customer in customers.parquet, and the others
                            values.json     every number the findings quote, by name
                            notebooks/      the executed chapters
    reports/<study>/latest.html             the newest report of the study
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

import goodlib
from goodlib.history import Study, inputs, prepare
from goodlib.history.summary import has_holdout
from goodlib.report import door
from goodlib.report.progress import follow
from goodlib.report.render import RenderError, render, statements
from goodlib.report.run import BASE, ChapterError, Executed, accept, chapters, execute, read
from goodlib.report.words import day

ROOT = Path(__file__).resolve().parents[2]
CANONICAL = frozenset(
    "orders customers ratings rubrics interactions referrals prospects efforts services".split()
)
VERSIONS = (
    "duckdb formulaic matplotlib nbconvert numpy pandas papermill scipy seaborn statsmodels"
).split()


def publish(
    study: str | Path,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    notebooks: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """The path of the report that a run of all chapters on a study has published.

    Parameters
    ----------
    study : path of the study file
    data : folder, optional
        Root of the study's relative data paths.
    out : folder, optional
        Where reports stand; default: reports/ of the study's project.
    notebooks : folder, optional
        The chapters; default: the notebooks of this project.
    parameters : mapping, optional
        Papermill parameters of the chapters, such as draws and seed.
    tell : function of one line of text, optional
        Told which chapter runs; default: standard output, as a bar where it is a terminal.

    Raises
    ------
    StudyError, IntakeError, ParameterError
        The study or its data cannot be used, or a parameter is unknown; nothing has run.
    PermissionError
        Nothing can be written to `out`; nothing has run.
    ChapterError
        A chapter failed; nothing was published. Its executed copy is kept and named.
    """
    started = datetime.now(UTC)
    subject = Study.read(study, data=data)
    paths = chapters(notebooks or ROOT / "notebooks")
    given = dict(parameters or {})
    accept(given, {path.stem: read(path) for path in paths})
    home = Path(out or subject.project / "reports").absolute() / subject.name
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    with _staging(home, run_id) as stage:
        processed = stage / "processed"
        prepare(subject, processed)
        given |= {
            "study": str(Path(study).absolute()),
            "data": str(Path(data).absolute()) if data else None,
            "processed": str(processed),
        }
        copies = stage / "notebooks"
        copies.mkdir()

        orders = pd.read_parquet(processed / "orders.parquet")
        door.require(subject, {p.stem: pd.read_parquet(p) for p in processed.glob("*.parquet")})
        told = {
            "base": orders["customer_id"].nunique() >= BASE,
            "holdout": has_holdout(subject, orders),
        }

        def has(name: str) -> bool:
            return told.get(name, (processed / f"{name}.parquet").exists())

        try:
            done = list(execute(follow(paths, tell), given, copies, has))
            _leave(stage, subject, done, given, run_id, started, home)
        except (ChapterError, RenderError) as error:
            kept = home / "failed" / run_id
            kept.parent.mkdir(exist_ok=True)
            copies.replace(kept)
            shutil.rmtree(kept / ".kernel", ignore_errors=True)
            if isinstance(error, ChapterError):
                raise ChapterError(kept / error.notebook.name, error.cell, error.reason) from error
            raise ChapterError(kept, None, str(error)) from error
        with suppress(OSError):  # for who opens a chapter in JupyterLab; the run has its own copy
            _replace(processed, subject.processed)
        return _put_in_place(stage, home, f"{subject.as_of:%Y-%m-%d}")


def _leave(
    stage: Path,
    study: Study,
    done: Sequence[Executed],
    given: Mapping[str, Any],
    run_id: str,
    started: datetime,
    home: Path,
) -> None:
    """Writes what a run leaves into its folder."""
    tables = stage / "tables"
    tables.mkdir()
    for path in sorted((stage / "processed").glob("*.parquet")):
        if path.stem not in CANONICAL and not path.stem.startswith("draws_"):
            shutil.copyfile(path, tables / path.name)
    for ending in ("csv", "xlsx"):
        for path in sorted((stage / "processed").glob(f"*.{ending}")):
            shutil.copyfile(path, tables / path.name)
    customers = one_row_a_customer(stage / "processed")
    if len(customers):
        customers.to_parquet(tables / "customers.parquet")
    values = _values(study, done, run_id)
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    (stage / "values.json").write_text(text, encoding="utf-8")
    report = render(
        {chapter.name: chapter.notebook for chapter in done},
        title=study.title,
        as_of=day(study.as_of),
        currency=study.currency,
        notices=_notices(study),
        source=study.source,
        provenance=_provenance(study, done, given, run_id, started),
        changes=_changes(values, home),
    )
    (stage / "report.html").write_text(report, encoding="utf-8")


def one_row_a_customer(folder: Path) -> pd.DataFrame:
    """All tables of a folder with one row a customer, joined; the first with a column gives it."""
    joined = pd.DataFrame(index=pd.Index([], name="customer_id"))
    first = ["customers", "summary", "value", "future", "relationship"]
    paths = sorted(
        folder.glob("*.parquet"),
        key=lambda p: (first.index(p.stem) if p.stem in first else len(first), p.stem),
    )
    for path in paths:
        if path.stem.startswith("draws_") or path.stem in CANONICAL - {"customers"}:
            continue
        frame = pd.read_parquet(path)
        if "customer_id" in frame.columns and frame["customer_id"].is_unique:
            frame = frame.set_index("customer_id")
        if frame.index.name != "customer_id" or not frame.index.is_unique:
            continue
        new = frame.columns.difference(joined.columns, sort=False)
        joined = joined.join(frame[new], how="outer")
    return joined


def _values(study: Study, done: Sequence[Executed], run_id: str) -> dict[str, Any]:
    """values.json: what the chapters found and what to decide, sentence and numbers."""
    return {
        "study": study.title,
        "as_of": f"{study.as_of:%Y-%m-%d}",
        "currency": study.currency,
        "run": run_id,
        "chapters": {
            chapter.name: [
                {
                    "kind": s.kind,
                    "sentence": s.text,
                    "template": s.template,
                    "values": dict(s.values),
                }
                for s in statements(chapter.notebook)
                if s.kind in ("decision", "finding")
            ]
            for chapter in done
        },
    }


def _changes(now: Mapping[str, Any], home: Path) -> dict[str, Any] | None:
    """Findings and decisions that read otherwise in the newest report with an earlier date."""
    earlier = sorted(p for p in home.glob("????-??-??/values.json") if p.parent.name < now["as_of"])
    if not earlier:
        return None
    before = json.loads(earlier[-1].read_text(encoding="utf-8"))
    sentences = []
    for name, found in now["chapters"].items():
        said = {f["template"]: f for f in before["chapters"].get(name, [])}
        for finding in found:
            old = said.get(finding["template"])
            if old and old["sentence"] != finding["sentence"]:
                sentences.append((finding["sentence"], old["sentence"]))
    return {"since": day(before["as_of"]), "sentences": sentences} if sentences else None


def _provenance(
    study: Study, done: Sequence[Executed], given: Mapping[str, Any], run_id: str, started: datetime
) -> dict[str, Any]:
    """Parameters, hashes of what was read, versions, times, warnings."""
    warnings = [
        (chapter.name, str(len(chapter.warnings)), chapter.warnings[0])
        for chapter in done
        if chapter.warnings
    ]
    used = {name: value for name, value in given.items() if name not in ("processed", "data")}
    used["study"] = Path(used["study"]).name
    return {
        "sentence": (
            f"Made by goodlib on {day(started.date())} from the files below. The chapters' code "
            "wrote every sentence, figure and table above from these inputs; the same inputs, "
            "parameters and versions give the same report."
        ),
        "parts": [
            {
                "title": "The run",
                "heads": ["What", "Value"],
                "rows": [
                    ("Run", run_id),
                    ("Started", f"{started:%Y-%m-%d %H:%M} UTC"),
                    *((name, str(value)) for name, value in sorted(used.items())),
                ],
            },
            {
                "title": "What was read",
                "heads": ["File", "SHA-256"],
                "rows": [
                    *inputs(study).items(),
                    *((place, "a database, read when this run started") for place in study.live),
                ],
            },
            {
                "title": "Versions",
                "heads": ["Package", "Version"],
                "rows": [
                    ("Python", f"{platform.python_version()} on {platform.system()}"),
                    ("goodlib", goodlib.__version__),
                    *((name, version(name)) for name in VERSIONS),
                ],
            },
            {
                "title": "Chapters",
                "heads": ["Chapter", "Seconds"],
                "rows": [(chapter.name, f"{chapter.seconds:.1f}") for chapter in done],
            },
            {
                "title": "Warnings while the chapters ran",
                "heads": ["Chapter", "Lines", "The first"],
                "rows": warnings,
            },
        ],
    }


def _notices(study: Study) -> list[str]:
    """What must be said of a study before anything else."""
    simulated = "This firm is simulated: neither the firm nor its customers exist."
    return [simulated] * study.simulated + [study.note] * bool(study.note)


@contextmanager
def _staging(home: Path, run_id: str) -> Iterator[Path]:
    """A folder of this run beside the reports, under a lock that a second run meets."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / ".lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        message = (
            f"Another run of this study is writing to {home}. Start again when it has ended; "
            "nothing was run."
        )
        raise PermissionError(message) from error
    except OSError as error:
        message = (
            f"Reports cannot be written to {home.parent} ({error.strerror or error}). Give "
            "this user the right to write there or name another folder with --out; nothing was run."
        )
        raise PermissionError(message) from error
    stage = home / f".run-{run_id}"
    try:
        for stale in (
            *home.glob(".run-*"),
            *home.glob(".old-*"),
        ):  # of a run that was killed: we hold the lock
            shutil.rmtree(stale, ignore_errors=True)
        stage.mkdir()
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        lock.release()


def _put_in_place(stage: Path, home: Path, as_of: str) -> Path:
    """Moves a finished run to its date, and latest.html to it."""
    for scratch in ("processed", "notebooks/.kernel"):
        shutil.rmtree(stage / scratch, ignore_errors=True)
    place = home / as_of
    _replace(stage, place)
    newest = max(p.name for p in home.glob("????-??-??") if (p / "report.html").exists())
    part = home / ".latest.html"
    shutil.copyfile(home / newest / "report.html", part)
    os.replace(part, home / "latest.html")
    return place / "report.html"


def _replace(new: Path, old: Path) -> None:
    """Puts a folder in another one's place; who reads meanwhile finds the one or the other."""
    aside = old.with_name(f".old-{old.name}-{secrets.token_hex(2)}")
    old.parent.mkdir(parents=True, exist_ok=True)
    if old.exists():
        old.replace(aside)
    shutil.move(new, old)
    shutil.rmtree(aside, ignore_errors=True)
