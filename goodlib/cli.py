"""The commands: goodlib check | report | new | demo | get.

Exit codes: 0 done, 1 a chapter failed, 2 bad input or usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from goodlib.history import IntakeError, Study, StudyError, read_history


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what is wrong with its input is said in sentences on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (StudyError, IntakeError, FileNotFoundError) as error:
        print(f"goodlib {options.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="goodlib", description="Who are our good customers?")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="read a study's data and say what comes through")
    check.set_defaults(run=_check)
    check.add_argument("study", help="the study file (YAML)")
    check.add_argument("--data", help="root of relative data paths")
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


if __name__ == "__main__":
    sys.exit(main())
