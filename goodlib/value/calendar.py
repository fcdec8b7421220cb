"""Season and level of the whole base: a clock that runs faster when everybody buys more.

Let every customer's rate be lambda m(t), with one curve m for the base (mean 1 over the history)
and M its integral. In operational time u = M(t) - M(first purchase) each customer is the standard
process again: the likelihood is the standard one at M(last) - M(first) and M(end) - M(first), plus
the sum of log m at each repeat purchase; p_alive, posterior, draws and compression stay as they
are, and a future of length h lasts M(end + h) - M(end). For BG/NBD and kin, whose customers leave
after a purchase, this is exact; under Pareto/NBD it says that customers also leave faster in busy
times.

The curve is found by turns: fit the model, count the repeat purchases it expects in each month
given who had come by then, and regress the actual ones on that (Poisson, penalised), until nothing
moves. A curve needs a history that can tell it from chance, from the ageing of one cohort and from
one another: what cannot be told is refused, and `Calendar.refused` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS
from goodlib.value.feature import Past, ordinal
from goodlib.value.level import Level, fit_level

KINDS = ("none", "season", "level", "both")
SEASON_MONTHS = 24  # a season needs to be seen twice
LEVEL_MONTHS = 36  # a level that drifts needs years
COHORT_SHARE = 0.6  # a trend seen by one year's newcomers alone is their ageing
PURCHASES_A_MONTH = 3.0  # below it a monthly curve is noise
ROUNDS = 8
RIDGE = 1e-4  # what keeps the regression of months finite
ROUGHEST = 1.0  # smallest weight against a level that moves between years: steps of 1 in the log
FINE_YEARS = 4  # of history from which on each month's own habit is told from scatter
SEASON_SPREAD = 0.3  # prior spread of the harmonics of the log season
UNSEEN = 0.2  # the same where it cannot be told: the World Bank shows .27, the demo .17, many none


@dataclass(frozen=True, eq=False)
class Calendar:
    """A fitted curve m(t) of the base, month by month, and the uncertainty of its future level.

    curve : one row a month: month (first day), m, season, level, actual, expected (repeat
        purchases, the
        latter without any calendar); mean of m over the history is 1.
    kind : "none", "season", "level" or "both".
    refused : what was asked for and could not be told from this history, as sentences.
    gain : rise of the log-likelihood over no calendar.
    ahead : Level, how the level may move after the end.
    lag : years by which the end of the smooth level lags behind a level that rises steadily.
    """

    curve: pd.DataFrame
    kind: str
    refused: tuple[str, ...]
    gain: float
    ahead: Level
    end: pd.Timestamp
    unit: str
    edges: np.ndarray
    clock: np.ndarray
    lag: float = 0.0

    def without(self, reason: str) -> Calendar:
        """The same, with one more reason why something is not used."""
        return replace(self, refused=(*self.refused, reason))

    def operational(self, days: np.ndarray) -> np.ndarray:
        """M at these days (since 1970), in the calendar's unit; straight within a month."""
        return np.interp(days, self.edges, self.clock)

    def summary(self, past: Past) -> pd.DataFrame:
        """frequency, recency, T, monetary_value with times in operational units: what models fit
        to.
        """
        frame, end = _known(past, self.end, self.unit), ordinal(self.end)
        age, active = frame["T"] * DAYS[self.unit], frame["recency"] * DAYS[self.unit]
        first = end - age.to_numpy()
        start = self.operational(first)
        elapsed = self.operational(first + active.to_numpy()) - start
        return frame.assign(recency=elapsed, T=self.operational(np.full(len(frame), end)) - start)

    def future(self, horizon: float, draws: int, seed: int) -> np.ndarray:
        """Operational length of the next `horizon` units, one entry a draw of the level to come.

        The season comes again, the level grows on as far as its growth can be told from chance, and
        is uncertain. A season that the history cannot tell is not known to be flat: it is drawn,
        and matters to horizons that are not whole years.
        """
        months, length, number = self._months_ahead(horizon)
        return self._shock(length, number, draws, seed) @ (months * length) / DAYS[self.unit]

    def path(self, days: np.ndarray, draws: int, seed: int) -> np.ndarray:
        """Operational time that has gone by at each of these days after the end, a row a draw.

        The draws are those of `future`: where the last day is the horizon's end they agree there.
        """
        months, length, number = self._months_ahead(float(days[-1]) / DAYS[self.unit])
        reached, shock = np.cumsum(length), self._shock(length, number, draws, seed)
        clock = np.cumsum(shock * (months * length), axis=1) / DAYS[self.unit]
        return np.array([np.interp(days, np.r_[0.0, reached], np.r_[0.0, row]) for row in clock])

    def expected_future(self, horizon: float) -> float:
        """Operational length of the next `horizon` units at the level that is expected."""
        months, length, _ = self._months_ahead(horizon)
        return float(months @ length / DAYS[self.unit])

    def level_ahead(self, horizon: float, draws: int, seed: int) -> np.ndarray:
        """Mean level over the next `horizon`, as the curve counts it, one entry a draw."""
        _, length, _ = self._months_ahead(horizon)
        reached = np.cumsum(length) / DAYS["Y"]
        path = self.growth(reached) + self.ahead.draw(reached, draws, seed)
        return self.level_now * np.exp(path) @ length / length.sum()

    @property
    def level_now(self) -> float:
        """The level that the future starts from: the end of the smooth curve, which tells how
        things stood `lag` years before, and the growth since.
        """
        smooth = float(self.curve["level"].iloc[-1])
        if self.kind not in ("level", "both"):
            return smooth
        return smooth * float(np.exp(self.lag * self.ahead.slope))

    def growth(self, years: np.ndarray) -> np.ndarray:
        """Expected rise of the log level up to these years after the end, where a level is told."""
        if self.kind not in ("level", "both"):
            return np.zeros(len(years))
        return self.ahead.growth(years)

    def _shock(self, length: np.ndarray, number: np.ndarray, draws: int, seed: int) -> np.ndarray:
        """What multiplies the pace of each piece of the future, one row a draw; mean one."""
        shock = np.exp(self.ahead.draw(np.cumsum(length) / DAYS["Y"], draws, seed))
        if self.kind in ("season", "both"):
            return shock
        rng = np.random.default_rng([seed, 277])
        waves = UNSEEN * rng.standard_normal((draws, 4))
        known = self.curve["month"].dt.month.to_numpy()
        weight = self.curve["expected"].to_numpy() if "expected" in self.curve else None
        # rates were learnt in the months of the history, whose own season is in them
        before = np.average(np.exp(waves @ _waves(known).T), axis=1, weights=weight)
        season = np.exp(waves @ _waves(number).T) / before[:, None]
        return shock * season / season.mean(axis=0)

    def _months_ahead(self, horizon: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """m, days and month of the year of each piece of the future, a month or less."""
        stop = ordinal(self.end) + horizon * DAYS[self.unit]
        count = int(np.ceil(horizon * DAYS[self.unit] / 28)) + 2
        starts = np.datetime64(self.end, "M") + np.arange(count + 1)
        edges = starts.astype("datetime64[D]").astype(np.int64) - 1.0
        edges = np.unique(np.clip(edges, ordinal(self.end), stop))
        middle = np.floor((edges[:-1] + edges[1:]) / 2 + 1).astype(np.int64)
        number = middle.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
        known = self.curve["month"].dt.month.to_numpy() - 1
        seen = np.bincount(known, minlength=12)
        season = np.bincount(known, self.curve["season"], 12) / np.maximum(seen, 1)
        factor = np.where(seen > 0, season, 1.0)[number]
        level = self.level_now * np.exp(self.growth(np.cumsum(np.diff(edges)) / DAYS["Y"]))
        return factor * level, np.diff(edges), number + 1


def fit_calendar(
    past: Past,
    end: str | pd.Timestamp,
    unit: str,
    model: Callable[[pd.DataFrame], Any],
    kind: str = "both",
) -> Calendar:
    """The base's season and level up to `end`, as far as this history can tell them.

    Parameters
    ----------
    past : Past
        The history; nothing after `end` is looked at.
    end : date
        Last day of the observation.
    unit : "D", "W", "M" or "Y"
        Unit of the summary, of horizons and of operational time.
    model : class of purchase model, such as BetaGeoNBD
        Fitted in each round.
    kind : "none", "season", "level" or "both"
        What to look for. What fails its gate is left out and named in `refused`.
    """
    if kind not in KINDS:
        message = f"kind must be one of {', '.join(KINDS)}: got {kind!r}"
        raise ValueError(message)
    end = pd.Timestamp(end).normalize()
    months = _Months.of(past, end)
    wanted = {"none": (), "both": ("season", "level")}.get(kind, (kind,))
    refused = {name: months.refusal(name) for name in wanted}
    found = tuple(name for name in wanted if not refused[name])
    flat = _calendar(months, np.ones(len(months.days)), np.ones(len(months.days)), unit)
    fit = model(_usable(flat.summary(past))).fit()
    start = fit.llf
    expected = months.expected(flat, fit)
    season = level = np.ones(len(months.days))
    current, best, lag = flat, (start, flat, fit, 0.0), 0.0
    m = season * level
    for _ in range(ROUNDS if found else 0):
        season, level, lag = _regress(months, expected / m, found)
        level = level * months.days.sum() / ((season * level) @ months.days)
        m = season * level
        current = _calendar(months, season, level, unit)
        fit = model(_usable(current.summary(past))).fit(start=list(fit.params))
        value = fit.llf + float(months.actual @ np.log(m))
        rise = value - best[0]
        if value > best[0]:
            best = (value, current, fit, lag)
        expected = months.expected(current, fit)
        if rise < 0.05:
            break
    value, chosen, fit, lag = best
    fitted = months.expected(chosen, fit)
    plain = fitted / chosen.curve["m"].to_numpy() * months.actual.sum() / fitted.sum()
    curve = chosen.curve.assign(actual=months.actual, expected=plain)
    kind = {(): "none", ("season", "level"): "both"}.get(found, found[0] if found else "none")
    if chosen is flat and kind != "none":
        refused["fit"] = "no curve made the history more likely"
        kind = "none"
    return Calendar(
        curve,
        kind,
        tuple(reason for reason in refused.values() if reason),
        value - start,
        fit_level(
            months.actual,
            fitted / chosen.curve["level"].to_numpy(),
            months.days / DAYS["Y"],
            kind in ("season", "both"),
        ),
        end,
        unit,
        chosen.edges,
        chosen.clock,
        lag,
    )


@dataclass(frozen=True, eq=False)
class _Months:
    """The history in months: edges in days, repeat purchases, and how many customers came each
    day.
    """

    month: pd.PeriodIndex
    edges: np.ndarray
    days: np.ndarray
    actual: np.ndarray
    first_day: np.ndarray
    newcomers: np.ndarray
    end: pd.Timestamp

    @classmethod
    def of(cls, past: Past, end: pd.Timestamp) -> _Months:
        code, day, _, _ = past.table
        last = ordinal(end)
        code, day = code[day <= last], day[day <= last]
        first = np.r_[True, code[1:] != code[:-1]] if len(code) else np.empty(0, bool)
        if first.sum() == len(day):
            message = (
                f"a calendar needs repeat purchases: none of {len(day):,} customers bought on a "
                f"second day "
                f"by {end:%Y-%m-%d}. Without them there is no future to draw"
            )
            raise ValueError(message)
        start = pd.Timestamp(int(day.min()), unit="D")
        month = pd.period_range(start.to_period("M"), end.to_period("M"), freq="M")
        edges = np.array([ordinal(m.start_time) - 1 for m in month], dtype=float)
        edges = np.r_[day.min() - 1, edges[1:], last]
        actual, _ = np.histogram(day[~first] - 0.5, edges)
        first_day, newcomers = np.unique(day[first], return_counts=True)
        return cls(month, edges, np.diff(edges), actual.astype(float), first_day, newcomers, end)

    def refusal(self, name: str) -> str:
        """Why this history cannot tell a season or a level; empty when it can."""
        whole = len(self.month) - 1 + (self.end.day >= 28)
        need = SEASON_MONTHS if name == "season" else LEVEL_MONTHS
        if whole < need:
            return f"a {name} is not read out of {whole} months of history: it takes {need}"
        if self.actual.sum() < PURCHASES_A_MONTH * need:
            few = self.actual.sum() / len(self.month)
            return f"a {name} is not read out of {few:.1f} repeat purchases a month"
        if name == "level":
            year = (self.first_day - self.first_day.min()) // 365.25
            share = np.bincount(year.astype(int), self.newcomers).max() / self.newcomers.sum()
            if share > COHORT_SHARE:
                return (
                    f"a trend is not told from the ageing of one cohort: {share:.0%} of all "
                    f"customers came "
                    "within one year"
                )
        return ""

    def expected(self, calendar: Calendar, fit: Any) -> np.ndarray:
        """Repeat purchases that the fitted process expects in each month, given who had come."""
        reach = calendar.clock[-1] - calendar.clock[0]
        grid = reach * np.linspace(0, 1, 161) ** 2
        nothing = np.zeros(len(grid) - 1)
        params = fit.model.natural(fit.optimum.theta)
        new = (nothing.astype(int), nothing, nothing)
        curve = np.r_[0.0, fit.model.law.expected(grid[1:], *params, *new)]
        born = calendar.operational(self.first_day)
        age = np.maximum(calendar.clock[None, :] - born[:, None], 0.0)
        return np.maximum(np.diff(self.newcomers @ np.interp(age, grid, curve)), 1e-9)


def _calendar(months: _Months, season: np.ndarray, level: np.ndarray, unit: str) -> Calendar:
    """A calendar with this curve, before its future level is known."""
    m = season * level
    columns = {"month": months.month.to_timestamp(), "m": m, "season": season, "level": level}
    clock = np.r_[0.0, np.cumsum(m * months.days)] / DAYS[unit]
    flat = Level.still()
    return Calendar(
        pd.DataFrame(columns), "none", (), 0.0, flat, months.end, unit, months.edges, clock
    )


@lru_cache(maxsize=4)
def _known(past: Past, end: pd.Timestamp, unit: str) -> pd.DataFrame:
    """What models fit to, in plain time: asked for in every round."""
    return past.at(end, 1.0, unit)[["frequency", "recency", "T", "monetary_value"]]


def _usable(summary: pd.DataFrame) -> pd.DataFrame:
    """Customers observed for some time: those who came on the last day say nothing about rates."""
    return summary[summary["T"] > 0]


def _waves(month: np.ndarray) -> np.ndarray:
    """Two annual harmonics at the middle of these months of the year, shape (months, 4)."""
    angle = 2 * np.pi * (np.asarray(month) - 0.5) / 12
    return np.column_stack([wave(k * angle) for k in (1, 2) for wave in (np.sin, np.cos)])


def _regress(
    months: _Months, base: np.ndarray, found: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Season (two annual harmonics, drawn towards none) and level (straight between knots a
    year apart) by penalised Poisson; and by how many years the end of the level lags behind.

    The smoothness of the level is chosen by the approximate marginal likelihood (Laplace),
    overdispersion of the months taken into account.
    """
    n = len(base)
    seasonal = _waves(months.month.month) if "season" in found else np.empty((n, 0))
    knots = np.linspace(0, n - 1, max(2, round(n / 12) + 1)) if "level" in found else np.zeros(1)
    hats = np.column_stack([np.interp(np.arange(n), knots, row) for row in np.eye(len(knots))])
    columns = np.column_stack([seasonal, hats])
    rough = np.zeros((columns.shape[1],) * 2)
    k = seasonal.shape[1]
    step = np.diff(np.eye(len(knots)), axis=0)
    rough[k:, k:] = step.T @ step
    plain = np.zeros_like(rough)
    plain[:k, :k] = np.eye(k) / SEASON_SPREAD**2
    # how far months scatter beyond Poisson is read off the roughest curve, the same for all of
    # them; what comes again in the same month each year is a finer season, not scatter
    rough_fit = _poisson(columns, months.actual, base, plain + ROUGHEST * rough, 1.0)[0]
    mean = np.maximum(base * np.exp(columns @ rough_fit), 1e-9)
    free = n - columns.shape[1]
    if n >= 12 * FINE_YEARS:
        month = np.arange(n) % 12
        factor = np.bincount(month, months.actual) / np.bincount(month, mean)
        mean = np.maximum(mean * factor[month], 1e-9)
        free -= 11 - k
    spread = max(1.0, float(((months.actual - mean) ** 2 / mean).sum()) / max(free, 1))
    fits = [
        (weight, *_poisson(columns, months.actual, base, plain + weight * rough, spread))
        for weight in ROUGHEST * 4.0 ** np.arange(8)
    ]
    weight, beta, _ = max(fits, key=lambda fit: fit[2])
    # what the same penalties make of a level that rises steadily up to the last month
    mean = (base * np.exp(columns @ beta))[:, None] / spread
    bend = (columns * mean).T @ columns + plain + weight * rough + RIDGE * np.eye(len(beta))
    rise = np.linalg.solve(bend, (columns * mean).T @ ((np.arange(n) - n + 1) / 12))
    lag = -float(hats[-1] @ rise[k:])
    level = np.exp(hats @ beta[k:])
    season = np.exp(seasonal @ beta[:k])
    if k:
        season = season / np.exp(np.mean(np.log(season[-12:])))
    return season, level, lag


def _poisson(
    columns: np.ndarray, actual: np.ndarray, base: np.ndarray, rough: np.ndarray, spread: float
) -> tuple[np.ndarray, float]:
    """Penalised quasi-Poisson coefficients and their log marginal likelihood under this
    roughness; `spread` is the variance over the mean.
    """
    ridge = rough + RIDGE * np.eye(len(rough))
    beta = np.zeros(columns.shape[1])
    for _ in range(50):
        mean = base * np.exp(np.clip(columns @ beta, -20, 20))
        slope = columns.T @ (actual - mean) / spread - ridge @ beta
        bend = (columns * mean[:, None]).T @ columns / spread + ridge
        step = np.linalg.solve(bend, slope)
        beta = beta + step * min(1.0, 1.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-8:
            break
    mean = base * np.exp(columns @ beta)
    gain = (actual @ np.log(np.maximum(mean, 1e-300)) - mean.sum()) / spread
    bend = (columns * mean[:, None]).T @ columns / spread + ridge
    size = np.linalg.slogdet(bend)[1]
    prior = 0.5 * np.linalg.slogdet(ridge)[1]
    return beta, float(gain - 0.5 * beta @ ridge @ beta + prior - 0.5 * size)
