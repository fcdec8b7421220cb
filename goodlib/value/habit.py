"""What the parameters say in words: how often a typical customer buys, how long half of them stay.

Rates differ between customers as Gamma(r, alpha); the typical one is their median. Half of all have
left when the chance that a new customer is still active has fallen to one half. Where the base has
a calendar, times are said at the pace at which the history ends.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import gamma

from goodlib.value.betageo import BetaGeo
from goodlib.value.calendar import Calendar
from goodlib.value.feature import DAYS, ordinal
from goodlib.value.lifetime import draw_params
from goodlib.value.pareto import Pareto
from goodlib.value.quadrature import beta_mean


class Range(NamedTuple):
    """A quantity and its 80 % interval, in units of the summary's time."""

    estimate: float
    lower: float
    upper: float


class Habit(NamedTuple):
    """How customers of a base behave."""

    interval: Range
    """Time between two purchases of a typical customer while active."""
    half_life: Range
    """Time after which half of all customers have left; infinite where nobody leaves."""


def describe(purchases: Any, draws: int, seed: int, calendar: Calendar | None = None) -> Habit:
    """The habits that a fitted purchase model has found, with posterior intervals.

    `calendar`: whose operational time the model was fitted in; None for plain time.
    """
    pace = 1.0 if calendar is None else float(calendar.curve["level"].iloc[-1])
    params = draw_params(purchases, max(draws, 100), seed).params.iloc[:400]
    law = purchases.model.law
    natural = [tuple(purchases.params)] + [tuple(row) for row in params.to_numpy()]
    interval = np.array([typical_interval(law, theta) for theta in natural]) / pace
    stay = np.array([half_life(law, theta) for theta in natural]) / pace
    return Habit(
        *(Range(v[0], *np.quantile(v[1:], [0.1, 0.9], method="nearest")) for v in (interval, stay))
    )


def typical_interval(law: Any, natural: tuple[float, ...]) -> float:
    """Time between purchases at the median of the rates."""
    r, alpha = natural[:2]
    return float(getattr(law, "k", 1) * alpha / gamma.ppf(0.5, r))


def half_life(law: Any, natural: tuple[float, ...]) -> float:
    """Time at which the chance that a new customer is still active is one half."""
    if isinstance(law, Pareto):
        _, _, s, beta = natural
        with np.errstate(over="ignore"):
            return float(beta * np.expm1(np.log(2) / s))
    if not isinstance(law, BetaGeo):
        return float("inf")  # a model without dropout
    times = natural[1] * np.geomspace(1e-3, 1e6, 181)
    kept = survival(law, natural, times)
    if kept[-1] > 0.5:
        return float("inf")
    return float(np.exp(np.interp(-0.5, -kept, np.log(times)))) if kept[0] > 0.5 else 0.0


def survival(law: BetaGeo, natural: tuple[float, ...], times: np.ndarray) -> np.ndarray:
    """P(a new customer is still active after each time): purchases thinned by the chance to leave.

    Given that chance p, leaving is a Poisson process of rate lambda p (k = 1); with k > 1 every
    k-th event is a purchase, and lambda p / k is its rate in the long run.
    """
    r, alpha, a, b = natural
    grown = np.asarray(times, dtype=float) / (law.k * alpha)

    def kept(p: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (1 - p) ** law.extra * np.exp(-r * np.log1p(np.outer(grown[rows], p)))

    return beta_mean(kept, a, np.full(len(grown), b))


def silent(
    frequency: np.ndarray, age: float, idle: np.ndarray, calendar: Calendar | None = None
) -> pd.DataFrame:
    """Histories of customers of one age, as a model reads them: one row a frequency and silence.

    `age`: since the first purchase; `idle`: since the last, both in the unit of T.
    """
    frame = pd.DataFrame({"frequency": frequency, "recency": age - idle, "T": age})
    if calendar is None:
        return frame
    end, days = ordinal(calendar.end), DAYS[calendar.unit]
    start, stop = calendar.operational(np.array([end - age * days, float(end)]))
    last = calendar.operational(end - idle * days)
    return frame.assign(recency=last - start, T=stop - start)


def alive_map(
    purchases: Any, summary: pd.DataFrame, calendar: Calendar | None = None
) -> pd.DataFrame:
    """Chance that a customer of median age is still one, by frequency and time since the last.

    `summary` in plain time; `calendar` as in `describe`.

    Returns
    -------
    DataFrame, one row a frequency, one column a time since the last purchase (in the unit of T)
        Both reach what nearly all repeat buyers of the summary show.
    """
    back = summary[summary["frequency"] > 0]
    age = float(back["T"].median())
    idle = np.linspace(0, 0.98 * age, 120)
    most = max(5, int(back["frequency"].quantile(0.95)))
    spaced = np.linspace(1, most, 40) if most <= 40 else np.geomspace(1, most, 60)
    often = np.unique(spaced.round().astype(int))
    each = silent(np.repeat(often, len(idle)), age, np.tile(idle, len(often)), calendar)
    alive = purchases.p_alive(each).to_numpy().reshape(len(often), len(idle))
    return pd.DataFrame(alive, index=pd.Index(often, name="frequency"), columns=idle)
