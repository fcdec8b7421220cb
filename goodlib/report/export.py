"""Tables that leave the report for a spreadsheet: CSV and XLSX, safe to open.

A cell that begins with = + - @ (or a tab or a carriage return) is taken for a formula by
spreadsheets, so text that does gets an apostrophe before it; numbers stay numbers.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(frame: pd.DataFrame, path: Path) -> list[Path]:
    """Writes a frame, its index as the first column, beside `path` as .csv and .xlsx."""
    safe = escaped(frame.reset_index())
    table, sheet = path.with_suffix(".csv"), path.with_suffix(".xlsx")
    safe.to_csv(table, index=False, encoding="utf-8-sig", lineterminator="\n")
    safe.to_excel(sheet, index=False, sheet_name=path.stem[:31], freeze_panes=(1, 1))
    return [table, sheet]


def escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every text (and column name) that could be a formula."""
    safe = frame.rename(columns=_escape)
    for column in safe.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in safe.dtypes]]:
        safe[column] = safe[column].map(_escape)
    return safe


def _escape(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
