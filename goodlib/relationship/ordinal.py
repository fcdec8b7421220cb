"""Scores on an ordered scale: a rater gives the highest word whose threshold the impression passes.

The impression is the linear predictor eta plus noise with distribution F, and word k is given when
it lies between the thresholds theta[k-1] and theta[k] (McCullagh 1980, the cumulative model):

    P(score <= k) = F(theta[k] - eta),   F logistic ("logit") or normal ("probit").

The log-likelihood is concave in eta and the thresholds together (Pratt 1981), so Newton steps on it
are safe. Everything here is a function of numbers: whose score it is, is crossed.py's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_ndtr, ndtr

LINKS = ("logit", "probit")


class Terms(NamedTuple):
    """Log-probability of each score; derivatives in a = upper - eta and b = lower - eta."""

    logp: np.ndarray
    by_a: np.ndarray
    """d logp / da."""
    by_b: np.ndarray
    slope: np.ndarray
    """The derivative along a and b together: D logp."""
    slope_a: np.ndarray
    """d D logp / da."""
    slope_b: np.ndarray
    curve: np.ndarray
    """D D logp, never positive."""
    curve_a: np.ndarray
    curve_b: np.ndarray


def terms(a: np.ndarray, b: np.ndarray, link: str = "logit") -> Terms:
    """Log-probability that an impression falls between b and a, with derivatives up to the third.

    Parameters
    ----------
    a, b : arrays of one shape, a > b
        Upper and lower threshold less the predictor; a may be +inf and b -inf (ends of the scale).
    link : "logit" or "probit"
    """
    logp, upper, lower, (a1, a2), (b1, b2) = (_logit if link == "logit" else _probit)(a, b)
    first = upper * a1 - lower * b1
    slope = upper - lower
    slope_a = upper * a1 - upper * slope
    slope_b = lower * slope - lower * b1
    curve = first - slope**2
    curve_a = upper * a2 - upper * first - 2.0 * slope * slope_a
    curve_b = lower * first - lower * b2 - 2.0 * slope * slope_b
    return Terms(logp, upper, -lower, slope, slope_a, slope_b, curve, curve_a, curve_b)


def _logit(a, b):
    """log(F(a) - F(b)) without cancellation: F(a) (1 - F(b)) (1 - exp(b - a))."""
    (above, beyond), (below, left) = _sides(a), _sides(b)
    within = -np.expm1(np.minimum(_held(b) - _held(a), -1e-12))
    logp = np.log(above * left * within)
    upper, lower = beyond / (left * within), below / (above * within)
    shapes = []
    for p in (above, below):
        slope = 1.0 - 2.0 * p
        shapes.append((slope, 1.5 * slope * slope - 0.5))
    return logp, upper, lower, *shapes


def _held(x):
    """Farther out than this the logistic law is 0 or 1 in any arithmetic."""
    return np.clip(x, -300.0, 300.0)


def _sides(x):
    """F(x) and 1 - F(x), each to full relative precision, from one exponential."""
    near = np.exp(-np.abs(_held(x)))
    large = 1.0 / (1.0 + near)
    small = near * large
    high = x >= 0
    return np.where(high, large, small), np.where(high, small, large)


def _probit(a, b):
    """The same for the normal, in the tail where both ends are small."""
    flip = (a + b > 0) & np.isfinite(a) & np.isfinite(b) | np.isinf(a) & np.isfinite(b)
    high, low = np.where(flip, -b, a), np.where(flip, -a, b)
    log_high, log_low = log_ndtr(high), log_ndtr(low)
    logp = log_high + np.log(-np.expm1(np.minimum(log_low - log_high, -1e-12)))
    density, shapes = [], []
    for x in (a, b):
        at = np.where(np.isinf(x), 0.0, x)
        density.append(np.where(np.isinf(x), -np.inf, -0.5 * at**2 - 0.5 * np.log(2.0 * np.pi)))
        shapes.append((-at, at**2 - 1.0))
    return logp, *(np.exp(log - logp) for log in density), *shapes


def probabilities(eta: np.ndarray, theta: np.ndarray, link: str = "logit") -> np.ndarray:
    """Probability of each word of the scale: one row a predictor, one column a word."""
    law = expit if link == "logit" else ndtr
    below = law(theta - np.asarray(eta)[..., None])
    ends = np.concatenate([np.zeros_like(below[..., :1]), below, np.ones_like(below[..., :1])], -1)
    return np.diff(ends, axis=-1)


def expected_score(
    eta: np.ndarray, theta: np.ndarray, scores: np.ndarray, link: str = "logit"
) -> np.ndarray:
    """Mean score that predictor eta gets, on the study's own scale; rises with eta."""
    return probabilities(eta, theta, link) @ np.asarray(scores, dtype=float)
