"""Whereto may the level of the whole base move, and how far? The common shock of every total.

The ratio of actual to expected purchases, month after month, is seen through counting noise, which
is large while a base is small. What remains is a level that wanders and grows: a structural time
series of three states, a random walk, a steady growth, and a growth of the day that dies out (a
damped trend). Each period shows the mean of the level over it, with a noise of known size (else the
noise of the first years is taken for wandering, and every total is promised too broadly). How far
the level wanders, how far single years scatter and how it grows is never quite known: draws come
from all that the history allows. Short histories say little, so there are priors: a yearly spread
half-normal of scale .15, a steady growth within 5 % a year, a growth of the day half as large as
the spread. Totals of firms move by tens of percents a year, and an untold growth is none. Where the
truth is known, intervals then hold as often as they say (docs/backtest.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRIOR_SCALE = 0.15  # of the spread of the log level over one year
STEADY = 0.05  # prior spread of the steady growth of the log level in a year
PASSING = 0.5  # spread of the growth that dies out, in spreads of the level over one year
DAMPING = 0.8  # of that growth, what is left after a year
GRID = np.linspace(0.01, 0.8, 40)
TWICE = 1.99  # years in which every season comes twice
WHOLE_YEARS = 4  # of history from which on the level is read year by year
UNKNOWN = 100.0  # variance of the log level before anything was seen
NODES = np.polynomial.legendre.leggauss(16)
EXTRA = (1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 17.0)  # noise of a period, over that of counting alone
FADING = -np.log(DAMPING)


@dataclass(frozen=True, eq=False)
class Level:
    """A log level that wanders and grows from where the history left it.

    One entry a component: a spread and a noise that the history allows, weighted by how well it
    allows them.

    weights, spreads : posterior over the spread of the log level per square root of a year.
    mean, covariance : of level, passing growth and steady growth (both a year) at the end, shapes
        (components, 3) and (components, 3, 3).
    irregular : variance of the log of one year's mean that is no level: good and bad years, without
        memory.
    grows : whether it may grow; else it wanders only.
    """

    weights: np.ndarray
    spreads: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    irregular: np.ndarray
    grows: bool = True

    @classmethod
    def known(
        cls,
        start_sd: float | np.ndarray,
        weights: np.ndarray,
        spreads: np.ndarray,
        grows: bool = True,
    ) -> Level:
        """Nothing was seen but where the level stands, up to `start_sd`; its growth is the prior's
        word.
        """
        mean, before = np.zeros((len(weights), 3)), _prior_of(np.square(start_sd), spreads, grows)
        return cls(weights, spreads, mean, before, np.zeros(len(weights)), grows)

    @classmethod
    def still(cls) -> Level:
        """A level that stays where it is."""
        return cls(np.ones(1), np.zeros(1), np.zeros((1, 3)), np.zeros((1, 3, 3)), np.zeros(1))

    @property
    def spread(self) -> float:
        """Posterior mean spread of the log level over one year."""
        return float(self.weights @ self.spreads)

    @property
    def end(self) -> float:
        """Log level at the end, as the filter saw it, mean on the scale of rates."""
        return float(self._centre(np.zeros(1))[0])

    @property
    def slope(self) -> float:
        """Expected growth of the log level at the end, a year."""
        return float(self.weights @ self.mean[:, 1:].sum(axis=1))

    def growth(self, years: np.ndarray) -> np.ndarray:
        """Expected rise of the log level up to these times after the end."""
        return self._centre(np.asarray(years, dtype=float)) - self.end

    def draw(self, years: np.ndarray, draws: int, seed: int) -> np.ndarray:
        """Log levels (draws, len(years)) at these times after the end, around the expected growth;
        mean one on the scale of rates.
        """
        rng = np.random.default_rng([seed, 271])
        own = rng.choice(len(self.weights), size=draws, p=self.weights)
        root = np.linalg.cholesky(self.covariance + 1e-12 * np.eye(3))[own]
        state = self.mean[own] + (root @ rng.standard_normal((draws, 3, 1)))[..., 0]
        spread = self.spreads[own, None]
        found, steps = np.empty((draws, len(years))), np.diff(np.r_[0.0, years])
        for k, step in enumerate(steps):
            turn = _turn(step)
            shock = np.linalg.cholesky(_shock(step, self.grows)[:3, :3] + 1e-18 * np.eye(3))
            state = state @ turn.T + spread * (rng.standard_normal((draws, 3)) @ shock.T)
            found[:, k] = state[:, 0]
        single = self.irregular[:, None] / steps
        variance = single + self._variance(years)
        luck = np.sqrt(single[own]) * rng.standard_normal(found.shape)
        return found + luck - variance[own] / 2 - self._centre(years)

    def _centre(self, years: np.ndarray) -> np.ndarray:
        """Log of the mean level at these times, on the scale of rates."""
        path = self.mean @ _row(years).T
        top = path.max(axis=0)
        return top + np.log(self.weights @ np.exp(path - top))

    def _variance(self, years: np.ndarray) -> np.ndarray:
        """Variance of the log level at these times, a row a component."""
        row = _row(years)
        known = np.einsum("ti,kij,tj->kt", row, self.covariance, row)
        moved = [_shock(year, self.grows)[0, 0] for year in years]
        return known + np.outer(self.spreads**2, moved)


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
        return Level.known(begin, _prior(), GRID)
    return fit_drifting(np.log((a + 0.5) / (e + 0.5)), 1 / (a + 0.5), float(np.median(t)))[1]


def fit_drifting(
    ratio: np.ndarray, noise: np.ndarray, step: float, grows: bool = True
) -> tuple[np.ndarray, Level]:
    """A wandering level seen through noise of known size: the smoothed path, and how it may go on.

    ratio : logs, one a period of `step` years; noise : variance of each. The state space likelihood
    over a grid of yearly spreads and of noises, times the prior; `grows`: whether it may grow.
    """
    if len(ratio) < 3:
        return np.zeros(len(ratio)), Level.known(0.0, _prior(), GRID, grows)
    extra, spreads = np.repeat(EXTRA, len(GRID)), np.tile(GRID, len(EXTRA))
    likelihood, mean, covariance = _filter(ratio, np.outer(noise, extra), spreads, step, grows)
    score = likelihood + np.log(np.tile(_prior(), len(EXTRA)))
    weights = np.exp(score - score.max())
    weights = weights / weights.sum()
    each = weights.reshape(len(EXTRA), -1)
    best = int(each.sum(axis=1).argmax())
    spread = float(each[best] @ GRID / each[best].sum())
    smooth = _smooth(ratio, noise * EXTRA[best], spread**2 * step)
    usual = float(np.median(noise[-3:])) * step
    return smooth, Level(weights, spreads, mean, covariance, (extra - 1) * usual, grows)


def _prior() -> np.ndarray:
    """How likely each spread is before any history is looked at."""
    weights = np.exp(-0.5 * (GRID / PRIOR_SCALE) ** 2)
    return weights / weights.sum()


def _prior_of(start: float | np.ndarray, spreads: np.ndarray, grows: bool) -> np.ndarray:
    """Covariance of level, passing and steady growth before any period is seen, a component each;
    `start` is the variance of the level.
    """
    found = np.zeros((len(spreads), 3, 3))
    found[:, 0, 0] = start
    if grows:
        found[:, 1, 1], found[:, 2, 2] = (PASSING * spreads) ** 2, STEADY**2
    return found


def _reach(years: np.ndarray) -> np.ndarray:
    """What a growth that dies out adds in these years, in units of what it is a year."""
    return -np.expm1(-FADING * years) / FADING


def _row(years: np.ndarray) -> np.ndarray:
    """The level at these times, told from the three states at the end: shape (times, 3)."""
    return np.column_stack([np.ones(len(years)), _reach(years), years])


def _turn(step: float) -> np.ndarray:
    """The three states after `step` years, from those before."""
    return np.array([[1, _reach(step), step], [0, np.exp(-FADING * step), 0], [0, 0, 1.0]])


def _shock(step: float, grows: bool) -> np.ndarray:
    """Covariance of what `step` years add to the three states and to the mean level over them, for
    a level of spread one: every moment of the walk and of the growth works on until the end.
    """
    left = step * (NODES[0] + 1) / 2
    none, reach = np.zeros(len(left)), _reach(left)
    walk = [none + 1, none, none, left / step]
    growth = [reach, np.exp(-FADING * left), none, (left - reach) / (FADING * step)]
    weight = step * NODES[1] / 2
    both = np.array([walk, grows * PASSING * np.sqrt(2 * FADING) * np.array(growth)])
    return np.einsum("kin,kjn,n->ij", both, both, weight)


def _filter(
    ratio: np.ndarray, noise: np.ndarray, spreads: np.ndarray, step: float, grows: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kalman filter of the three states, unknown at the start, for several spreads of the level,
    each with a noise of its own.

    What is seen of a period is its mean, through noise, and the level moves within the period too:
    of a random walk with variance q a period the mean varies by q/3 around where the period began,
    and the end goes with it by q/2. Who takes the mean for the end sees a third of the wandering
    disappear, and starts the future a third of a period too early.

    Returns the log-likelihood of each, and mean and covariance of the states at the end of the last
    period.
    """
    turn, shock, walks = _turn(step), _shock(step, grows), spreads**2
    seen = np.array([1, (step - _reach(step)) / (FADING * step), step / 2])
    mean, likelihood = np.zeros((len(walks), 3)), np.zeros(len(walks))
    mean[:, 0], covariance = ratio[0], _prior_of(UNKNOWN, spreads, grows)
    for value, scatter in zip(ratio, noise, strict=True):
        known = covariance @ seen
        total = known @ seen + walks * shock[3, 3] + scatter
        together = known @ turn.T + np.outer(walks, shock[:3, 3])
        gap = value - mean @ seen
        likelihood -= 0.5 * (np.log(2 * np.pi * total) + gap**2 / total)
        gain = together / total[:, None]
        mean = mean @ turn.T + gain * gap[:, None]
        covariance = turn @ covariance @ turn.T + walks[:, None, None] * shock[:3, :3]
        covariance -= gain[:, :, None] * together[:, None, :]
    return likelihood, mean, covariance


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
