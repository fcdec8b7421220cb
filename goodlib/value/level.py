"""How far may the level of the whole base move? The common shock that every total needs.

The ratio of actual to expected purchases, month after month, is seen through counting noise, which
is large while a base is small. What remains is a level that wanders: a structural time series, the
local level of statsmodels with a noise of known size at each period (else the noise of the first
years is taken for wandering, and every total is promised too broadly). Short histories
say little about how far a level can wander within a horizon, so its yearly spread has a prior,
learnt from nothing but the general experience that the totals of firms move by tens of percents a
year: half-normal, scale .2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRIOR_SCALE = 0.2  # of the spread of the log level over one year
GRID = np.linspace(0.01, 0.8, 40)
WHOLE_YEARS = 4  # of history from which on the level is read year by year
EXTRA = (1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 17.0)  # noise of a period, over that of counting alone


@dataclass(frozen=True, eq=False)
class Level:
    """A log level that wanders from where the history left it.

    start_sd : uncertainty of the log level at the end itself.
    weights, spreads : posterior over the spread of the log level per square root of a year.
    irregular : variance of the log of one year's mean that is no level: good and bad years, without
        memory.
    end : log level at the end, as the filter saw it.
    """

    start_sd: float
    weights: np.ndarray
    spreads: np.ndarray
    irregular: float = 0.0
    end: float = 0.0

    @property
    def spread(self) -> float:
        """Posterior mean spread of the log level over one year."""
        return float(self.weights @ self.spreads)

    def draw(self, years: np.ndarray, draws: int, seed: int) -> np.ndarray:
        """Log levels (draws, len(years)) at these times after the end; mean one on the scale of
        rates.
        """
        rng = np.random.default_rng([seed, 271])
        spread = rng.choice(self.spreads, size=draws, p=self.weights)
        steps = np.sqrt(np.diff(np.r_[0.0, years]))
        walk = np.cumsum(rng.standard_normal((draws, len(years))) * steps, axis=1)
        start = self.start_sd * rng.standard_normal((draws, 1))
        single = self.irregular / steps**2
        alone = np.sqrt(single) * rng.standard_normal((draws, len(years)))
        variance = self.start_sd**2 + spread[:, None] ** 2 * years[None, :] + single
        return start + spread[:, None] * walk + alone - variance / 2


def fit_level(actual: np.ndarray, expected: np.ndarray, years: np.ndarray) -> Level:
    """The wandering of log(actual / expected), given the counts of each period and its length in
    years.

    Periods are joined until each expects twenty purchases, so that logs of counts are close to
    normal; and to whole years where there are at least four, for then what is left of the season
    cancels and is not taken for a level that jumps.
    """
    least = 20.0
    if years.sum() >= WHOLE_YEARS:
        least = max(least, expected.sum() / years.sum() * 0.999)
    a, e, t = _join(actual, expected, years, least)
    if len(a) < 3:
        nothing = np.zeros(0)
        level = fit_drifting(nothing, nothing, 1.0)[1]
        return Level(1 / np.sqrt(max(actual.sum(), 1.0)), level.weights, level.spreads)
    return fit_drifting(np.log((a + 0.5) / (e + 0.5)), 1 / (a + 0.5), float(np.median(t)))[1]


def fit_drifting(ratio: np.ndarray, noise: np.ndarray, step: float) -> tuple[np.ndarray, Level]:
    """A wandering level seen through noise of known size: the smoothed path, and how it may go on.

    ratio : logs, one a period of `step` years; noise : variance of each. The state space likelihood
    (local level) over a grid of yearly spreads, times the prior.
    """
    log_prior = -0.5 * (GRID / PRIOR_SCALE) ** 2
    if len(ratio) < 3:
        weights = np.exp(log_prior)
        return np.zeros(len(ratio)), Level(0.0, weights / weights.sum(), GRID)
    trials = [_filter(ratio, noise * factor, GRID**2 * step) for factor in EXTRA]
    factor, (likelihood, _, _) = max(
        zip(EXTRA, trials, strict=True), key=lambda trial: np.max(trial[1][0] + log_prior)
    )
    weights = np.exp(likelihood + log_prior - (likelihood + log_prior).max())
    weights = weights / weights.sum()
    walk = np.array([float(weights @ GRID) ** 2 * step])
    _, means, variances = _filter(ratio, noise * factor, walk)
    smooth = means[:, 0].copy()
    for t in range(len(ratio) - 2, -1, -1):
        smooth[t] += variances[t, 0] / (variances[t, 0] + walk[0]) * (smooth[t + 1] - means[t, 0])
    irregular = (factor - 1) * float(np.median(noise[-3:])) * step
    return smooth, Level(
        float(np.sqrt(variances[-1, 0])), weights, GRID, irregular, float(smooth[-1])
    )


def _filter(
    ratio: np.ndarray, noise: np.ndarray, walks: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kalman filter of a local level that is unknown at the start, for several variances of a step.

    Returns the log-likelihood of each, and mean and variance of the level given the past, shape
    (periods, walks).
    """
    shape = (len(ratio), len(walks))
    means, variances, likelihood = np.empty(shape), np.empty(shape), np.zeros(len(walks))
    means[0], variances[0] = ratio[0], noise[0]
    for t in range(1, len(ratio)):
        known = variances[t - 1] + walks
        total, gap = known + noise[t], ratio[t] - means[t - 1]
        likelihood -= 0.5 * (np.log(2 * np.pi * total) + gap**2 / total)
        means[t] = means[t - 1] + known / total * gap
        variances[t] = known * noise[t] / total
    return likelihood, means, variances


def _join(
    actual: np.ndarray, expected: np.ndarray, years: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbouring periods joined, from the end backwards, until each expects `least` purchases."""
    per_period = max(expected.sum() / len(expected), 1e-9)
    size = int(np.ceil(max(least / per_period, 1.0)))
    cut = len(actual) % size if len(actual) > size else 0
    groups = np.maximum((np.arange(len(actual)) - cut) // size, 0)
    return tuple(np.bincount(groups, column) for column in (actual, expected, years))
