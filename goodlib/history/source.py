"""Raw tables: CSV, Parquet, Excel, a query or rows, as they are before anyone cleans them."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from goodlib.history.engine import DuckDB, split_line
from goodlib.history.study import Table

DELIMITERS = (",", ";", "\t", "|")


class Rejected(NamedTuple):
    """Lines of a file that could not be read as rows."""

    n: int
    first: str


def load(engine: DuckDB, name: str, source: Table, data: Path) -> Rejected:
    """Makes the source a table `name` of the engine; returns the lines that could not be read."""
    if source.rows is not None:
        engine.register(name, pd.DataFrame(source.rows))
    elif source.query is not None:
        for called, place in source.attach.items():
            engine.attach(called, place.format(data=data))
        engine.table(name, source.query.format(data=data))
    else:
        path = data / str(source.file)
        ending = path.suffix.lower()
        if ending == ".parquet":
            engine.read_parquet(name, path)
        elif ending in (".xlsx", ".xlsm", ".xls"):
            engine.register(name, pd.read_excel(path, sheet_name=source.sheet, dtype=str))
        elif ending in (".csv", ".txt", ".tsv"):
            return _csv(engine, name, path, source)
        else:
            message = (
                f"A table comes from CSV, Parquet or Excel, and {path.name} ends with {ending!r}. "
                "Export it as one of them, or use `query`."
            )
            raise ValueError(message)
    return Rejected(0, "")


def _csv(engine: DuckDB, name: str, path: Path, source: Table) -> Rejected:
    raw = path.read_bytes()
    if not raw.strip():
        message = f"A table needs a header and rows, and {path.name} is empty. Export it again."
        raise ValueError(message)
    encoding = source.encoding or encoding_of(raw)
    head = raw[:200_000].decode(encoding, errors="replace").lstrip("\ufeff")
    delimiter = source.delimiter or delimiter_of(head)
    names = split_line(head.splitlines()[0], delimiter)
    twice = [key for key, count in Counter(names).items() if count > 1]
    if twice:
        message = f"Columns need different names: {path.name} has {twice[0]!r} twice. Rename one."
        raise ValueError(message)
    lines = engine.read_csv(name, path, delimiter=delimiter, encoding=encoding)
    if lines.empty:
        return Rejected(0, "")
    first = lines.iloc[0]
    return Rejected(len(lines), f"line {first['line']}: {str(first['csv_line']).strip()[:80]}")


def encoding_of(raw: bytes) -> str:
    """utf-8 where the bytes are that, else latin-1, which reads anything."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def delimiter_of(head: str) -> str:
    """The delimiter that splits the first lines into equally many fields, the most of them."""
    rows = [line for line in head.splitlines()[:50] if line.strip()]
    if len(rows) > 1 and len(head) >= 200_000:
        rows = rows[:-1]
    widths = {
        delimiter: [len(row) for row in csv.reader(rows, delimiter=delimiter)]
        for delimiter in DELIMITERS
    }
    agree = {d: Counter(w).most_common(1)[0] for d, w in widths.items()}
    even = {d: width > 1 and count >= 0.8 * len(rows) for d, (width, count) in agree.items()}
    return max(DELIMITERS, key=lambda d: (even[d], agree[d][0]))
