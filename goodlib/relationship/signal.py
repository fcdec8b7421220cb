"""The log in numbers: a few signals a customer, small counts shrunk to the firm's mean.

A signal of one customer rests on few events, so its rate is shrunk: shares as Beta-Binomial, rounds
as Gamma-Poisson, times on the log scale. How strongly is itself estimated from all customers; with
no more difference between them than chance gives, everybody gets the firm's mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import betaln, gammaln

from goodlib.relationship.interaction import DAY, Log, gaps, median_wait, waits

GOOD = {
    "their_reply": -1, "left": -1, "asymmetry": -1, "silence": 1, "dismissed": -1, "rework": -1,
    "late": -1, "read": 1, "chased": -1,
}  # fmt: skip
"""Signals, and whether more is better (1) or worse (-1). In days, shares, rounds or logarithms.

Reciprocity is told and not judged: who dismisses, chases and rewords speaks as often as we do.
"""
LONG = 0.9
"""An answer is long that takes more than this share of all their answers."""


def signals(log: Log) -> pd.DataFrame:
    """How each customer treats us: one row a customer and signal.

    their_reply: median days until they answer, open silences censored (Kaplan-Meier). left: share
    of what waited on them that waited longer than nine tenths of all their answers. asymmetry: log
    of the median wait they impose over the median wait before they chase. silence: chance, under
    the customer's own gaps, of one as long as the gap that is open now while we wait. dismissed,
    late: share of deliverables dismissed without comment, and changed after approval or in a second
    round. rework: rounds a deliverable. read: share of deliverables they commented, edited or
    approved. chased: share of their requests they chased sooner than half of our answers take.
    reciprocity: 2 min(us, them) / (us + them) over all events.

    Returns
    -------
    DataFrame
        customer_id, signal, value (raw), n (events it rests on), shrunk, firm (the firm's mean).
        A signal without a single event has no row.
    """
    turns, events = waits(log), log.events
    given = events[(events["side"] == "us") & (events["kind"] == "deliverable")]
    n_given = given.groupby("customer_id").size()
    changes = _changes(events)
    theirs = turns[(turns["side"] == "them") & (turns["asked"] == "deliverable")]
    read = theirs["answer"].isin(["comment", "edits", "approval"])
    ours = turns[turns["side"] == "us"]
    half = median_wait(ours["days"].to_numpy(), ours["answered"].to_numpy()) if len(ours) else 0.0
    soon = (ours["chased"] < half).groupby(ours["customer_id"]).sum()
    n_read = theirs.groupby("customer_id").size()
    parts = [
        _times("their_reply", turns[turns["side"] == "them"]),
        _left(turns[turns["side"] == "them"]),
        _asymmetry(turns),
        _silence(log),
        _share("dismissed", changes["bare"], n_given),
        _share("late", changes["late"].clip(upper=n_given), n_given),
        _rounds("rework", changes["rounds"], n_given),
        _share("read", read.groupby(theirs["customer_id"]).sum(), n_read),
        _share("chased", soon, ours.groupby("customer_id").size()),
        _reciprocity(events),
    ]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(["customer_id", "signal"], kind="stable", ignore_index=True)


def standardized(found: pd.DataFrame) -> pd.DataFrame:
    """Customers x signals: in standard deviations, more is better, what is unknown is 0."""
    wide = found.pivot_table(index="customer_id", columns="signal", values="shrunk")
    wide = wide.reindex(columns=[name for name in GOOD if name in wide])
    for name in wide.columns.intersection(["their_reply", "rework"]):
        wide[name] = np.log(wide[name].clip(lower=1e-3))
    spread = wide.std(ddof=0)
    wide = (wide - wide.mean()) / spread.where(spread > 1e-9, 1.0)
    return (wide * pd.Series(GOOD).reindex(wide.columns)).fillna(0.0)


class Conduct(NamedTuple):
    """How one side of all the work behaves, over every customer."""

    reply: float
    """Median days until it answers."""
    n_waits: int
    open: int
    """Waits on it that are still open."""
    chased: float
    """Share of its waits in which the other side chased."""
    promises: int
    """Promises with a day."""
    kept: float
    """Share of those delivered by that day; nan without any."""
    rework: float
    """Rounds of changes that each of its deliverables went through; nan without any."""


def conduct(log: Log) -> Conduct:
    """Are we a good supplier? Our own latency, who had to chase us, our promises and rework.

    With `log.swapped()` it is the other side's conduct: what our suppliers could say of us.
    """
    ours = waits(log).query("side == 'us'")
    if ours.empty:
        message = "Nothing in this log ever waited on us, so it cannot say how we behave."
        raise ValueError(message)
    due, events = promises(log), log.events
    given = int(((events["side"] == "us") & (events["kind"] == "deliverable")).sum())
    return Conduct(
        median_wait(ours["days"].to_numpy(), ours["answered"].to_numpy()),
        len(ours),
        int((~ours["answered"]).sum()),
        float(ours["chased"].notna().mean()),
        len(due),
        float(due["kept"].mean()) if len(due) else np.nan,
        float(_changes(log.events)["rounds"].sum() / given) if given else np.nan,
    )


def promises(log: Log) -> pd.DataFrame:
    """Our promises that name a day: customer_id, thread, time, due, delivered (missing), kept."""
    events = log.events
    columns = ["customer_id", "thread", "time", "due", "delivered", "kept"]
    if "due" not in events:
        return pd.DataFrame(columns=columns)
    made = events[(events["kind"] == "promise") & (events["side"] == "us")].copy()
    made["due"] = pd.to_datetime(made["due"].replace("", None)) + DAY
    made = made.dropna(subset=["due"]).sort_values("time")
    given = events[(events["kind"] == "deliverable") & (events["side"] == "us")]
    given = given[["customer_id", "thread", "time"]].assign(delivered=given["time"])
    made = pd.merge_asof(
        made,
        given.sort_values("time"),
        on="time",
        by=["customer_id", "thread"],
        direction="forward",
    )
    made = made[made["delivered"].notna() | (made["due"] <= log.as_of)]
    made["kept"] = made["delivered"] < made["due"]
    return made.assign(due=made["due"] - DAY)[columns].reset_index(drop=True)


# the parts


def _row(signal: str, value: pd.Series, n, shrunk, firm: float) -> pd.DataFrame:
    frame = pd.DataFrame({"signal": signal, "value": value, "n": n, "shrunk": shrunk, "firm": firm})
    return frame.rename_axis("customer_id").reset_index()


def _times(signal: str, turns: pd.DataFrame) -> pd.DataFrame:
    """Median waits, shrunk on the log scale by the ratio of the variances within and between."""
    if turns.empty:
        return _row(signal, pd.Series(dtype=float), 0, 0.0, 0.0)
    groups = turns.groupby("customer_id")
    median = pd.Series(
        {
            customer: max(median_wait(part["days"].to_numpy(), part["answered"].to_numpy()), 0.02)
            for customer, part in groups
        }
    )
    n = groups.size()
    firm = max(median_wait(turns["days"].to_numpy(), turns["answered"].to_numpy()), 0.02)
    within = np.log(turns["days"].clip(lower=0.02)).groupby(turns["customer_id"]).var().mean()
    within = 1.0 if not np.isfinite(within) else within
    between = np.log(median / firm).var(ddof=0) - within * (1.0 / n).mean()
    strength = min(within / between, 50.0) if between > 0 else 50.0
    shrunk = np.exp((n * np.log(median) + strength * np.log(firm)) / (n + strength))
    return _row(signal, median, n, shrunk, firm)


def _left(turns: pd.DataFrame) -> pd.DataFrame:
    """Share of waits, open ones among them, beyond nine tenths of the answers of all customers."""
    long = turns["days"] > turns.loc[turns["answered"], "days"].quantile(LONG)
    customer = turns["customer_id"]
    return _share("left", long.groupby(customer).sum(), turns.groupby("customer_id").size())


def _asymmetry(turns: pd.DataFrame) -> pd.DataFrame:
    """log(median wait they impose / median wait before they chase), for those who chased."""
    chased = turns[(turns["side"] == "us") & turns["chased"].notna()]
    impose = turns[turns["side"] == "them"].groupby("customer_id")["days"].median()
    before = chased.groupby("customer_id")["chased"].median().clip(lower=0.02)
    value = np.log(impose.clip(lower=0.02) / before).dropna()
    n = chased.groupby("customer_id").size().reindex(value.index)
    firm = float(value.mean()) if len(value) else 0.0
    return _row("asymmetry", value, n, (n * value + 2.0 * firm) / (n + 2.0), firm)


def _silence(log: Log) -> pd.DataFrame:
    """P(gap at least as long as the open one) under the customer's own gaps, while they owe."""
    frame = gaps(log)
    current = frame[frame["end"].isna()].set_index("customer_id")
    past = frame[frame["end"].notna()]
    open_now = past["customer_id"].map(current["days"])
    longer = (past["days"] >= open_now).groupby(past["customer_id"]).sum()
    n = past.groupby("customer_id").size()
    value = ((longer + 1.0) / (n + 1.0)).where(current["owed"].reindex(n.index), 1.0)
    return _row("silence", value, n, value, 1.0)


def _changes(events: pd.DataFrame) -> pd.DataFrame:
    """Rounds of rework, late ones among them, and bare dismissals of each customer."""
    thread = [events["customer_id"], events["thread"]]
    theirs = events["side"] == "them"
    change = theirs & events["kind"].isin(["edits", "dismissal"])
    before = change.groupby(thread).cumsum() - change
    approved = (theirs & (events["kind"] == "approval")).groupby(thread).cumsum() > 0
    after = events.groupby(["customer_id", "thread"])["kind"].shift(-1)
    bare = theirs & (events["kind"] == "dismissal") & ~after.isin(["comment", "edits", "meeting"])
    columns = {"rounds": change, "late": change & (approved | (before > 0)), "bare": bare}
    return pd.DataFrame(columns).groupby(events["customer_id"]).sum()


def _reciprocity(events: pd.DataFrame) -> pd.DataFrame:
    count = pd.crosstab(events["customer_id"], events["side"]).reindex(columns=["us", "them"])
    count = count.fillna(0)
    n = count.sum(axis=1)
    value = 2.0 * count.min(axis=1) / n
    firm = float((value * n).sum() / n.sum())
    return _row("reciprocity", value, n, (n * value + 10.0 * firm) / (n + 10.0), firm)


def _share(signal: str, hits: pd.Series, trials: pd.Series) -> pd.DataFrame:
    """Shares, shrunk as Beta-Binomial with the strength that fits all customers best."""
    k = hits.reindex(trials.index).fillna(0.0)
    mean = (k.sum() + 0.5) / (trials.sum() + 1.0)

    def loss(log_strength: float) -> float:
        a, b = mean * np.exp(log_strength), (1.0 - mean) * np.exp(log_strength)
        return -float((betaln(k + a, trials - k + b) - betaln(a, b)).sum())

    strength = np.exp(minimize_scalar(loss, bounds=(-1.0, 6.0), method="bounded").x)
    shrunk = (k + strength * mean) / (trials + strength)
    return _row(signal, k / trials, trials, shrunk, float(mean))


def _rounds(signal: str, counts: pd.Series, exposure: pd.Series) -> pd.DataFrame:
    """Counts over exposure, shrunk as Gamma-Poisson with the strength that fits best."""
    k = counts.reindex(exposure.index).fillna(0.0)
    mean = (k.sum() + 0.5) / (exposure.sum() + 1.0)

    def loss(log_strength: float) -> float:
        b = np.exp(log_strength)
        a = mean * b
        terms = gammaln(k + a) - gammaln(a) + a * np.log(b) - (k + a) * np.log(exposure + b)
        return -float(terms.sum())

    strength = np.exp(minimize_scalar(loss, bounds=(-1.0, 6.0), method="bounded").x)
    shrunk = (k + strength * mean) / (exposure + strength)
    return _row(signal, k / exposure, exposure, shrunk, float(mean))


def burstiness(days: np.ndarray) -> float:
    """How unevenly events come: -1 like a clock, 0 at random, 1 all at once.

    (s - m)/(s + m) of the gaps in the form for finite n of Kim & Jo (2016).

    Examples
    --------
    >>> burstiness(np.array([7.0, 7.0, 7.0, 7.0]))
    -1.0
    """
    n, mean = len(days), float(np.mean(days))
    if n < 2 or mean == 0:
        message = f"Burstiness needs two gaps or more of some length, and {n} were given."
        raise ValueError(message)
    r = float(np.std(days)) / mean
    up, down = np.sqrt(n + 1.0), np.sqrt(n - 1.0)
    return float((up * r - down) / ((up - 2.0) * r + down))
