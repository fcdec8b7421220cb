"""The commands: goodlib check | report | new | demo | get.

Exit codes: 0 done, 1 a chapter failed, 2 bad input or usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import yaml

from goodlib.history import IntakeError, Study, StudyError, demo, read_history


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what is wrong with its input is said in sentences on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (StudyError, IntakeError, FileNotFoundError, PermissionError) as error:
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
    firm = commands.add_parser("demo", help="simulate the demo firm and write its files")
    firm.set_defaults(run=_demo)
    firm.add_argument("folder", nargs="?", default="data/raw", help="where (default: data/raw)")
    firm.add_argument("--seed", type=int, default=demo.SEED, help="which firm (default: the demo)")
    return parser


def _check(options: argparse.Namespace) -> int:
    study = Study.read(options.study, data=options.data)
    history = read_history(study)
    print(f"{study.title}, as of {study.as_of}")
    for name, frame in history.tables.items():
        print(f"  {name}: {len(frame):,} rows")
    print("What was read, netted and left out:" if len(history.problems) else "Nothing left out.")
    for row in history.problems.itertuples(index=False):
        print(f"  {row.table}: {row.rule}: {row.count:,} (first: {row.first}); {row.consequence}")
    return 0


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
    written = demo.write(options.folder, options.seed)
    size = sum(path.stat().st_size for path in written)
    print(f"A simulated firm in {options.folder}: {len(written)} files, {size / 1e6:.1f} MB.")
    print("demo/ holds what it knows, demo-truth/ what is behind it and no chapter reads.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
