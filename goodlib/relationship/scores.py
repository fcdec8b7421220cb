"""The ratings at the door: what can be used, and a sentence for each rule that some broke."""

from __future__ import annotations

from typing import Any

import pandas as pd


def by_side(ratings: pd.DataFrame, side: str) -> pd.DataFrame:
    """Ratings by staff or by clients; a table without `side` holds staff's.

    A `project` or `engagement` that the study names is what a rating was about: its occasion.
    """
    if side not in ("staff", "client"):
        message = f"side is staff or client, and '{side}' was given."
        raise ValueError(message)
    about = {name: "occasion" for name in ("project", "engagement") if name in ratings}
    frame = ratings.rename(columns=about if "occasion" not in ratings else {})
    if "side" not in frame:
        return frame if side == "staff" else frame.iloc[:0]
    return frame[frame["side"] == side].drop(columns="side")


def points(
    scale: list[Any] | None, ratings: pd.DataFrame, own: dict[str, list[Any]] | None = None
) -> list[Any] | dict[str, list[Any]]:
    """The scale as scores come out of the intake: words count from 1, numbers as they are.

    With items that have scales of their `own` it is one scale an item.
    """
    if own:
        parts = {str(item): part for item, part in ratings.groupby("item")}
        return {item: points(own.get(item, scale), part) for item, part in parts.items()}
    if scale is None:
        return sorted(ratings["score"].dropna().unique())
    words = any(isinstance(step, str) for step in scale)
    return list(range(1, len(scale) + 1)) if words else list(scale)


def checked(
    ratings: pd.DataFrame,
    scale: list[Any] | dict[str, list[Any]],
    as_of: pd.Timestamp | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """The ratings that can be used, and a sentence for each rule that some broke."""
    if not isinstance(ratings, pd.DataFrame):
        message = f"ratings must be a DataFrame, and a {type(ratings).__name__} was given."
        raise TypeError(message)
    absent = [name for name in ("customer_id", "rater", "score") if name not in ratings]
    if absent:
        message = (
            f"Ratings need the columns customer_id, rater and score; {absent} are not among "
            f"{list(ratings.columns)}."
        )
        raise ValueError(message)
    for steps in scale.values() if isinstance(scale, dict) else [scale]:
        if len(set(steps)) != len(steps) or len(steps) < 2:
            message = f"A scale names two words or more, worst first, each once: {steps} was given."
            raise ValueError(message)
    frame, problems = ratings.copy(), []
    if "item" not in frame:
        frame["item"] = "overall"
    for name in ("customer_id", "rater"):
        missing = frame[name].isna()
        if missing.any():
            message = (
                f"Every rating needs a {name}: {missing.sum():,} of {len(frame):,} have none "
                f"(first: row {missing.idxmax()})."
            )
            raise ValueError(message)
    missing = frame["score"].isna()
    if missing.any():
        problems.append(
            f"{missing.sum():,} of {len(frame):,} ratings have no score and are left out "
            f"(first: '{frame.loc[missing, 'customer_id'].iloc[0]}'). Fill them in, if known."
        )
    frame = frame[~missing]
    for item, rows in frame.groupby("item") if isinstance(scale, dict) else [("", frame)]:
        steps = scale.get(item, []) if isinstance(scale, dict) else scale
        outside = rows[~rows["score"].isin(steps)]
        if len(outside):
            first = outside.iloc[0]
            of = f" of '{item}'" if item else ""
            message = (
                f"Scores{of} must be on the scale {steps}: {len(outside):,} of {len(rows):,} are "
                f"not (first: '{first['score']}' for '{first['customer_id']}' by "
                f"'{first['rater']}'). Is the study's scale complete? 'Don't know' is no score: "
                "leave it missing."
            )
            raise ValueError(message)
    if frame.empty:
        message = (
            f"Ratings need a score at least once: 0 of {len(ratings):,} have one. Add scores, or "
            "leave ratings out."
        )
        raise ValueError(message)
    if "date" in frame:
        frame["date"] = pd.to_datetime(frame["date"])
        late = frame["date"] > as_of if as_of is not None else pd.Series(False, index=frame.index)
        if late.any():
            first = frame.loc[late].iloc[0]
            message = (
                f"Ratings must not be from after the day looked from, {as_of:%Y-%m-%d}: "
                f"{late.sum():,} of {len(frame):,} are (first: '{first['customer_id']}' on "
                f"{first['date']:%Y-%m-%d}). Correct the date, or look from a later day."
            )
            raise ValueError(message)
    single = frame["rater"].value_counts()
    single = single.index[single == 1]
    if len(single):
        problems.append(
            f"{len(single):,} of {frame['rater'].nunique():,} raters gave one rating only, so "
            f"their severity is little more than the average rater's (first: '{single[0]}'). Ask "
            "them about a second customer, or leave them out."
        )
    keys = [k for k in ("customer_id", "rater", "item", "date", "occasion") if k in frame]
    twice = frame.duplicated(keys)
    if twice.any() and "date" in frame and "occasion" not in frame:
        first = frame.loc[twice].iloc[0]
        problems.append(
            f"{twice.sum():,} of {len(frame):,} ratings repeat customer, rater, item and day; all "
            f"are kept as one occasion (first: '{first['customer_id']}' by '{first['rater']}'). "
            "Delete what was entered twice, or name the piece of work in a column `occasion`."
        )
    return frame.reset_index(drop=True), problems
