"""Intervals that follow a likelihood that leans: how far can one parameter go, the rest following?

The interval of level 1 - alpha holds every value of a parameter at which the highest likelihood
that the other parameters can still reach lies less than half a chi-square quantile below the top
(Venzon & Moolgavkar 1988). Where the surface is a parabola it is Wald's; where whether a customer
left can hardly be told from buying rarely, the surface leans, and Wald's interval is short on one
side (docs/recovery.md measures both). A side on which the likelihood never falls so far is open:
the bound is 0 or infinity.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from goodlib.value.inference import Model
from goodlib.value.optimum import Optimum, maximise

OPEN = 30.0  # on the scale of the fit, beyond the estimate: e^30 is as good as no bound
CLOSE = 1e-3  # error of the signed root of the likelihood ratio; 1.96 is the target at 95 %


def profile_bounds(
    model: Model, optimum: Optimum, covariance: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of the profile-likelihood intervals, on the scale of the fit."""
    sides = [
        [_edge(model, optimum, covariance, place, side * ndtri(1 - alpha / 2)) for side in (-1, 1)]
        for place in range(len(model.names))
    ]
    lower, upper = np.array(sides).T
    return lower, upper


def _edge(
    model: Model, optimum: Optimum, covariance: np.ndarray, place: int, target: float
) -> float:
    """Where the signed root of twice the fall of the likelihood reaches `target`.

    That root is nearly linear in the parameter, and its slope is known from the gradient at the
    constrained top, so Newton's method needs few steps; a bracket keeps it from leaving.
    """
    top, side = optimum.theta[place], np.sign(target)
    free = np.arange(len(optimum.theta)) != place
    error = np.sqrt(covariance[place, place])
    known = np.isfinite(error) and error < OPEN
    step = abs(target) * min(error, 3.0) if known else 1.0  # beyond the top, on this side
    others = optimum.theta[free]
    if known:
        others = others + covariance[free, place] / error**2 * side * step
    inside, outside = 0.0, np.inf
    for _ in range(60):
        found, slope = _climb(model, top + side * step, place, free, others)
        others = found.theta
        root = np.sqrt(2 * max(optimum.value - found.value, 0.0))
        if abs(root - abs(target)) < CLOSE:
            return float(top + side * step)
        if root < abs(target):
            inside = step
        else:
            outside = step
        if inside >= OPEN:
            return float(side * np.inf)
        rise = -side * slope / root if root > 0 else 0.0  # d root / d step
        ahead = (abs(target) - root) / rise if rise > 0 else np.inf
        trial = step + float(np.clip(ahead, -2.0, max(2.0, 0.5 * step)))
        if not inside < trial < outside:
            trial = 0.5 * (inside + outside)
        if outside - inside < 1e-9:
            return float(top + side * step)
        step = min(trial, OPEN)
    return float(top + side * step)


def _climb(
    model: Model, value: float, place: int, free: np.ndarray, start: np.ndarray
) -> tuple[Optimum, float]:
    """The highest point with one parameter held, and the slope in that parameter there."""
    slopes = {}

    def held(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        whole = np.empty(len(free))
        whole[free], whole[place] = theta, value
        height, slope, bend = model.objective(whole)
        slopes[height] = slope[place]
        return height, slope[free], bend[np.ix_(free, free)]

    height, slope, bend = held(start)
    if not (np.isfinite(height) and np.isfinite(bend).all()):  # beyond where numbers reach
        return Optimum(start, -np.inf, slope, bend, False, 1), 0.0
    if not free.any():
        return Optimum(start, height, slope, bend, True, 1), float(slopes[height])
    found = maximise(held, start)
    return found, float(slopes[found.value])
