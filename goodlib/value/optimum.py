"""The highest point of a likelihood, by Newton's method with its failures put right."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Optimum(NamedTuple):
    """Where the climb ended."""

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    converged: bool
    evaluations: int


Derivatives = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]


def maximise(
    derivatives: Derivatives, start: np.ndarray, tolerance: float = 1e-7, limit: int = 200
) -> Optimum:
    """The highest point that a damped Newton climb reaches from `start`.

    `derivatives(theta)` returns value, gradient (p,) and Hessian (p, p). Directions in which the
    surface bends upward are climbed with the sign of their curvature turned (so a saddle repels), a
    step is at most 2 in any coordinate, and it is quartered until the value rises. Ends when the
    Newton decrement, the rise that a parabola still promises, is below `tolerance`, with one step
    more.
    """
    theta = np.array(start, dtype=float)
    value, gradient, hessian = derivatives(theta)
    evaluations = 1
    while evaluations < limit and np.isfinite(hessian).all():
        curvature, axes = np.linalg.eigh(-hessian)
        slope = axes.T @ gradient
        floor = max(1e-12 * np.abs(curvature).max(), 1e-150)
        step = axes @ (slope / np.maximum(np.abs(curvature), floor))
        decrement = 0.5 * float(gradient @ step)
        if decrement < tolerance and curvature.min() > -1e-8 * np.abs(curvature).max():
            step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
            last = derivatives(theta + step)  # the error squares: 1e-7 becomes rounding
            if np.abs(last[1]).max() < np.abs(gradient).max() and np.isfinite(last[2]).all():
                theta, (value, gradient, hessian) = theta + step, last
            return Optimum(theta, value, gradient, hessian, True, evaluations + 1)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        for _ in range(40):
            trial = derivatives(theta + step)
            evaluations += 1
            if np.isfinite(trial[0]) and trial[0] > value and np.isfinite(trial[2]).all():
                break
            step *= 0.25
        else:  # no rise is left in floating point
            return Optimum(theta, value, gradient, hessian, decrement < 1e-5, evaluations)
        theta = theta + step
        value, gradient, hessian = trial
    return Optimum(theta, value, gradient, hessian, False, evaluations)
