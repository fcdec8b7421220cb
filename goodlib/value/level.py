"""How far may the level of the whole base move? The common shock that every total needs.

The ratio of actual to expected purchases, month after month, is seen through counting noise, which
is large while a base is small. What remains is a level that wanders: a structural time series, a
random walk seen by its mean over each period, with a noise of known size at each (else the noise of
the first years is taken for wandering, and every total is promised too broadly). How far it wanders
and how far single years scatter is never quite known: draws come from all that the history allows.
Short histories say little, so the yearly spread has a prior, half-normal of scale .15: totals of
firms move by tens of percents a year. Where the truth is known, intervals then hold as often as
they say (docs/backtest.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRIOR_SCALE = 0.15  # of the spread of the log level over one year
GRID = np.linspace(0.01, 0.8, 40)
TWICE = 1.99  # years in which every season comes twice
WHOLE_YEARS = 4  # of history from which on the level is read year by year
UNKNOWN = 100.0  # variance of the log level before anything was seen
EXTRA = (1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 17.0)  # noise of a period, over that of counting alone


@dataclass(frozen=True, eq=False)
class Level:
    """A log level that wanders from where the history left it.

    One entry a component: a spread and a noise that the history allows, weighted by how well it
    allows them.

    start_sd : uncertainty of the log level at the end itself.
    weights, spreads : posterior over the spread of the log level per square root of a year.
    irregular : variance of the log of one year's mean that is no level: good and bad years, without
        memory.
    end : log level at the end, as the filter saw it; over all components.
    shift : how far each component's own end lies from that.
    last : log of the mean level over the last period.
    """

    start_sd: float | np.ndarray
    weights: np.ndarray
    spreads: np.ndarray
    irregular: float | np.ndarray = 0.0
    end: float = 0.0
    shift: float | np.ndarray = 0.0
    last: float = 0.0

    @property
    def spread(self) -> float:
        """Posterior mean spread of the log level over one year."""
        return float(self.weights @ self.spreads)

    def draw(self, years: np.ndarray, draws: int, seed: int) -> np.ndarray:
        """Log levels (draws, len(years)) at these times after the end; mean one on the scale of
        rates.
        """
        rng = np.random.default_rng([seed, 271])
        own = rng.choice(len(self.weights), size=draws, p=self.weights)
        spread, begin, alone, shift = (
            np.broadcast_to(column, self.weights.shape)[own, None]
            for column in (self.spreads, self.start_sd, self.irregular, self.shift)
        )
        steps = np.sqrt(np.diff(np.r_[0.0, years]))
        walk = np.cumsum(rng.standard_normal((draws, len(years))) * steps, axis=1)
        start = begin * rng.standard_normal((draws, 1))
        single = alone / steps**2
        luck = np.sqrt(single) * rng.standard_normal((draws, len(years)))
        variance = begin**2 + spread**2 * years[None, :] + single
        return shift + start + spread * walk + luck - variance / 2


def fit_level(
    actual: np.ndarray, expected: np.ndarray, years: np.ndarray, season: bool = True
) -> Level:
    """The wandering of log(actual / expected), given the counts of each period and its length in
    years. `season`: whether the expected ones know a season.

    Periods are joined until each expects twenty purchases, so that logs of counts are close to
    normal; and to whole years where there are at least four, for then what is left of the season
    cancels and is not taken for a level that jumps. Months of less than two years whose season
    nobody knows say nothing: the season would be taken for a level that wanders.
    """
    least = 20.0
    if years.sum() >= WHOLE_YEARS:
        least = max(least, expected.sum() / years.sum() * 0.999)
    a, e, t = _join(actual, expected, years, least)
    if len(a) < 3 or (not season and years.sum() < TWICE):
        # rates are means of the whole history, and the level has wandered since its middle
        begin = np.sqrt(1 / max(actual.sum(), 1.0) + GRID**2 * years.sum() / 3)
        return Level(begin, _prior(), GRID)
    return fit_drifting(np.log((a + 0.5) / (e + 0.5)), 1 / (a + 0.5), float(np.median(t)))[1]


def fit_drifting(ratio: np.ndarray, noise: np.ndarray, step: float) -> tuple[np.ndarray, Level]:
    """A wandering level seen through noise of known size: the smoothed path, and how it may go on.

    ratio : logs, one a period of `step` years; noise : variance of each. The state space likelihood
    over a grid of yearly spreads and of noises, times the prior.
    """
    if len(ratio) < 3:
        return np.zeros(len(ratio)), Level(0.0, _prior(), GRID)
    log_prior = np.log(_prior())
    extra = np.array(EXTRA)
    found = _filter(
        ratio, np.outer(noise, np.repeat(extra, len(GRID))), np.tile(GRID**2 * step, len(extra))
    )
    likelihood, ends, variances = (
        column.reshape(len(extra), -1) for column in (found[0], found[1][-1], found[2][-1])
    )
    score = likelihood + log_prior
    weights = np.exp(score - score.max())
    weights = weights / weights.sum()
    best = int(weights.sum(axis=1).argmax())
    spread = float(weights[best] @ GRID / weights[best].sum())
    smooth = _smooth(ratio, noise * EXTRA[best], spread**2 * step)
    end = float(np.log((weights * np.exp(ends - ends.max())).sum()) + ends.max())
    usual = float(np.median(noise[-3:])) * step
    columns = (
        np.sqrt(variances),
        weights,
        np.tile(GRID, (len(extra), 1)),
        np.repeat((extra - 1)[:, None] * usual, len(GRID), axis=1),
    )
    start_sd, weights, spreads, irregular = (column.ravel() for column in columns)
    shift = (ends - end).ravel()
    level = Level(start_sd, weights, spreads, irregular, end, shift, float(smooth[-1]))
    return smooth, level


def _prior() -> np.ndarray:
    """How likely each spread is before any history is looked at."""
    weights = np.exp(-0.5 * (GRID / PRIOR_SCALE) ** 2)
    return weights / weights.sum()


def _filter(
    ratio: np.ndarray, noise: np.ndarray, walks: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kalman filter of a level that wanders, unknown at the start, for several variances of a step,
    each with a noise of its own or all with one.

    What is seen of a period is its mean, through noise, and the level wanders within the period
    too: of a random walk with variance q a period the mean varies by q/3 around where the period
    began, and the end goes with it by q/2. Who takes the mean for the end sees a third of the
    wandering disappear, and starts the future a third of a period too early.

    Returns the log-likelihood of each, and mean and variance of the level at the end of each
    period, shape (periods, walks).
    """
    shape, noise = (len(ratio), len(walks)), noise.reshape(len(ratio), -1)
    means, variances, likelihood = np.empty(shape), np.empty(shape), np.zeros(len(walks))
    means[0], variances[0] = ratio[0], noise[0] + walks / 3
    for t in range(1, len(ratio)):
        total = variances[t - 1] + walks / 3 + noise[t]
        together, gap = variances[t - 1] + walks / 2, ratio[t] - means[t - 1]
        likelihood -= 0.5 * (np.log(2 * np.pi * total) + gap**2 / total)
        means[t] = means[t - 1] + together / total * gap
        variances[t] = variances[t - 1] + walks - together**2 / total
    return likelihood, means, variances


def _smooth(ratio: np.ndarray, noise: np.ndarray, walk: float) -> np.ndarray:
    """Mean of the level over each period, given all of them."""
    place = np.arange(len(ratio), dtype=float)
    shared = np.minimum.outer(place, place) + 0.5 - np.eye(len(ratio)) / 6
    known = UNKNOWN + walk * shared
    return known @ np.linalg.solve(known + np.diag(noise), ratio - ratio[0]) + ratio[0]


def _join(
    actual: np.ndarray, expected: np.ndarray, years: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbouring periods joined, from the end backwards, until each expects `least` purchases."""
    per_period = max(expected.sum() / len(expected), 1e-9)
    size = int(np.ceil(max(least / per_period, 1.0)))
    cut = len(actual) % size if len(actual) > size else 0
    groups = np.maximum((np.arange(len(actual)) - cut) // size, 0)
    return tuple(np.bincount(groups, column) for column in (actual, expected, years))
