"""The agenda: customers about whom money and people disagree most, for a meeting that decides.

A disagreement is not an error of one side; it is the question worth an hour of the partners'
time. What they decide is written into the agenda's own columns, and the next run follows it up.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TO_FILL = ("decision", "owner", "by")
"""Columns of the agenda that the meeting fills: what is done, who sees to it, until when (a
date).
"""
KEPT = ("decided_from", "residual_value", "relationship", "rank_gap")
"""What the agenda knew on its day, so that a later run can say what has changed since."""


def agenda(
    gaps: pd.DataFrame, *, count: int = 12, certain: float = 0.8, value_cut_rank: int | None = None
) -> pd.DataFrame:
    """The customers about whom money and people disagree most, the two directions in turn.

    Ordered by the expected number of places between the two rankings, and only where the
    direction is reasonably sure: a gap that could as well be the other way round is no
    disagreement yet.

    Parameters
    ----------
    gaps : DataFrame, one row a customer with both sides
        `value_rank`, `relationship_rank`, `rank_gap`, `p_money_first` (`quadrant.rank_gap`).
    count : int
        At most so many customers, half of them in each direction where there are as many.
    certain : float in (0.5, 1)
        Smallest chance that the direction is the one said.
    value_cut_rank : int, optional
        Customers whom money puts first are asked about only down to this expected place by value.

    Returns
    -------
    DataFrame, one row a customer, largest gap first
        The columns of `gaps` and `side`: "money" where money puts the customer higher, else
        "people".
    """
    if not 0.5 < certain < 1:
        message = f"certain is a chance above one half and below 1, got {certain!r}."
        raise ValueError(message)
    frame = gaps.assign(side=np.where(gaps["rank_gap"] > 0, "money", "people"))
    sure = frame["p_money_first"].where(frame["side"] == "money", 1 - frame["p_money_first"])
    frame = frame[sure >= certain]
    if value_cut_rank is not None:
        frame = frame[(frame["side"] == "people") | (frame["value_rank"] <= value_cut_rank)]
    frame = frame.loc[frame["rank_gap"].abs().sort_values(ascending=False, kind="stable").index]
    by_side = frame.groupby("side").cumcount()
    half = -(-count // 2)
    first = frame[by_side < half]
    rest = frame[by_side >= half].head(max(count - len(first), 0))
    chosen = pd.concat([first, rest])
    order = chosen["rank_gap"].abs().sort_values(ascending=False, kind="stable").index
    return chosen.loc[order].head(count)


def to_decide(frame: pd.DataFrame, as_of: str | pd.Timestamp) -> pd.DataFrame:
    """The agenda as the meeting gets it: what is known today, and empty columns for what it
    decides.

    Parameters
    ----------
    frame : DataFrame, indexed by customer_id
        The agenda with all that shall be kept of this day (KEPT and more).
    as_of : date
        The day on which all of this was known.
    """
    day = f"{pd.Timestamp(as_of):%Y-%m-%d}"
    sheet = frame.assign(decided_from=day, **dict.fromkeys(TO_FILL, ""))
    first = [*(["name"] if "name" in sheet else []), *TO_FILL]
    first += [column for column in ("money_says", "people_say", "question") if column in sheet]
    return sheet[[*first, *(column for column in sheet if column not in first)]]


def read_decisions(path: str | Path, customers: pd.Index) -> pd.DataFrame:
    """The decisions of an earlier agenda, as the meeting filled it in: CSV or XLSX.

    Rows without a decision are left out: nothing was decided about them. No file: no decisions yet.
    Spreadsheets of some countries part the fields of a CSV by semicolons: they are read too.

    Returns
    -------
    DataFrame, indexed by customer_id
        `decision`, `owner`, `by` (date), `decided_from` (date), and what the agenda knew on that
        day.
    """
    path = Path(path)
    if not path.exists():
        return pd.DataFrame(columns=[*TO_FILL, *KEPT, "quadrant"]).rename_axis("customer_id")
    frame = _read(path)
    missing = [c for c in ("customer_id", "decision", "decided_from") if c not in frame.columns]
    if missing:
        message = (
            f"{path.name} is not an agenda that goodlib wrote: it lacks {', '.join(missing)}. "
            "Fill in "
            "the agenda.csv of an earlier run and keep its columns."
        )
        raise ValueError(message)
    frame["customer_id"] = frame["customer_id"].str.removeprefix("'")
    frame = frame[frame["decision"].str.strip() != ""].set_index("customer_id")
    frame = frame.reindex(columns=dict.fromkeys([*TO_FILL, *KEPT, "quadrant"]))
    strange = ~frame.index.isin(customers)
    if strange.any():
        message = (
            f"Decisions are about customers of the study: {strange.sum():,} of {len(frame):,} in "
            f"{path.name} are not (first: {frame.index[strange][0]!r}). Is it the file of "
            "another study?"
        )
        raise ValueError(message)
    doubled = frame.index.duplicated()
    if doubled.any():
        message = (
            f"One decision a customer: {doubled.sum():,} of {len(frame):,} rows of {path.name} "
            "repeat "
            f"one (first: {frame.index[doubled][0]!r}). Keep the latest."
        )
        raise ValueError(message)
    for column in ("by", "decided_from"):
        frame[column] = _dates(frame[column], column, path.name)
    for column in ("residual_value", "relationship", "rank_gap"):
        frame[column] = pd.to_numeric(frame[column].replace("", np.nan))
    return frame


def follow_up(
    decisions: pd.DataFrame,
    *,
    value: pd.Series,
    relationship: pd.Series,
    quadrant: pd.Series,
    as_of: str | pd.Timestamp,
) -> pd.DataFrame:
    """What has become of the customers about whom something was decided.

    Parameters
    ----------
    decisions : DataFrame
        `read_decisions`.
    value, relationship, quadrant : Series, customer_id -> today's
    as_of : date
        Of this run.

    Returns
    -------
    DataFrame, one row a decision
        `decision`, `owner`, `by`, `overdue` (its date has passed), `residual_value_then`,
        `residual_value_now`, `relationship_then`, `relationship_now`, `quadrant_then`,
        `quadrant_now`.
    """
    who = decisions.index
    frame = decisions[list(TO_FILL)].copy()
    frame["decided_from"] = decisions["decided_from"]
    frame["overdue"] = decisions["by"] < pd.Timestamp(as_of)
    for name, now in (
        ("residual_value", value),
        ("relationship", relationship),
        ("quadrant", quadrant),
    ):
        frame[f"{name}_then"] = decisions[name]
        frame[f"{name}_now"] = now.reindex(who)
    return frame


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str, keep_default_na=False)
    heads = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    parted = ";" if heads.count(";") > heads.count(",") else ","
    return pd.read_csv(path, sep=parted, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _dates(texts: pd.Series, column: str, file: str) -> pd.Series:
    texts = texts.astype(object).where(texts.notna(), "").astype(str).str.strip()
    texts = texts.str.removesuffix(" 00:00:00")  # how a spreadsheet keeps a day
    dates = pd.to_datetime(texts.where(texts != "", None), format="%Y-%m-%d", errors="coerce")
    bad = dates.isna() & (texts != "")
    if bad.any():
        message = (
            f"Dates in {file} are written as 2025-12-31: {bad.sum():,} of {len(texts):,} in "
            f"{column!r} are not (first: {texts[bad].iloc[0]!r})."
        )
        raise ValueError(message)
    return dates
