"""Were promised chances kept at an earlier day? Then they may be believed; else they are mended.

A model may tell customers apart too boldly (pace and amounts of each change more than it knows) or
too timidly. Which of both shows when its chances are held against what came after an earlier day:
the slope of the outcome on the log odds promised is below one, or above. Chances of today are
brought to that slope as far as the evidence carries: the less, the fewer customers it rests on, the
shorter the trial beside the horizon, and never quite, since what held once need not hold again. How
far slopes differ from history to history and from day to day is measured (docs/backtest.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

FLOOR = 1e-3  # chances nearer to 0 or 1 than a few hundred draws can tell count as this
PRIOR = 0.11  # spread of slopes between histories
LASTING = 0.07  # how far the slope of one history moves between two days


class Kept(NamedTuple):
    """How chances were kept at an earlier day: the slope of what happened on the log odds promised,
    and its standard error.
    """

    slope: float
    error: float

    def expected(self, reach: float) -> float:
        """The slope to be expected of chances made in the same way today; 1 is no change.

        Drawn towards one by the weight of its own error, of how much slopes differ and of how
        little they last. `reach` is how far ahead the trial looked, over the horizon of today.
        """
        weight = PRIOR**2 / (PRIOR**2 + LASTING**2 + self.error**2)
        return float(1 + weight * min(reach, 1.0) ** 2 * (np.clip(self.slope, 0.3, 3.0) - 1))


def hold_against(promised: np.ndarray, happened: np.ndarray) -> Kept:
    """Logistic regression of what happened on the log odds promised.

    Parameters
    ----------
    promised : array (n,)
        Chances, in 0 to 1.
    happened : array (n,)
        1, 0, or a share of a place where places are shared.
    """
    odds = logit(np.clip(promised, FLOOR, 1 - FLOOR))
    columns, beta = np.column_stack([np.ones(len(odds)), odds]), np.array([0.0, 1.0])
    for _ in range(25):
        chance = expit(columns @ beta)
        bend = (columns * (chance * (1 - chance))[:, None]).T @ columns + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, columns.T @ (happened - chance))
        beta = beta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-8:
            break
    return Kept(float(beta[1]), float(np.sqrt(np.linalg.inv(bend)[1, 1])))


def mend(promised: np.ndarray, slope: float) -> np.ndarray:
    """Chances whose log odds are `slope` times as far apart; their sum and order stay.

    >>> mend(np.array([0.9, 0.5, 0.1]), 0.5).round(2)
    array([0.75, 0.5 , 0.25])
    """
    total = float(np.sum(promised))
    if slope == 1 or not 0 < total < len(promised):
        return np.asarray(promised, dtype=float)
    odds = slope * logit(np.clip(promised, FLOOR, 1 - FLOOR))
    moved = brentq(lambda shift: expit(odds + shift).sum() - total, -40.0, 40.0, xtol=1e-10)
    return expit(odds + moved)


def settle(promised: np.ndarray, draws: int) -> np.ndarray:
    """Chances counted over some draws, without what is owed to these draws; sum and order stay.

    Counted chances differ by luck as well, and who leads a list was lucky in them: what is to be
    expected of more draws lies nearer to the mean, by the share that luck has in the variance.

    Parameters
    ----------
    promised : array (n,)
        Chances, in 0 to 1, each a share of `draws`.
    draws : int
    """
    mean, variance = float(np.mean(promised)), float(np.var(promised))
    luck = float(np.mean(promised * (1 - promised))) / draws
    return promised if luck >= variance else mean + (1 - luck / variance) * (promised - mean)
