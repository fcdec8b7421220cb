"""What a run says while it runs: a bar on a terminal, plain lines with the time in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO


def follow(
    paths: Sequence[Path], tell: Callable[[str], None] | None = None, to: TextIO | None = None
) -> Iterator[Path]:
    """Gives the chapters one after another and says which one runs and how long each took.

    `tell` takes the lines instead of the stream `to` (default: standard output).
    """
    stream = to or sys.stdout
    if tell is None and stream.isatty():
        yield from _bar(paths, stream)
        return
    say = tell or (lambda line: print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}", file=stream))
    for number, path in enumerate(paths, 1):
        started = time.perf_counter()
        say(f"chapter {number} of {len(paths)}: {path.stem}")
        stream.flush()
        yield path
        say(f"chapter {number} of {len(paths)}: {path.stem} took {_seconds(started)}")


def _bar(paths: Sequence[Path], stream: TextIO) -> Iterator[Path]:
    """The same as a bar that stays on one line, a finished chapter a line above it."""
    from tqdm import tqdm

    form = "{bar:24} {n_fmt}/{total_fmt}  {elapsed}  {desc}"
    with tqdm(total=len(paths), bar_format=form, file=stream, leave=False) as bar:
        for path in paths:
            started = time.perf_counter()
            bar.set_description_str(path.stem)
            yield path
            bar.update()
            bar.write(f"{path.stem:<28}{_seconds(started):>8}", file=stream)


def _seconds(started: float) -> str:
    return f"{time.perf_counter() - started:.1f} s"
