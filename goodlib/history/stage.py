"""The stages of a funnel in their order: prospects that stand in none of them, or jump back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from goodlib.history.reading import Problem


def unlisted(prospects: pd.DataFrame, stages: Sequence[str]) -> np.ndarray:
    """Which prospects stand in a stage that the order of `stages` lacks."""
    stage = prospects["stage"]
    return (stage.notna() & ~stage.isin(stages)).to_numpy(bool)


def out_of_order(prospects: pd.DataFrame, stages: Sequence[str]) -> np.ndarray:
    """Which prospects reached a stage before one that comes earlier in the order.

    A column named as a stage holds the day on which it was reached; `first_contact` comes before
    all of them. Days that are missing are passed over.
    """
    there = [name for name in ("first_contact", *stages) if name in prospects]
    bad = np.zeros(len(prospects), dtype=bool)
    latest = pd.Series(pd.NaT, index=prospects.index)
    for _, name in pairwise(there):
        before = pd.to_datetime(prospects[there[there.index(name) - 1]])
        latest = before.where(latest.isna() | (before > latest), latest)
        bad |= (pd.to_datetime(prospects[name]) < latest).to_numpy(bool)
    return bad


def judge(prospects: pd.DataFrame, stages: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the stages of prospects; the rows stay, for the model uses no stage."""
    for rule, bad, consequence in (
        ("stage is not in the study's stages", unlisted, "kept; add it to stages, or map it"),
        ("stages out of order", out_of_order, "kept; is one the day it was entered?"),
    ):
        found = np.flatnonzero(bad(prospects, stages))
        if found.size:
            row = prospects.iloc[found[0]]
            said = f"row {found[0] + 1}: {row['prospect_id']} {row['stage']}"
            yield ("prospects", rule, len(found), said, consequence)
