"""Which calendar a forecast uses: what the history allows, held against what came at earlier days.

The gates of `calendar.py` say what a history can tell at all, and its likelihood how much; neither
says that tomorrow is foretold better for it. So where the history is long enough that the same
calendar could have been read at earlier days, every simpler one is tried there too, and the one
that told best what then came is used.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS
from goodlib.value.calendar import KINDS, Calendar, fit_calendar
from goodlib.value.feature import Past, ordinal, stamp, teaches
from goodlib.value.pareto import Pareto
from goodlib.value.purchase import NBD, BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD

MODELS = {"Pareto/NBD": ParetoNBD, "BG/NBD": BetaGeoNBD}
LAWS = MODELS | {"MBG/NBD": ModifiedBetaGeoNBD, "NBD": NBD}  # what may be asked for by name
NODES = 12  # of Pareto/NBD's integral: nine digits, for it is fitted a dozen times a calendar
CALENDARS = (*KINDS, "auto")
LEFT = {
    ("none", "both"): "season and level are",
    ("none", "season"): "a season is",
    ("none", "level"): "a level is",
    ("season", "both"): "a level is",
    ("level", "both"): "a season is",
}
TRIED = "BG/NBD"
TRIALS = 2  # earlier days, half a horizon apart
MARGIN = 2.0  # of the log-likelihood by which a simpler calendar must be better to be preferred


class Clock(NamedTuple):
    """A calendar and the purchase model in its time."""

    calendar: Calendar
    purchases: Any


class Choice(NamedTuple):
    """The calendar chosen.

    kind : "none", "season", "level" or "both". allowed : what the gates let through. tried : one
    row an earlier day and kind: origin, kind, error (of the log total), variance, score (larger is
    better). why : what the trial said, as the end of a sentence.
    """

    kind: str
    allowed: str
    tried: pd.DataFrame
    why: str

    @property
    def reason(self) -> str:
        """Why what the gates let through is not used."""
        left = LEFT[self.kind, self.allowed]
        return f"{left} told by this history, yet foretold totals worse at earlier days"


@lru_cache(maxsize=32)
def fit_clock(past: Past, end: pd.Timestamp, unit: str, model: str, kind: str) -> Clock:
    """Calendar of this kind, as far as the history tells it, and the purchase model in its time."""

    def law(summary: pd.DataFrame) -> Any:
        found = LAWS[model](summary)
        if model == "Pareto/NBD":
            found.law = Pareto(NODES)
        return found

    calendar = fit_calendar(past, end, unit, law, kind)
    summary = calendar.summary(past)
    return Clock(calendar, law(summary[summary["T"] > 0]).fit())


def choose_calendar(past: Past, end: str | pd.Timestamp, horizon: float, unit: str) -> Choice:
    """The calendar that told best what came in a `horizon` after earlier days.

    Tried with BG/NBD, whichever model the forecast takes: what moves a whole base is read off its
    monthly totals, and this model is the cheapest.

    Judged by the total that came, in units of how far the level of the base may wander: one lucky
    year of the whole base proves nothing, so a simpler calendar must be better by `MARGIN`. Who
    buys how much of the total is left to the weights of the forecast.
    """
    end = pd.Timestamp(end).normalize()
    allowed = fit_clock(past, end, unit, TRIED, "both").calendar.kind
    tried: list[dict[str, Any]] = []
    if allowed == "none":
        return Choice(allowed, allowed, pd.DataFrame(tried), "this history tells no calendar")
    kinds = ("none", "season", "level", "both") if allowed == "both" else ("none", allowed)
    for back in range(TRIALS):
        origin = stamp(round(ordinal(end) - horizon * DAYS[unit] * (1 + back / 2)))
        if origin <= past.first_day or not _told(past, origin, unit, allowed):
            break
        came = past.after(origin, horizon, unit)["purchases"]
        for kind in kinds:
            clock = fit_clock(past, origin, unit, TRIED, kind)
            found = _judge(clock, past, horizon, float(came.sum()))
            tried.append({"origin": origin, "kind": kind} | found)
    columns = ["origin", "kind", "error", "variance"]
    frame = pd.DataFrame(tried, columns=columns)
    if frame.empty:
        why = "the history is too short to try this at an earlier day"
        return Choice(allowed, allowed, frame, why)
    variance = frame["variance"].where(frame["kind"] == allowed).groupby(frame["origin"])
    frame["score"] = -0.5 * frame["error"] ** 2 / variance.transform("max")
    score = frame.groupby("kind")["score"].sum()
    best = str(score.idxmax())
    kind = best if score[best] > score[allowed] + MARGIN else allowed
    times = frame["origin"].nunique()
    days = "one earlier day" if times == 1 else "two earlier days"
    if kind == allowed:
        why = f"tried at {days}, this foretold the total that came as well as anything simpler"
    else:
        why = f"tried at {days}, what is left out would have made totals worse"
    return Choice(kind, allowed, frame, why)


def _told(past: Past, origin: pd.Timestamp, unit: str, allowed: str) -> bool:
    """Whether the history up to `origin` tells the same calendar."""
    if not teaches(past.at(origin, 1.0, unit)):
        return False
    return fit_clock(past, origin, unit, TRIED, allowed).calendar.kind == allowed


def _judge(clock: Clock, past: Past, horizon: float, came: float) -> dict[str, float]:
    """Error of the logarithm of the total, and how far the level of the base may have wandered."""
    calendar = clock.calendar
    summary = calendar.summary(past)
    expected = clock.purchases.expected_purchases(calendar.expected_future(horizon), summary)
    total = max(float(expected.sum()), 1e-9)
    variance = float(np.log(calendar.future(horizon, 400, 1)).var()) + 1 / total
    return {"error": float(np.log(max(came, 0.5) / total)), "variance": variance}
