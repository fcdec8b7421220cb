"""Does the model keep track? Purchases as they came beside purchases as expected.

A model is fitted to the calibration alone; what it then says of the holdout is held against what
happened, period by period and by how often customers had bought. The band is that of the model's
own futures: chance, what is not known of the parameters, how far the level of the whole base may
wander, and that customers change their pace each for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goodlib.history import Study, summarize
from goodlib.history.summary import cut
from goodlib.value.betageo import BetaGeo
from goodlib.value.calendar import Calendar
from goodlib.value.feature import Past
from goodlib.value.forecast import PRIOR_DRIFT, Fit, Forecast, fit_models
from goodlib.value.lifetime import draw_params
from goodlib.value.pareto import Pareto
from goodlib.value.standing import LEVELS

PERIODS = {"week": 7.0, "month": 30.4375, "quarter": 91.3125, "year": 365.25, "decade": 3652.5}
"""Lengths of the periods that are tracked, in days."""
MOST = 90
"""Periods in one figure."""
TAIL = 7
"""Frequencies from here on are one group, unless most customers are in it."""


@dataclass(frozen=True, eq=False)
class Tracking:
    """What was expected and what came.

    periods : one row a period: start, end, holdout (bool), actual, expected, lower_80, upper_80;
        cumulative_actual, cumulative_expected and their bounds. Bands are of the holdout only.
    groups : one row a calibration frequency or a range of them, by its name (0, 1, ..., 7+):
        customers, actual, expected, lower_80, upper_80: holdout purchases a customer.
    total : actual, expected, and bounds of 80 and 95 % of the whole holdout.
    word : name of the period.
    """

    periods: pd.DataFrame
    groups: pd.DataFrame
    total: pd.Series
    word: str


def track(
    purchases: Any,
    summary: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    end: Any,
    holdout_end: Any,
    unit_days: float,
    draws: int,
    seed: int,
    calendar: Calendar | None = None,
    drift: float = 0.0,
) -> Tracking:
    """Repeat purchases of the customers of `summary`, period by period, to `holdout_end`.

    Parameters
    ----------
    purchases : fitted purchase model
        Fitted to customers of `summary`, which ends at `end`; only those are tracked. With a
        calendar: fitted in its operational time.
    summary : DataFrame
        frequency, recency, T, first_date, frequency_holdout.
    orders : DataFrame
        customer_id, date.
    unit_days : float
        Days in the summary's unit of time.
    draws, seed : int
        Futures behind the bands, and the seed of all random numbers.
    calendar : Calendar, optional
        Up to `end`. Without it there is no season, and the level of the base is held fixed: bands
        of totals are then too narrow in practice.
    drift : float, >= 0
        Variance of each customer's own change of pace, as in `simulate_future`.
    """
    summary = summary.loc[purchases.model.customers.index]
    last, stop = _day(end), _day(holdout_end)
    first = summary["first_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    step, word = period(first.min(), stop, unit_days)
    back, ahead = int((last - first.min()) // step), int((stop - last) // step)
    edges = last + np.arange(-back, ahead + 1) * step
    came = _count(orders, summary.index, first, edges)
    clock = _Clock(calendar, last, unit_days)
    expected = np.concatenate(
        [
            _expected_before(purchases, clock.before(first), clock.before(edges[: back + 1])),
            _expected_after(purchases, clock.after(edges[back:] - last)),
        ]
    )
    group, labels = _bands(summary["frequency"].to_numpy(int))
    size = int(max(100, min(draws, 4_000_000 // max(len(group), 1))))
    ways = clock.ways(np.append(edges[back:] - last, stop - last), size, seed)
    in_periods, in_groups = _paths(purchases, ways, group, drift, seed)
    held = np.arange(len(came)) >= back
    frame = pd.DataFrame(
        {
            "start": _date(edges[:-1] + 1),
            "end": _date(edges[1:]),
            "holdout": held,
            "actual": came,
            "expected": expected,
        }
    )
    frame["cumulative_actual"], frame["cumulative_expected"] = came.cumsum(), expected.cumsum()
    reached = came[:back].sum() + in_periods.cumsum(axis=1)
    # the cumulative line starts its holdout from what had really come
    frame.loc[held, "cumulative_expected"] = came[:back].sum() + expected[back:].cumsum()
    for name, values in (("", in_periods), ("cumulative_", reached)):
        for label, q in (("lower_80", 0.1), ("upper_80", 0.9)):
            frame[name + label] = np.nan
            if ahead:
                frame.loc[held, name + label] = np.quantile(values, q, axis=0)
    groups = _groups(purchases, summary, group, in_groups, clock.after([stop - last])[0])
    groups.index = pd.Index(labels, name="frequency")
    whole = in_groups.sum(axis=1)
    total = pd.Series(
        {
            "actual": float(summary["frequency_holdout"].sum()),
            "expected": float((groups["expected"] * groups["customers"]).sum()),
            **{name: float(np.quantile(whole, q)) for name, q in LEVELS.items()},
        }
    )
    return Tracking(frame, groups, total, word)


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """The models as they would have been at the cut, and how they did after it.

    fit : of the history up to the cut. summary : of `summarize`, with the holdout. amounts :
        `factor` (what a purchase of the holdout brought, over what was expected), lower_95 and
        upper_95 (the range it was to lie in). cut : last day they knew.
    """

    fit: Fit
    tracking: Tracking
    summary: pd.DataFrame
    amounts: pd.Series
    cut: pd.Timestamp


def rehearse(past: Past, study: Study, ahead: Forecast, draws: int, seed: int) -> Rehearsal:
    """The study's model fitted to the history up to the cut, and held against what came after.

    ahead : the study's forecast, whose purchase model and kind of calendar are tried.
    """
    since = cut(study, past.orders)
    summary = summarize(past.orders, end=since, unit=study.unit, holdout_end=study.as_of)
    kind = ahead.choice.kind if ahead.choice else "both"
    fit = fit_models(past, since, study.unit, ahead.fit.name, kind)
    ends = {"end": since, "holdout_end": study.as_of, "unit_days": study.unit_days}
    known = {"calendar": fit.calendar, "drift": PRIOR_DRIFT, "draws": draws, "seed": seed}
    found = track(fit.purchases, summary, past.orders, **ends, **known)
    ahead = (pd.Timestamp(study.as_of) - since).days / study.unit_days
    amounts = _amounts(fit, summary[summary["frequency_holdout"] > 0], ahead, seed)
    return Rehearsal(fit, found, summary, amounts, since)


def _amounts(fit: Fit, came: pd.DataFrame, ahead: float, seed: int) -> pd.Series:
    """What a purchase brought over what was expected, and the 95 % range of that.

    The range holds how the level of amounts may move, that each customer's mean is not quite known
    and that single amounts scatter.
    """
    if came.empty:
        return pd.Series({"factor": 1.0, "lower_95": 1.0, "upper_95": 1.0})
    n, x = came["frequency_holdout"].to_numpy(float), came["frequency"].to_numpy(float)
    mean = fit.mean_amount().reindex(came.index).to_numpy()
    p, q = fit.spend.params[["p", "q"]]
    variance = (n * mean) ** 2 / np.maximum(p * x + q - 2, 0.5) + n * mean**2 / p
    noise = np.sqrt(variance.sum()) / (n @ mean)
    rng = np.random.default_rng([seed, 29])
    level = fit.price.future(ahead, 1000, seed) * np.exp(noise * rng.standard_normal(1000))
    bounds = {"lower_95": np.quantile(level, 0.025), "upper_95": np.quantile(level, 0.975)}
    return pd.Series({"factor": came["amount_holdout"].sum() / (n @ mean)} | bounds)


def period(first: float, last: float, unit_days: float) -> tuple[float, str]:
    """The shortest period, not below the unit, that cuts the span in at most 90."""
    for word, days in PERIODS.items():
        if days >= unit_days and (last - first) / days <= MOST:
            return days, word
    return days, word


def _groups(
    purchases: Any, summary: pd.DataFrame, group: np.ndarray, drawn: np.ndarray, horizon: float
) -> pd.DataFrame:
    """Holdout purchases a customer by calibration frequency."""
    expected = purchases.expected_purchases(horizon).to_numpy()
    size = np.bincount(group)
    lower, upper = np.quantile(drawn / size, [0.1, 0.9], axis=0)
    columns = {
        "customers": size,
        "actual": np.bincount(group, summary["frequency_holdout"]) / size,
        "expected": np.bincount(group, expected) / size,
        "lower_80": lower,
        "upper_80": upper,
    }
    return pd.DataFrame(columns)


def _bands(x: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The group of each frequency, numbered without gaps, and the groups' names.

    0, 1, ..., 6, 7+; where that would put most customers in one group, eighths of the customers.
    """
    tops = np.arange(TAIL)
    if np.mean(x >= TAIL) > 0.5:
        tops = np.unique(np.quantile(x, np.arange(1, 8) / 8, method="lower"))
    places, group = np.unique(np.searchsorted(tops, x), return_inverse=True)
    names = []
    for place in places:
        low = int(tops[place - 1]) + 1 if place else 0
        high = int(tops[place]) if place < len(tops) else None
        names.append(f"{low}+" if high is None else f"{low}" if low == high else f"{low}–{high}")
    return group, names


@dataclass(frozen=True, eq=False)
class _Clock:
    """Operational time at days since 1970 (`before`) and at days after the end, or plain time."""

    calendar: Calendar | None
    end: int
    unit_days: float

    def before(self, days: np.ndarray) -> np.ndarray:
        return days / self.unit_days if self.calendar is None else self.calendar.operational(days)

    def after(self, days: Any) -> np.ndarray:
        """When the level stays as it is at the end."""
        plain = np.asarray(days, dtype=float) / self.unit_days
        if self.calendar is None:
            return plain
        return np.array([self.calendar.expected_future(t) if t > 0 else 0.0 for t in plain])

    def ways(self, days: np.ndarray, draws: int, seed: int) -> np.ndarray:
        """As the level may move, shape (draws, days)."""
        if self.calendar is None:
            return np.tile(days / self.unit_days, (draws, 1))
        return self.calendar.path(days, draws, seed)


def _expected_before(purchases: Any, first: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Expected repeat purchases of new customers between the edges, from when each had come.

    All times are on the clock of the model.
    """
    oldest = max(edges[-1] - first.min(), 1e-9)
    ages = np.concatenate([[0.0], np.geomspace(oldest / 1000, oldest, 240)])
    curve = np.array([purchases.expected_purchases_new(age) for age in ages])
    came, count = np.unique(first, return_counts=True)
    age = np.maximum(edges[:, None] - came, 0)
    return np.diff(np.interp(age, ages, curve) @ count)


def _expected_after(purchases: Any, edges: np.ndarray) -> np.ndarray:
    """Expected purchases of these customers between the edges, counted from the end."""
    return np.diff([purchases.expected_purchases(t).sum() for t in edges])


def _count(
    orders: pd.DataFrame, index: pd.Index, first: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Days with a repeat purchase between the edges; of the customers of the summary."""
    code = index.get_indexer(orders["customer_id"])
    day = orders["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    later = (code >= 0) & (day > first[code])
    pairs = pd.DataFrame({"code": code[later], "day": day[later]}).drop_duplicates()
    # a period holds the days after its first edge up to its second
    where = np.searchsorted(edges, pairs["day"], side="left") - 1
    return np.bincount(where[(where >= 0) & (where < len(edges) - 1)], minlength=len(edges) - 1)


def _paths(
    purchases: Any, ways: np.ndarray, group: np.ndarray, drift: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of purchases: by period, shape (draws, periods), and by group, (draws, groups).

    `ways`: the clock at the edges of the periods and at the end of the holdout, a row a draw.
    """
    rng = np.random.default_rng([seed, 3])
    params = draw_params(purchases, len(ways), seed).params
    in_periods = np.zeros((len(ways), ways.shape[1] - 2))
    in_groups = np.zeros((len(ways), group.max() + 1))
    for row, (_, theta) in enumerate(params.iterrows()):
        drawn = purchases.sample_purchases(theta, 0.0, rng)
        pace = rng.gamma(1 / drift, drift, len(group)) if drift > 0 else np.ones(len(group))
        who, when = _times(purchases.model.law, drawn, pace * ways[row, -1], rng)
        if in_periods.shape[1]:
            in_periods[row] = np.histogram(when / pace[who], ways[row, :-1])[0]
        in_groups[row] = np.bincount(group[who], minlength=in_groups.shape[1])
    return in_periods, in_groups


def _times(
    law: Any, drawn: Any, horizon: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who buys and when within each one's horizon, given rate and chance to leave.

    In no order of time.
    """
    until = horizon
    if isinstance(law, Pareto):
        stay = rng.standard_exponential(len(drawn.rate)) / np.maximum(drawn.leaving, 1e-300)
        until = np.minimum(stay, horizon)
    count = rng.poisson(drawn.rate * until * drawn.active)
    who = np.repeat(np.arange(len(count)), count)
    when = rng.random(len(who)) * until[who]
    if not isinstance(law, BetaGeo):
        return who, when
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    place = np.arange(len(who)) - np.repeat(count.cumsum() - count, count)
    stage = rng.integers(0, law.k, len(count))[who] + place + 1
    last = rng.geometric(np.clip(drawn.leaving, 1e-15, 1.0))
    kept = (stage % law.k == 0) & (stage // law.k <= last[who])
    return who[kept], when[kept]


def _day(date: Any) -> int:
    return int(np.datetime64(pd.Timestamp(date), "D").astype(np.int64))


def _date(day: np.ndarray) -> pd.DatetimeIndex:
    return pd.to_datetime(np.round(day).astype(np.int64), unit="D")
