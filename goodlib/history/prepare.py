"""Canonical tables on disk, made anew when the study file, its data or the intake has changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import pandas as pd

from goodlib.history.intake import read_history
from goodlib.history.study import Study


def prepare(study: Study, processed: Path) -> None:
    """Writes the canonical tables of a study, and `intake`, to the folder `processed`.

    Does nothing where they are there already and neither the study file nor its data nor the intake
    itself has changed; else whatever chapters handed over before goes too. A folder is complete or
    unchanged: the stamp that says so is written last.

    Raises
    ------
    IntakeError
        The history cannot serve.
    """
    stamp = {"inputs": inputs(study), "intake": _intake()}
    mark = processed / "stamp.json"
    if mark.is_file() and json.loads(mark.read_text()) == stamp:
        return
    history = read_history(study)
    processed.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=processed.parent, prefix=".intake-") as folder:
        staging = Path(folder) / "tables"
        staging.mkdir()
        for name, frame in _by_rubric(history.tables, study).items():
            frame.to_parquet(staging / f"{name}.parquet")
        history.problems.to_parquet(staging / "intake.parquet")
        (staging / "stamp.json").write_text(json.dumps(stamp, indent=1))
        if processed.exists():
            shutil.rmtree(processed)
        staging.rename(processed)


def _by_rubric(tables: dict[str, pd.DataFrame], study: Study) -> dict[str, pd.DataFrame]:
    """The tables, with the ratings on a rubric of their own: they rate the work's good, not people.

    An item that the study says belongs to the relationship too stays in both.
    """
    if not study.rubrics or "item" not in tables.get("ratings", ()):
        return tables
    ratings = tables["ratings"]
    apart = [name for name, rubric in study.rubrics.items() if not rubric.relationship]
    found = {
        "ratings": ratings[~ratings["item"].isin(apart)],
        "rubrics": ratings[ratings["item"].isin(list(study.rubrics))],
    }
    found = {name: part.reset_index(drop=True) for name, part in found.items() if len(part)}
    return {name: frame for name, frame in tables.items() if name != "ratings"} | found


def inputs(study: Study) -> dict[str, str]:
    """SHA-256 of the study file and of each data file, by name."""
    named = {study.path.name: study.path} | {study.label(path): path for path in study.files}
    hashes = {}
    for name, path in named.items():
        with path.open("rb") as content:
            hashes[name] = hashlib.file_digest(content, "sha256").hexdigest()
    return hashes


def _intake() -> str:
    """SHA-256 of the code that reads histories."""
    code = hashlib.sha256()
    room = files("goodlib.history")
    parts = [*room.iterdir(), *room.joinpath("sql").iterdir()]
    for part in sorted(parts, key=lambda part: part.name):
        if part.name.endswith((".py", ".sql")):
            code.update(hashlib.sha256(part.name.encode() + part.read_bytes()).digest())
    return code.hexdigest()
