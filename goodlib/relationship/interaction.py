"""The log of the work: who acted when, and whose turn it was.

An event is a line (customer_id, time, side, kind, thread): side is "us" or "them", kind a word of
KINDS. Within a thread some events ask something of the other side; from then until that side acts
again it is its turn, and the days are a wait. A wait that is still open is censored, not left out:
leaving out the silences would make the worst clients look prompt.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from statsmodels.duration.survfunc import SurvfuncRight

SIDES = ("us", "them")
KINDS = (
    "approval", "chase", "comment", "deliverable", "dismissal", "edits", "mail", "meeting",
    "payment", "promise", "request",
)  # fmt: skip
ASKING = frozenset({"deliverable", "dismissal", "edits", "mail", "request"})
"""Kinds that leave the other side to act."""
DAY = pd.Timedelta(days=1)


class Log(NamedTuple):
    """A log that has passed the door."""

    events: pd.DataFrame
    """Sorted by customer, thread and time."""
    as_of: pd.Timestamp
    """The end of the last day that is known."""
    problems: tuple[str, ...]

    def swapped(self) -> Log:
        """The same log seen from the other side: are we a good customer to our suppliers?"""
        sides = self.events["side"].map({"us": "them", "them": "us"})
        return self._replace(events=self.events.assign(side=sides))


def read_log(events: pd.DataFrame, as_of: Any) -> Log:
    """The log, sorted and checked.

    Parameters
    ----------
    events : DataFrame
        Columns customer_id, time, side ("us" or "them"), kind (one of KINDS); thread (which piece
        of work; without it all events of a customer are one), optionally text (what was said,
        quoted as evidence) and due (the day a promise names).
    as_of : date
        The last day the log knows; silences still open are counted until its end.

    Raises
    ------
    ValueError
        A column is missing, a side or kind is unknown, times are missing or mix time zones, or an
        event is from after `as_of`: with count and first row.

    What is mended instead stands in `.problems`: events out of order, events that come twice, a log
    without threads, threads that never closed.
    """
    absent = [c for c in ("customer_id", "time", "side", "kind") if c not in events]
    if absent:
        message = f"A log needs {absent}, and has {list(events.columns)}."
        raise ValueError(message)
    frame, problems = events.copy(), []
    if "thread" not in frame:
        frame["thread"] = None
    loose = frame["thread"].isna()
    if loose.any():
        problems.append(
            f"{loose.sum():,} of {len(frame):,} events name no thread and count as one thread a "
            f"customer (first: '{frame.loc[loose, 'customer_id'].iloc[0]}'): whose turn it was is "
            "then a guess where two matters run side by side. Map a column to `thread`."
        )
        frame.loc[loose, "thread"] = "all"
    for column, words in (("side", SIDES), ("kind", KINDS)):
        rule = f"{column} must be one of {', '.join(words)}"
        _refuse(frame, ~frame[column].isin(words), rule, column, MAP.format(column=column))
    undated = "Fill it in, or leave the event out."
    _refuse(frame, frame["time"].isna(), "Every event needs a time", "kind", undated)
    frame["time"] = _times(frame)
    end = pd.Timestamp(as_of).normalize() + DAY
    rule = f"No event may be from after {end - DAY:%Y-%m-%d}"
    _refuse(frame, frame["time"] >= end, rule, "time", "Correct its time, or set a later `as_of`.")
    group = frame.groupby(["customer_id", "thread"], sort=False)["time"]
    early = group.diff() < pd.Timedelta(0)
    if early.any():
        first = frame[early].iloc[0]
        problems.append(
            f"{early.sum():,} of {len(frame):,} events stand before an earlier one of their thread "
            f"and were sorted (first: '{first['customer_id']}', {first['time']:%Y-%m-%d %H:%M}). "
            "If a time is wrong, correct it: who waited for whom follows from the order."
        )
    again = frame.duplicated(["customer_id", "thread", "time", "side", "kind"])
    if again.any():
        first = frame[again].iloc[0]
        problems.append(
            f"{again.sum():,} of {len(frame):,} events come twice, alike in customer, thread, "
            f"time, side and kind, and count once (first: '{first['customer_id']}', "
            f"{first['kind']} of {first['time']:%Y-%m-%d %H:%M}). If they are two, give each its "
            "own time or thread."
        )
        frame = frame[~again]
    frame = frame.sort_values(["customer_id", "thread", "time"], kind="stable", ignore_index=True)
    log = Log(frame, end, ())
    return log._replace(problems=(*problems, *_unclosed(log)))


MAP = (
    "Map the firm's own words in the study file, such as "
    "{column}: \"case when {column} = 'word' then '...' else {column} end\"."
)


def _unclosed(log: Log) -> list[str]:
    """Threads in which a question has been open for longer than any answer took."""
    turns = waits(log)
    answers = turns[turns["answered"]].groupby("side")["days"]
    longest = np.maximum(answers.max(), 10.0 * answers.median())  # in a short log chance is long
    late = turns[~turns["answered"] & (turns["days"] > turns["side"].map(longest).fillna(np.inf))]
    if late.empty:
        return []
    threads = late.drop_duplicates(["customer_id", "thread"])
    first = late.loc[late["days"].idxmax()]
    on = "them" if first["side"] == "them" else "us"
    total = len(turns[["customer_id", "thread"]].drop_duplicates())
    return [
        f"{len(threads):,} of {total:,} threads never closed: something in them has waited for "
        f"longer than any answer in this log took (first: '{first['customer_id']}', thread "
        f"'{first['thread']}', the {first['asked']} of {first['since']:%Y-%m-%d} has waited on "
        f"{on} for {first['days']:,.0f} days). They count as silences that last. Where the matter "
        "was settled by telephone or dropped, log that, for instance as an approval."
    ]


def _refuse(frame: pd.DataFrame, broken: pd.Series, rule: str, shown: str, cure: str = "") -> None:
    if broken.any():
        first = frame[broken].iloc[0]
        message = (
            f"{rule}: {broken.sum():,} of {len(frame):,} events break this (first: "
            f"'{first['customer_id']}', {shown} '{first[shown]}'). {cure}"
        )
        raise ValueError(message.rstrip())


def _times(frame: pd.DataFrame) -> pd.Series:
    """Times as they were on the clock of whoever wrote them; one kind of clock only."""
    times = frame["time"]
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        return times.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_any_dtype(times):
        return times
    stamps = times.map(pd.Timestamp)
    zoned = stamps.map(lambda stamp: stamp.tzinfo is not None)
    if zoned.any() and not zoned.all():
        rule = "Times must all name a time zone or none may"
        _refuse(frame, zoned if zoned.mean() < 0.5 else ~zoned, rule, "time")
    stamps = pd.to_datetime(stamps, utc=bool(zoned.any()))
    return stamps.dt.tz_localize(None) if zoned.any() else stamps


def waits(log: Log) -> pd.DataFrame:
    """Whose turn it was, and how long: one row a turn.

    Returns
    -------
    DataFrame
        customer_id, thread, side (whose turn), since, asked (kind of the event that asked), until
        (missing while open), answer (kind), days, answered, chased (days until the first chase;
        missing when there was none).
    """
    rows: list[list[Any]] = []
    events = log.events
    columns = [events[c].to_numpy() for c in ("customer_id", "thread", "time", "side", "kind")]
    turns: dict[str, list[Any]] = {}
    here = None
    for customer, thread, time, side, kind in zip(*columns, strict=True):
        if (customer, thread) != here:
            turns, here = {}, (customer, thread)
        other = "them" if side == "us" else "us"
        if kind == "chase":
            if other in turns and turns[other][7] is None:
                turns[other][7] = time
            continue
        if side in turns:
            turn = turns.pop(side)
            turn[5:7] = time, kind
        if kind in ASKING and other not in turns:
            turns[other] = [customer, thread, other, time, kind, None, None, None]
            rows.append(turns[other])
    names = ["customer_id", "thread", "side", "since", "asked", "until", "answer", "chase"]
    frame = pd.DataFrame(rows, columns=names)
    for column in ("since", "until", "chase"):
        frame[column] = pd.to_datetime(frame[column])
    frame["answered"] = frame["until"].notna()
    frame["days"] = (frame["until"].fillna(log.as_of) - frame["since"]) / DAY
    frame["chased"] = (frame.pop("chase") - frame["since"]) / DAY
    return frame


def median_wait(days: np.ndarray, answered: np.ndarray) -> float:
    """Days until half of the waits are answered, open ones censored (Kaplan & Meier 1958).

    Where more than half are still open it is the longest wait so far: at least that.

    Examples
    --------
    >>> median_wait(np.array([1, 2, 3, 4, 180.0]), np.array([1, 1, 1, 1, 0]))
    3.0
    """
    middle = SurvfuncRight(days, np.asarray(answered, dtype=float)).quantile(0.5)
    return float(middle) if np.isfinite(middle) else float(np.max(days))


def gaps(log: Log, side: str = "them") -> pd.DataFrame:
    """Between two acts of one side: one row a gap, with what waited in it.

    Returns
    -------
    DataFrame
        customer_id, start, end (missing for the one still open), days, owed (whether something
        asked of that side in the first half of the gap was unanswered until it ended, or is now).
    """
    acts = log.events[log.events["side"] == side].sort_values(["customer_id", "time"])
    frame = pd.DataFrame({"customer_id": acts["customer_id"], "start": acts["time"]})
    frame["end"] = frame.groupby("customer_id")["start"].shift(-1)
    frame["days"] = (frame["end"].fillna(log.as_of) - frame["start"]) / DAY
    turn = waits(log).query("side == @side")
    turn = turn.assign(until=turn["until"].fillna(log.as_of)).sort_values("since")
    turn["latest"] = turn.groupby("customer_id")["until"].cummax()
    frame["middle"] = frame["start"] + frame["days"] / 2 * DAY
    found = pd.merge_asof(
        frame.sort_values("middle").reset_index(names="at"),
        turn[["customer_id", "since", "latest"]],
        left_on="middle",
        right_on="since",
        by="customer_id",
    ).set_index("at")
    latest = found["latest"].reindex(frame.index)
    frame["owed"] = latest >= frame["end"].fillna(log.as_of)
    return frame.drop(columns="middle").reset_index(drop=True)
