"""Does the model keep track? Purchases as they came beside purchases as expected.

A model is fitted to the calibration alone; what it then says of the holdout is held against what
happened, period by period and by how often customers had bought. The band is that of the model's
own futures: it knows the parameters' uncertainty and chance, but neither season nor trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goodlib.history import Study
from goodlib.value.betageo import BetaGeo
from goodlib.value.lifetime import draw_params
from goodlib.value.pareto import Pareto

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
    total : actual, expected, lower_80, upper_80 of the whole holdout.
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
) -> Tracking:
    """Repeat purchases of the customers of `summary`, period by period, to `holdout_end`.

    Parameters
    ----------
    purchases : fitted purchase model
        Fitted to customers of `summary`, which ends at `end`; only those are tracked.
    summary : DataFrame
        frequency, recency, T, first_date, frequency_holdout.
    orders : DataFrame
        customer_id, date.
    unit_days : float
        Days in the summary's unit of time.
    draws, seed : int
        Futures behind the bands, and the seed of all random numbers.
    """
    summary = summary.loc[purchases.model.customers.index]
    last, stop = _day(end), _day(holdout_end)
    first = summary["first_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    step, word = period(first.min(), stop, unit_days)
    back, ahead = int((last - first.min()) // step), int((stop - last) // step)
    edges = last + np.arange(-back, ahead + 1) * step
    came = _count(orders, summary.index, first, edges)
    expected = np.concatenate(
        [
            _expected_before(purchases, first, edges[: back + 1], unit_days),
            _expected_after(purchases, edges[back:] - last, unit_days),
        ]
    )
    group, labels = _bands(summary["frequency"].to_numpy(int))
    paths = _paths(
        purchases, (edges[back:] - last) / unit_days, (stop - last) / unit_days, group, draws, seed
    )
    in_periods, in_groups = paths
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
    groups = _groups(purchases, summary, group, in_groups, (stop - last) / unit_days)
    groups.index = pd.Index(labels, name="frequency")
    whole = in_groups.sum(axis=1)
    total = pd.Series(
        {
            "actual": float(summary["frequency_holdout"].sum()),
            "expected": float((groups["expected"] * groups["customers"]).sum()),
            "lower_80": float(np.quantile(whole, 0.1)),
            "upper_80": float(np.quantile(whole, 0.9)),
        }
    )
    return Tracking(frame, groups, total, word)


def cut(study: Study) -> pd.Timestamp:
    """The last day a holdout fit may know: the study's, or one horizon before its last day."""
    if study.calibration_end:
        return pd.Timestamp(study.calibration_end)
    back = pd.Timedelta(days=round(study.horizon * study.unit_days))
    return pd.Timestamp(study.as_of) - back


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


def _expected_before(
    purchases: Any, first: np.ndarray, edges: np.ndarray, unit_days: float
) -> np.ndarray:
    """Expected repeat purchases of new customers between the edges, from when each had come."""
    oldest = max(edges[-1] - first.min(), 1.0) / unit_days
    ages = np.concatenate([[0.0], np.geomspace(oldest / 1000, oldest, 240)])
    curve = np.array([purchases.expected_purchases_new(age) for age in ages])
    days, count = np.unique(first, return_counts=True)
    age = np.maximum(edges[:, None] - days, 0) / unit_days
    return np.diff(np.interp(age, ages, curve) @ count)


def _expected_after(purchases: Any, edges: np.ndarray, unit_days: float) -> np.ndarray:
    """Expected purchases of these customers between the edges, counted from the end."""
    reached = [purchases.expected_purchases(t).sum() for t in edges / unit_days]
    return np.diff(reached)


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
    purchases: Any,
    edges: np.ndarray,
    horizon: float,
    group: np.ndarray,
    draws: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of purchases: by period, shape (draws, periods), and by group, (draws, groups)."""
    size = int(max(100, min(draws, 4_000_000 // max(len(group), 1))))
    rng = np.random.default_rng([seed, 3])
    params = draw_params(purchases, size, seed).params
    in_periods = np.zeros((size, max(len(edges) - 1, 0)))
    in_groups = np.zeros((size, group.max() + 1))
    for row, (_, theta) in enumerate(params.iterrows()):
        drawn = purchases.sample_purchases(theta, horizon, rng)
        who, when = _times(purchases.model.law, drawn, horizon, rng)
        if in_periods.shape[1]:
            in_periods[row] = np.histogram(when, edges)[0]
        in_groups[row] = np.bincount(group[who], minlength=in_groups.shape[1])
    return in_periods, in_groups


def _times(
    law: Any, drawn: Any, horizon: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who buys and when, given each customer's rate and chance to leave; in no order of time."""
    if isinstance(law, Pareto):
        until = rng.standard_exponential(len(drawn.rate)) / np.maximum(drawn.leaving, 1e-300)
        until = np.minimum(until, horizon)
    else:
        until = np.full(len(drawn.rate), horizon)
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
