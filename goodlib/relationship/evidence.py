"""What is in the log, event by event, in words with dates: no score without it.

An event is evidence when it is rare in this firm's log: its weight is log(1 / share), the share of
comparable events of all customers that are at least as extreme. Nothing is judged by a fixed number
of days.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.relationship.interaction import DAY, Log, gaps, waits

RARE = 0.02
"""A silence or a chase is evidence where at most this share is as extreme, or it is the extreme."""
PROMPT = 0.10
"""The same for what is good: comments and payments that come early."""
FEW = 20
"""With fewer comparable events in the whole log every one is quoted."""
MANY = 3
"""So many kinds of strain on one customer are no coincidence."""
BAD = ("dismissed without comment", "silence", "chased at once", "late surprise")
GOOD = ("read and commented", "paid early", "kept talking")
COLUMNS = ["customer_id", "date", "signal", "sentence", "short", "weight"]


def evidence(log: Log) -> pd.DataFrame:
    """Every event of the log that says something about how a customer treats us.

    Returns
    -------
    DataFrame
        One row an event, in order of customer and date: customer_id, date, signal (one of BAD or
        GOOD), sentence, short (as a story quotes it), weight (negative for what strains).
    """
    parts = [_dismissals(log), _silences(log), _chases(log), _late(log), _comments(log), _paid(log)]
    frame = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)])
    frame = frame[COLUMNS].astype({"weight": float})
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.sort_values(["customer_id", "date"], kind="stable", ignore_index=True)


def story(found: pd.DataFrame, customer_id: str, most: int = 4) -> str:
    """The weightiest event of each kind on one customer as one line, in order of time."""
    own = found[found["customer_id"] == customer_id]
    own = own.loc[own["weight"].abs().sort_values(ascending=False, kind="stable").index]
    own = own.drop_duplicates("signal").head(most)
    return "; ".join(own.sort_values("date", kind="stable")["short"])


def alike(told: pd.DataFrame) -> pd.Series:
    """All signals of each customer together, each counting alike: mean 0, sd 1, more is better."""
    score = told.sum(axis=1)
    return (score - score.mean()) / max(float(score.std(ddof=0)), 1e-9)


def strained(found: pd.DataFrame, told: pd.DataFrame) -> list[str]:
    """Customers whom the log alone calls strained, the worst first.

    Those whose signals together lie a standard deviation or more below the mean and on whom an
    event of strain can be quoted; and those with three kinds of strain or more, unless the signals
    speak for them.

    Parameters
    ----------
    found : DataFrame
        As `evidence` gives it.
    told : DataFrame
        As `signal.standardized` gives it.
    """
    score = alike(told)
    bad = found[found["signal"].isin(BAD)]
    kinds = bad.groupby("customer_id")["signal"].nunique().reindex(score.index).fillna(0)
    low = (score < -1.0) & (kinds >= 1)
    return list(score[low | ((kinds >= MANY) & (score < 0.0))].sort_values(kind="stable").index)


def _dismissals(log: Log) -> pd.DataFrame:
    """Dismissed, and nothing that says why: no comment, edits or meeting followed."""
    events = log.events
    said = events["text"].fillna("") if "text" in events else pd.Series("", index=events.index)
    nearby = events.groupby(["customer_id", "thread"])
    follows = pd.DataFrame({"kind": nearby["kind"].shift(-1), "side": nearby["side"].shift(-1)})
    explained = follows["kind"].isin(["comment", "edits", "meeting"]) & (follows["side"] == "them")
    explained |= said.str.split().str.len() > 5
    bare = (events["kind"] == "dismissal") & (events["side"] == "them") & ~explained
    delivered = ((events["kind"] == "deliverable") & (events["side"] == "us")).sum()
    share = (bare.sum() + 1) / (delivered + 1)
    rows = events[bare]
    quoted = [f"'{text}'" if text else "dismissed" for text in said[bare]]
    return _rows(
        rows["customer_id"], rows["time"], "dismissed without comment", -np.log(1 / share),
        [f"What we delivered was dismissed ({q}), without a comment." for q in quoted],
        [f"{day:%Y-%m-%d} {q}, no comment" for day, q in zip(rows["time"], quoted, strict=True)],
    )  # fmt: skip


def _silences(log: Log) -> pd.DataFrame:
    """Long gaps between their acts while something waited on them."""
    frame = gaps(log)
    if frame.empty:
        return frame
    theirs = np.sort(waits(log).query("side == 'them'")["days"])
    longer = len(theirs) - np.searchsorted(theirs, frame["days"] - 1.0)
    share = np.minimum((longer + 1) / (len(theirs) + 1), 1.0)
    longest = frame.groupby("customer_id")["days"].transform("max")
    rare = share <= _rare(len(theirs)) if len(theirs) >= FEW else frame["days"] == longest
    rows = frame[rare & frame["owed"]]
    days = np.floor(rows["days"]).astype(int)
    still = np.where(rows["end"].isna(), ", and still lasts", "")
    text = [
        f"Silence of {n} days while we waited for an answer{more}."
        for n, more in zip(days, still, strict=True)
    ]
    short = [f"silence {n} days{more}" for n, more in zip(days, still, strict=True)]
    return _rows(
        rows["customer_id"], rows["start"] + pd.Timedelta(seconds=1), "silence",
        np.log(share[rows.index]), text, short,
    )  # fmt: skip


def _chases(log: Log) -> pd.DataFrame:
    """They asked where it is, sooner than nearly anybody does."""
    ours = waits(log).query("side == 'us'")
    chased = ours["chased"].dropna()
    share = pd.Series(
        [((chased <= days).sum() + 1) / (len(ours) + 1) for days in chased], index=chased.index
    )
    if len(chased) >= FEW:
        share = share[share <= _rare(len(ours))]
    rows = ours.loc[share.index]
    days = np.maximum(1, np.round(rows["chased"])).astype(int)
    when = rows["since"] + rows["chased"] * DAY
    span = [f"{n} day" if n == 1 else f"{n} days" for n in days]
    return _rows(
        rows["customer_id"], when, "chased at once", np.log(share),
        [f"They chased us {n} after they had asked." for n in span],
        [f"{day:%Y-%m-%d} chase after {n}" for day, n in zip(when, span, strict=True)],
    )  # fmt: skip


def _late(log: Log) -> pd.DataFrame:
    """Changes after they had approved, or a second round of rewording: surprises, not substance."""
    events = log.events
    thread = [events["customer_id"], events["thread"]]
    theirs = events["side"] == "them"
    approved = (theirs & (events["kind"] == "approval")).groupby(thread).cumsum()
    change = theirs & events["kind"].isin(["edits", "dismissal"])
    before = change.groupby(thread).cumsum() - change
    late = change & ((approved > 0) | (before > 0))
    delivered = ((events["kind"] == "deliverable") & (events["side"] == "us")).sum()
    share = (late.sum() + 1) / (delivered + 1)
    rows = events[late]
    why = np.where(approved[late] > 0, "after approving", "in a second round")
    return _rows(
        rows["customer_id"], rows["time"], "late surprise", -np.log(1 / share),
        [f"They changed it again {reason}." for reason in why],
        [f"{day:%Y-%m-%d} changed {how}" for day, how in zip(rows["time"], why, strict=True)],
    )  # fmt: skip


def _comments(log: Log) -> pd.DataFrame:
    """Read and commented, and sooner than most."""
    theirs = waits(log).query("side == 'them' and asked == 'deliverable'")
    read = theirs[theirs["answer"] == "comment"]
    share = read["days"].rank(method="max") / max(1, len(theirs))
    rows = read[share <= PROMPT] if len(theirs) >= FEW else read
    said = _said(log, rows["until"], rows["customer_id"])
    length = pd.Series([len(text) for text in said], index=rows.index, dtype=float)
    share = share[rows.index] * length.rank(ascending=False, method="max") / max(1, len(rows))
    days = np.maximum(1, np.ceil(rows["days"])).astype(int)
    span = [f"{n} day" if n == 1 else f"{n} days" for n in days]
    return _rows(
        rows["customer_id"], rows["until"], "read and commented", -np.log(share[rows.index]),
        [f"Read and commented within {n}{text}." for n, text in zip(span, said, strict=True)],
        [
            f"{at:%Y-%m-%d} commented within {n}{text}"
            for at, n, text in zip(rows["until"], span, said, strict=True)
        ],
    )  # fmt: skip


def _said(log: Log, times: pd.Series, customers: pd.Series) -> list[str]:
    """What was said in the events at these times, quoted."""
    if "text" not in log.events:
        return [""] * len(times)
    text = log.events.set_index(["customer_id", "time"])["text"].fillna("")
    text = text[~text.index.duplicated()]
    found = text.reindex(pd.MultiIndex.from_arrays([customers, times]))
    return [f": '{_short(words)}'" if words else "" for words in found]


def _short(text: str, length: int = 90) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + "…"


def _paid(log: Log) -> pd.DataFrame:
    """Paid sooner after the last delivery than nearly everybody."""
    events = log.events
    theirs = events[(events["kind"] == "payment") & (events["side"] == "them")]
    given = events[(events["kind"] == "deliverable") & (events["side"] == "us")]
    last = given.groupby(["customer_id", "thread"])["time"].max().rename("given")
    paid = theirs.join(last, on=["customer_id", "thread"]).dropna(subset=["given"])
    days = (paid["time"] - paid["given"]) / DAY
    share = days.rank(method="max") / max(1, len(paid))
    few = len(paid) < FEW
    rows = paid[(share <= PROMPT / 2) & (days > 0) & (not few)]
    span = days[rows.index].round().astype(int)
    return _rows(
        rows["customer_id"], rows["time"], "paid early", -np.log(share[rows.index]),
        [f"Paid {n} days after delivery, sooner than nearly all." for n in span],
        [f"{day:%Y-%m-%d} paid after {n} days" for day, n in zip(rows["time"], span, strict=True)],
    )  # fmt: skip


def _rare(n: int) -> float:
    """The share that is rare among `n`: in a small log the most extreme one."""
    return max(RARE, 2.0 / (n + 1))


def _rows(customer, date, signal: str, weight, sentence: list[str], short: list[str]):
    frame = pd.DataFrame({"customer_id": np.asarray(customer), "date": np.asarray(date)})
    frame["signal"], frame["sentence"], frame["short"] = signal, sentence, short
    frame["weight"] = np.asarray(weight)
    return frame
