"""The funnel of prospects: checked at the door, and as it stood on an earlier day."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from goodlib.history.stage import out_of_order, unlisted

OUTCOMES = ("won", "lost", "")


def read_funnel(prospects: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Prospects by `prospect_id` with dates as dates and outcome won, lost or "" (open).

    What lies after `as_of` is not known yet: an outcome of a later day is blanked, a prospect first
    met later is left out.

    Raises
    ------
    TypeError, ValueError
        With the rule, the number of prospects that break it, the first of them, and the cure.
    """
    if not isinstance(prospects, pd.DataFrame):
        message = f"prospects must be a DataFrame, not {type(prospects).__name__}"
        raise TypeError(message)
    frame = prospects.copy()
    if "prospect_id" in frame:
        frame = frame.set_index("prospect_id")
    frame.index.name = "prospect_id"
    if "first_contact" not in frame:
        message = (
            "prospects must have the column first_contact: got "
            f"{', '.join(map(str, frame.columns))}. Map it in the study file."
        )
        raise ValueError(message)
    frame["first_contact"] = pd.to_datetime(frame["first_contact"])
    if "outcome_date" not in frame:
        frame["outcome_date"] = pd.NaT
    frame["outcome_date"] = pd.to_datetime(frame["outcome_date"])
    outcome = frame["outcome"] if "outcome" in frame else pd.Series("", index=frame.index)
    outcome = outcome.astype(object).where(outcome.notna(), "")
    frame["outcome"] = outcome.astype(str).str.strip().str.lower()
    _check(frame, frame.index.duplicated(), "prospect_id must be unique", "Keep one row each.")
    strange = ~frame["outcome"].isin(OUTCOMES)
    _check(frame, strange, "outcome must be won, lost or empty", "Map your words to these.")
    undated = (frame["outcome"] == "won") & frame["outcome_date"].isna()
    _check(frame, undated, "a won prospect needs its outcome_date", "Take the first order's date.")
    early = frame["outcome_date"] < frame["first_contact"]
    _check(
        frame,
        early,
        "outcome_date must not lie before first_contact",
        "Is one of the dates the day it was entered?",
    )
    if "expected_value" in frame:
        negative = pd.to_numeric(frame["expected_value"]) < 0
        _check(frame, negative, "expected_value must not be negative", "Leave unknown ones empty.")
    later = frame["outcome_date"] > as_of
    frame.loc[later, "outcome"], frame.loc[later, "outcome_date"] = "", pd.NaT
    frame = frame[~(frame["first_contact"] > as_of)]
    if frame.empty:
        message = f"prospects must hold at least one first met by {as_of:%Y-%m-%d}: none does"
        raise ValueError(message)
    return frame


def check_stages(prospects: pd.DataFrame, stages: Sequence[str]) -> None:
    """Raises ValueError where a stage is none of `stages`, or was reached out of their order.

    A column named as a stage holds the day on which it was reached.
    """
    frame = prospects.set_index("prospect_id") if "prospect_id" in prospects else prospects
    if "stage" in frame:
        rule = f"stage must be one of {', '.join(stages)}"
        _check(frame, unlisted(frame, stages), rule, "Map the others.")
    rule = f"stages must be reached in the order {', '.join(stages)}"
    _check(frame, out_of_order(frame, stages), rule, "Is one of the days that of the entry?")


def already_customers(prospects: pd.DataFrame, customers: Collection[str]) -> pd.Series:
    """Which open prospects are customers already: what they bring is in the customer's value.

    A boolean Series by `prospect_id`; true where `customer_id`, or else the prospect's own id, is
    among `customers`.
    """
    frame = prospects.set_index("prospect_id") if "prospect_id" in prospects else prospects
    own = pd.Series(frame.index, index=frame.index)
    known = (
        frame["customer_id"].where(frame["customer_id"].notna(), own)
        if "customer_id" in frame
        else own
    )
    return known.isin(set(customers)).rename("already_customer")


def at_origin(prospects: pd.DataFrame, origin: str | pd.Timestamp) -> pd.DataFrame:
    """The funnel as it stood on `origin`: nothing that came later is in it.

    Later prospects are gone and later outcomes blank. A loss without a date is blank too, for on
    that day nobody had told; the stage is dropped, for a table knows only today's.
    """
    day = pd.Timestamp(origin)
    frame = read_funnel(prospects, day)
    frame = frame[frame["first_contact"].notna()]
    undated = (frame["outcome"] == "lost") & frame["outcome_date"].isna()
    frame.loc[undated, "outcome"] = ""
    return frame.drop(columns=["stage"], errors="ignore")


def _check(frame: pd.DataFrame, bad: np.ndarray | pd.Series, rule: str, cure: str) -> None:
    bad = np.asarray(bad, bool)
    if bad.any():
        message = (
            f"{rule}: {bad.sum():,} of {len(frame):,} prospects break this (first: "
            f"{frame.index[bad][0]!r}). {cure}"
        )
        raise ValueError(message)
