"""The commands: goodlib check | report | new | demo | get.

Exit codes: 0 done, 1 a chapter failed, 2 bad input or usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from goodlib.history import History, IntakeError, Study, StudyError, draft, fetch, read_history


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what is wrong with its input is said in sentences on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader of the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (StudyError, IntakeError, fetch.FetchError, OSError) as error:
        print(f"goodlib {options.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="goodlib", description="Who are our good customers?")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="read a study's data and say what comes through")
    check.set_defaults(run=_check)
    check.add_argument("study", help="the study file (YAML)")
    check.add_argument("--data", help="root of relative data paths")
    report = commands.add_parser(
        "report", help="run all chapters on a study and publish the report"
    )
    report.set_defaults(run=_report)
    report.add_argument("study", help="the study file (YAML)")
    report.add_argument("--data", help="root of relative data paths")
    report.add_argument("--out", help="folder of the reports (default: reports/)")
    report.add_argument(
        "-p",
        "--parameter",
        action="append",
        type=_parameter,
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the chapters, such as draws=4000; may be given more than once",
    )
    new = commands.add_parser("new", help="draft a study file for your own orders")
    new.set_defaults(run=_new)
    new.add_argument("name", help="short name of the study, such as our-firm")
    new.add_argument("--orders", required=True, help="the file of orders: CSV, Parquet or Excel")
    get = commands.add_parser("get", help="fetch a public history to try the kit on")
    get.set_defaults(run=_get)
    get.add_argument("history", choices=["cdnow"], help="which one")
    get.add_argument("--data", help="root of the data (default: GOODLIB_DATA, else data/raw)")
    firm = commands.add_parser("demo", help="simulate the demo firm and write its files")
    firm.set_defaults(run=_demo)
    firm.add_argument("folder", nargs="?", default="data/raw", help="where (default: data/raw)")
    firm.add_argument("--seed", type=int, help="which firm (default: the demo's own)")
    return parser


def _check(options: argparse.Namespace) -> int:
    from goodlib.report import door

    study = Study.read(options.study, data=options.data)
    history = read_history(study)
    _came_through(study, history)
    door.require(study, history.tables)
    return 0


def _came_through(study: Study, history: History) -> None:
    print(f"{study.title}, as of {study.as_of}\n")
    rows = [("table", "rows read", "rows kept", "customers")]
    for name, frame in history.tables.items():
        ids = frame["customer_id"].nunique() if "customer_id" in frame else None
        customers = "" if ids is None else f"{ids:,}"
        rows.append((name, f"{history.read[name]:,}", f"{len(frame):,}", customers))
    _print(rows)
    if history.problems.empty:
        print("\nEvery row came through.")
        return
    print()
    rows = [("table", "what was found", "rows", "what followed", "first")]
    for found in history.problems.itertuples(index=False):
        count = f"{found.count:,}"
        rows.append((found.table, found.rule, count, found.consequence, found.first))
    _print(rows)


def _print(rows: Sequence[Sequence[str]]) -> None:
    """Columns under each other, numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (
            text.rjust(width) if text.replace(",", "").isdigit() else text.ljust(width)
            for text, width in zip(row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())


def _new(options: argparse.Namespace) -> int:
    folder = Path("studies") if Path("studies").is_dir() else Path()
    path = folder / f"{options.name}.yml"
    if path.exists():
        message = f"{path} exists already, and a study is never overwritten. Take another name."
        raise StudyError(message)
    drafted = draft.draft(options.name, Path(options.orders), _data(None))
    path.write_text(drafted.text, encoding="utf-8")
    print(f"Wrote {path}. Guessed, and marked so in the file:")
    _bullets(drafted.guesses)
    print(f"Look it over, then: goodlib check {path}")
    return 0


def _get(options: argparse.Namespace) -> int:
    print(f"Downloading {fetch.PACKAGE} with pip ...", flush=True)
    _bullets(str(path) for path in fetch.get_cdnow(_data(options.data)))
    print("Verified. Next: goodlib report studies/cdnow.yml")
    return 0


def _bullets(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"  {line}")


def _data(given: str | None) -> Path:
    """The root of the data, where no study says it."""
    return Path(given or os.environ.get("GOODLIB_DATA") or Path("data", "raw")).expanduser()


def _report(options: argparse.Namespace) -> int:
    from goodlib.report.publish import publish
    from goodlib.report.run import ChapterError, ParameterError

    given = dict(options.parameter)
    try:
        path = publish(options.study, data=options.data, out=options.out, parameters=given)
    except ParameterError as error:
        print(f"goodlib report: {error}", file=sys.stderr)
        return 2
    except ChapterError as error:
        print(f"goodlib report: {error}", file=sys.stderr)
        print(f"Nothing was published. The executed chapter: {error.notebook}", file=sys.stderr)
        return 1
    print(path)
    return 0


def _parameter(text: str) -> tuple[str, Any]:
    """NAME=VALUE with the value as YAML reads it: 4000 is a number, true is true."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        message = f"takes NAME=VALUE, such as -p draws=4000; got {text!r}."
        raise argparse.ArgumentTypeError(message)
    return name, yaml.safe_load(value)


def _demo(options: argparse.Namespace) -> int:
    from goodlib.history import demo

    written = demo.write(options.folder, demo.SEED if options.seed is None else options.seed)
    size = sum(path.stat().st_size for path in written)
    print(f"A simulated firm in {options.folder}: {len(written)} files, {size / 1e6:.1f} MB.")
    print("demo/ holds what it knows, demo-truth/ what is behind it and no chapter reads.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
