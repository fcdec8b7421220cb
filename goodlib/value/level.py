"""How far may the level of the whole base move? The common shock that every total needs.

The ratio of actual to expected purchases, month after month, is seen through counting noise. What
remains is a level that wanders (statsmodels' structural time series: local level). Short histories
say little about how far a level can wander within a horizon, so its yearly spread has a prior,
learnt from nothing but the general experience that the totals of firms move by tens of percents a
year: half-normal, scale .2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from statsmodels.tsa.statespace.structural import UnobservedComponents

PRIOR_SCALE = 0.2  # of the spread of the log level over one year
GRID = np.linspace(0.01, 0.8, 40)


@dataclass(frozen=True, eq=False)
class Level:
    """A log level that wanders from where the history left it.

    start_sd : uncertainty of the log level at the end itself.
    weights, spreads : posterior over the spread of the log level per square root of a year.
    """

    start_sd: float
    weights: np.ndarray
    spreads: np.ndarray

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
        variance = self.start_sd**2 + spread[:, None] ** 2 * years[None, :]
        return start + spread[:, None] * walk - variance / 2


def fit_level(actual: np.ndarray, expected: np.ndarray, years: np.ndarray) -> Level:
    """The wandering of log(actual / expected), given the counts of each period and its length in
    years.

    Periods are joined until each expects twenty purchases, so that logs of counts are close to
    normal.
    """
    a, e, t = _join(actual, expected, years, 20.0)
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
    model = UnobservedComponents(ratio, level="local level")
    plain = max(float(np.median(noise)), 1e-6)
    extra = _extra_noise(model, plain, step)
    likelihood = np.array([model.loglike([plain + extra, g**2 * step]) for g in GRID])
    weights = np.exp(likelihood + log_prior - (likelihood + log_prior).max())
    weights = weights / weights.sum()
    spread = float(weights @ GRID)
    states = model.smooth([plain + extra, spread**2 * step])
    end = float(states.filtered_state_cov[0, 0, -1])
    return states.smoothed_state[0], Level(float(np.sqrt(max(end, 0.0))), weights, GRID)


def _extra_noise(model: UnobservedComponents, noise: float, step: float) -> float:
    """Variance of single periods beyond counting noise, at its most likely value."""
    extras = noise * np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
    walks = np.array([0.05, 0.1, 0.2, 0.4]) ** 2 * step
    best = [max(model.loglike([noise + extra, walk]) for walk in walks) for extra in extras]
    return float(extras[int(np.argmax(best))])


def _join(
    actual: np.ndarray, expected: np.ndarray, years: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbouring periods joined, from the end backwards, until each expects `least` purchases."""
    per_period = max(expected.sum() / len(expected), 1e-9)
    size = int(np.ceil(max(least / per_period, 1.0)))
    cut = len(actual) % size if len(actual) > size else 0
    groups = np.maximum((np.arange(len(actual)) - cut) // size, 0)
    return tuple(np.bincount(groups, column) for column in (actual, expected, years))
