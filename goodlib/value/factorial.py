"""Rising factorials (c)_n = c (c + 1) ... (c + n - 1), and how their logarithm moves with c.

The likelihoods need Gamma(c + n) / Gamma(c) for whole n. Added up factor by factor it keeps full
precision where a difference of two log-gammas loses it (c large, or c near 0).
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln, zeta

LONGEST = 2_000_000  # factors to add up one by one; beyond, log-gamma


def log_rising(c: float | np.ndarray, n: np.ndarray) -> np.ndarray:
    """log (c)_n for whole n >= 0; c one number, or one for each n."""
    if np.ndim(c) == 0 and n.max(initial=0) < LONGEST:
        return _table(np.log(c + _factors(n)), n)
    return gammaln(c + n) - gammaln(c)


def log_rising_slopes(c: float | np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of log (c)_n in c."""
    if np.ndim(c) == 0 and n.max(initial=0) < LONGEST:
        inverse = 1.0 / (c + _factors(n))
        return _table(inverse, n), -_table(inverse * inverse, n)
    return digamma(c + n) - digamma(c), zeta(2, c + n) - zeta(2, c)


def _factors(n: np.ndarray) -> np.ndarray:
    return np.arange(n.max(initial=0), dtype=float)


def _table(terms: np.ndarray, n: np.ndarray) -> np.ndarray:
    sums = np.zeros(len(terms) + 1)
    np.cumsum(terms, out=sums[1:])
    return sums.take(n)
