"""The forecast of a whole base at one day: everything learnt from the past alone, then drawn
jointly.

Three forecasts of each customer's spend are combined, since none is safe everywhere: the models
(with calendar and level of amounts), a regression on the history, and the last window itself. What
the combination needs to know (how much weight each deserves, how much customers change pace on
their own) is learnt at an earlier origin, where the outcome is known; nothing after the end is
looked at. Where the base was too small at that origin to teach anything, the models stand alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS
from goodlib.value.calendar import Calendar
from goodlib.value.choice import CALENDARS, Choice, choose_calendar, fit_clock
from goodlib.value.dispersion import fit_amounts
from goodlib.value.feature import Past, ordinal, stamp, teaches
from goodlib.value.future import Future, simulate_future
from goodlib.value.heuristic import HistoryRegression
from goodlib.value.joint import prepare
from goodlib.value.price import Price, fit_price
from goodlib.value.promise import Kept, hold_against, mend, settle
from goodlib.value.score import list_size, places
from goodlib.value.selection import fit_purchases, law, sound
from goodlib.value.spend import GammaGamma

DRIFTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)
REGRESSION_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
WINDOW_WEIGHTS = (0.0, 0.125, 0.25, 0.375, 0.5)
PRIOR_WEIGHTS = (0.5, 0.25)  # of the regression within the pool, of the last window beside it
SHORT_WEIGHTS = (0.5, 0.125)  # where the last window is more than a third of the history
PRIOR_DRIFT = 0.2
REACH = 5.0  # largest factor by which the combination corrects the models
TRIAL = 200  # draws of a trial at an earlier origin
CROWD = 3000  # customers of such a trial who tell the change of pace, at most
JURY = 30_000  # who tell whether chances were kept


class Weights(NamedTuple):
    """What the combination trusts: the regression against the models, the last window beside
    both.
    """

    regression: float
    window: float


@dataclass(frozen=True, eq=False)
class Fit:
    """Models of one base at one day: purchases and spend in operational time and at today's
    prices.
    """

    name: str
    end: pd.Timestamp
    unit: str
    calendar: Calendar
    price: Price
    summary: pd.DataFrame
    purchases: Any
    spend: Any
    others: tuple[Any, ...] = ()
    """Other purchase models in the same operational time, whose futures count as much."""

    @property
    def opinions(self) -> tuple[Any, ...]:
        """All purchase models that the futures are drawn from, in equal parts."""
        return (self.purchases, *self.others)

    def with_others(self) -> Fit:
        """The same with every other purchase model that may be believed of these customers."""
        fits = sound(fit_purchases(self.summary))
        mine = type(self.purchases.model)
        return replace(self, others=tuple(fit for fit in fits if type(fit.model) is not mine))

    def p_alive(self, summary: pd.DataFrame | None = None) -> pd.Series:
        """Chance that each customer is still one, in the mean of the purchase models.

        `summary`: customers in operational time. Default: the base.
        """
        rows = self.summary if summary is None else summary
        return sum(each.p_alive(rows) for each in self.opinions) / len(self.opinions)

    def expected(self, horizon: float) -> pd.DataFrame:
        """Expected purchases and spend of each customer, at today's level of amounts."""
        length = self.calendar.expected_future(horizon)
        counts = sum(each.expected_purchases(length, self.summary) for each in self.opinions)
        counts = counts / len(self.opinions)
        p, q, gamma = self.spend.params[["p", "q", "gamma"]]
        x = self.summary["frequency"]
        mean = self.summary["monetary_value"].fillna(0.0).clip(lower=0.0)
        shape = np.maximum(p * x + q - 1.0, 0.5)
        return pd.DataFrame({"purchases": counts, "spend": counts * p * (gamma + x * mean) / shape})

    def mean_amount(self) -> pd.Series:
        """Expected amount of a purchase of each customer, at today's level of amounts."""
        one = self.expected(1.0)
        return one["spend"] / one["purchases"].clip(lower=1e-300)

    def simulate(
        self, horizon: float, draws: int, seed: int, *, shock: bool = True, **options: Any
    ) -> Future:
        """Joint draws from these models; the base's levels are uncertain unless `shock` is off."""
        price = self.price.future(horizon, draws, seed) if shock else None
        return simulate_future(
            self.opinions,
            self.spend,
            horizon,
            draws,
            seed,
            summary=self.summary,
            calendar=self.calendar if shock else None,
            price=price,
            **options,
        )


@dataclass(frozen=True, eq=False)
class Forecast:
    """Joint draws of the future of a base, and what they rest on."""

    future: Future
    expected: pd.DataFrame
    """Expected purchases and spend of each customer, told by closed forms: to rank with."""
    fit: Fit
    weights: Weights
    drift: float
    learnt_at: pd.Timestamp | None
    """The earlier origin; None where the base was too small there."""
    choice: Choice | None = None
    slope: float = 1.0
    """What the log odds of P(top) were multiplied with, learnt at the earlier origin."""
    kept: Kept | None = None
    """How P(top) was kept there."""


@lru_cache(maxsize=16)
def fit_models(
    past: Past,
    end: pd.Timestamp,
    unit: str,
    model: str,
    calendar: str = "both",
    plain: bool = False,
) -> Fit:
    """Calendar, level of amounts, purchase and spend model of the base at `end`.

    `plain` leaves the level of amounts out, and takes Gamma-Gamma as it is fitted: what a user of
    any package has.
    """
    clock, purchases = fit_clock(past, end, unit, model, calendar)
    price = fit_price(past, end, unit)
    if plain:
        price = price.without("no level of amounts was asked for")
    level = price.at_todays_level(past)
    summary = clock.summary(level)
    paying = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    amounts = GammaGamma(paying).fit() if plain else fit_amounts(level, end, paying)
    return Fit(model, clock.end, unit, clock, price, summary, purchases, amounts)


def forecast(
    past: Past,
    end: str | pd.Timestamp,
    horizon: float,
    unit: str,
    draws: int,
    seed: int,
    *,
    model: str | None = None,
    calendar: str = "auto",
    share: float = 0.10,
) -> Forecast:
    """The combined forecast of the `horizon` after `end`.

    Parameters
    ----------
    past : Past
        The history; what lies after `end` is not looked at.
    end, horizon, unit
        Where the past stops, and how far to look, in "D", "W", "M" or "Y".
    draws, seed : int
        Joint futures and the seed of all random numbers.
    model : name of a purchase model, optional
        "Pareto/NBD", "BG/NBD", "MBG/NBD" or "NBD". Default: the futures are drawn in equal parts
        from every one of them that may be believed (`goodlib.value.selection.sound`), in the
        operational time of the one that describes the customers best.
    calendar : "none", "season", "level", "both" or "auto"
        What may move the base as a whole. Gates decide what this history can tell; "auto" takes of
        that what foretold best what came at earlier days (`goodlib.value.choice`).
    share : float
        Who counts as top.

    Raises
    ------
    ValueError
        When the horizon is longer than the history, or the base too small: see `earlier` and
        `simulate_future`.
    """
    if calendar not in CALENDARS:
        message = f"calendar must be one of {', '.join(CALENDARS)}: got {calendar!r}"
        raise ValueError(message)
    end = pd.Timestamp(end).normalize()
    now = past.at(end, horizon, unit)
    before, length = earlier(past, end, horizon, unit)
    kind = "both" if calendar == "auto" else calendar
    name = law(now) if model is None else model
    choice = None
    if calendar == "auto":
        choice = choose_calendar(past, end, length, unit)
        kind = choice.kind
    fit = fit_models(past, end, unit, name, kind)
    if model is None:
        fit = fit.with_others()
    if choice is not None and choice.kind != choice.allowed:
        fit = replace(fit, calendar=fit.calendar.without(choice.reason))
    weights, drift, tilt, learnt_at = Weights(0.0, 0.0), PRIOR_DRIFT, None, None
    slope, kept = 1.0, None
    if teaches(past.at(before, length, unit)):
        trial, learnt_at = fit_models(past, before, unit, name, kind), before
        if model is None:
            trial = trial.with_others()
        weights = learn_weights(past, trial, length)
        drift, chance, top = learn_drift(past, trial, length, weights, share, seed)
        kept = hold_against(chance, top)
        slope = kept.expected(length / horizon)
        tilt = tilted(past, fit, horizon, length, weights)
    today = float(np.sort(now["window_spend"])[-max(1, round(share * len(now)))])
    future = fit.simulate(horizon, draws, seed, drift=drift, tilt=tilt, share=share, today=today)
    chances = mend(settle(future.customers["p_top"].to_numpy(), draws), slope)
    future = replace(future, customers=future.customers.assign(p_top=chances))
    expected = expectations(fit, horizon, tilt, future.totals)
    return Forecast(future, expected, fit, weights, drift, learnt_at, choice, slope, kept)


def earlier(
    past: Past, end: str | pd.Timestamp, horizon: float, unit: str
) -> tuple[pd.Timestamp, float]:
    """The origin to learn from, and how far to look ahead of it: one horizon back, or half the
    history.
    """
    history = ordinal(end) - ordinal(past.first_day)
    length = min(horizon * DAYS[unit], history / 2)
    if horizon * DAYS[unit] > 2 * history:
        message = (
            f"a horizon may be at most twice the history before it: {horizon:g} {unit} against "
            f"{history / DAYS[unit]:.0f} {unit} since {past.first_day:%Y-%m-%d}. Shorten the "
            f"horizon"
        )
        raise ValueError(message)
    return stamp(round(ordinal(end) - length)), float(np.round(length) / DAYS[unit])


def train(past: Past, end: str | pd.Timestamp, horizon: float, unit: str) -> HistoryRegression:
    """The regression of spend on the history, taught by what came after an earlier origin."""
    before, length = earlier(past, end, horizon, unit)
    return HistoryRegression.fit(
        past.at(before, length, unit), past.after(before, length, unit)["spend"]
    )


def pool(
    models: pd.Series, regression: np.ndarray, window: pd.Series, weights: Weights
) -> pd.Series:
    """One expected spend a customer from three, at the total of the models.

    Models and regression are pooled in logs (both are means of skewed things), the last window is
    added in shares, since it may be zero.
    """
    values, last = models.to_numpy(dtype=float), window.to_numpy(dtype=float).clip(0.0)
    total = values.sum()
    both = np.exp(
        (1 - weights.regression) * np.log(values.clip(1e-12 * total))
        + weights.regression * np.log(np.maximum(regression, 1e-12 * regression.sum()))
    )
    pooled = both / both.sum()
    if last.sum() > 0:
        pooled = (1 - weights.window) * pooled + weights.window * last / last.sum()
    return pd.Series(pooled * total, index=models.index)


def learn_weights(past: Past, trial: Fit, length: float) -> Weights:
    """Weights that told best who would bring how much of the spend at an earlier origin.

    Scored by the cross-entropy of shares of spend, and moved half-way to the prior weights: one
    origin is thin evidence. In a history too short for a still earlier origin for the regression
    nothing is learnt; there the last window is most of what the others have seen as well, and gets
    half its weight.
    """
    end, unit = trial.end, trial.unit
    if (ordinal(end) - ordinal(past.first_day)) / DAYS[unit] < 2 * length:
        return Weights(*SHORT_WEIGHTS)
    now = past.at(end, length, unit)
    actual = past.after(end, length, unit)["spend"].to_numpy().clip(0.0)
    if actual.sum() <= 0:
        return Weights(*PRIOR_WEIGHTS)
    regression = train(past, end, length, unit).predict(now)
    models = trial.expected(length)["spend"]
    best, score = Weights(*PRIOR_WEIGHTS), -np.inf
    for one in REGRESSION_WEIGHTS:
        for other in WINDOW_WEIGHTS:
            weights = Weights(one, other)
            share = pool(models, regression, now["window_spend"], weights).to_numpy()
            found = float(actual @ np.log(np.maximum(share / share.sum(), 1e-12)))
            if found > score:
                best, score = weights, found
    return Weights(*((mine + prior) / 2 for mine, prior in zip(best, PRIOR_WEIGHTS, strict=True)))


def tilted(past: Past, fit: Fit, horizon: float, length: float, weights: Weights) -> pd.Series:
    """Factor on what the models expect each customer to spend, from the other two forecasts.

    `length` is the window that the regression was taught on and reads.
    """
    now = past.at(fit.end, horizon, fit.unit)
    taught = past.at(fit.end, length, fit.unit)
    regression = train(past, fit.end, horizon, fit.unit).predict(taught)
    expected = fit.expected(horizon)["spend"]
    pooled = pool(expected, regression, now["window_spend"], weights)
    # a customer expected to be gone must not become the largest of all in the draws where not gone
    return (pooled / expected.clip(lower=1e-12 * expected.sum())).clip(1 / REACH, REACH)


def expectations(
    fit: Fit, horizon: float, tilt: pd.Series | None, totals: pd.DataFrame
) -> pd.DataFrame:
    """Expected purchases and spend of each customer, at the mean totals of the draws.

    A mean of some hundred draws of a skewed amount errs by up to a tenth and shuffles neighbours
    on a list; these means have closed forms. What moves the base as a whole, and how uncertain it
    is, is the draws' to say; and where sums must be the same sum, their means are.
    """
    means = fit.expected(horizon)
    if tilt is not None:
        means["spend"] *= tilt
    return means * totals.mean() / means.sum().clip(lower=1e-300)


def learn_drift(
    past: Past, trial: Fit, length: float, weights: Weights, share: float, seed: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """Variance of customers' own change of pace that made an earlier origin's outcome most likely;
    and with it P(top) as it would have been promised there, and who then was among the top.

    Frequent buyers change more from window to window than chance allows, and lists of the best that
    do not know it promise too much. Scored by the counts of those who buy at least once on average
    (Dawid-Sebastiani) and by the log loss of P(top). The base's total is set to what came, so that
    a level of everybody is not taken for a change of each; one origin is thin evidence, so the
    answer is moved half-way to .2.
    """
    came = past.after(trial.end, length, trial.unit)
    expected = trial.expected(length)["purchases"]
    ratio = np.clip(came["purchases"].sum() / max(expected.sum(), 1e-9), 0.2, 5.0)
    rows = _some(len(came), JURY, seed)
    everyone, crowd = np.arange(len(rows)), _some(len(rows), CROWD, seed)
    some, came = trial.summary.iloc[rows], came.iloc[rows]
    reach = trial.calendar.expected_future(length) * ratio
    window = earlier(past, trial.end, length, trial.unit)[1]
    tilt = tilted(past, trial, length, window, weights)
    outlook = prepare(
        trial.opinions, trial.spend, reach, TRIAL, seed, some, tilt=tilt, certain=True
    )
    spend = came["spend"].to_numpy()

    def play(drift: float, who: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Counts, chances of a place among these customers, and who took one."""
        rng, size = np.random.Generator(np.random.SFC64([seed, 17])), list_size(len(who), share)
        counts, spends = replace(outlook, drift=drift).draw(who, rng)
        chance = np.mean([places(draw, size) for draw in spends], axis=0)
        return counts, chance, places(spend[who], size)

    frequent = expected.to_numpy()[rows][crowd] * ratio >= 1
    count = came["purchases"].to_numpy()[crowd][frequent]
    losses = []
    for drift in DRIFTS:
        counts, chance, top = play(drift, crowd)
        counts = counts[:, frequent]
        mean, variance = counts.mean(axis=0), counts.var(axis=0) + 0.05
        chance = np.clip(chance, 0.5 / TRIAL, 1 - 0.5 / TRIAL)
        missed = -(top * np.log(chance) + (1 - top) * np.log1p(-chance)).sum()
        losses.append(0.5 * (np.log(variance) + (count - mean) ** 2 / variance).sum() + missed)
    drift = (DRIFTS[int(np.argmin(losses))] + PRIOR_DRIFT) / 2
    _, chance, top = play(drift, everyone)
    return drift, chance, top


def _some(n: int, most: int, seed: int) -> np.ndarray:
    """Rows of at most so many customers, in their order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, 5]).choice(n, most, replace=False))
