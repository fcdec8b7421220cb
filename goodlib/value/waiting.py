"""Laws of a waiting time: Weibull and log-normal, each by its survivor, density and quantile."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtri


class Family(NamedTuple):
    """The law of a time t through u = shape (log t - location)."""

    survivor: Any
    """log S(u) and its slope."""
    density: Any
    """log of the density of u, and its slope."""
    quantile: Any
    """u at a probability."""


FLOOR, CEILING = -37.0, 50.0  # u beyond which a survivor is 1 or 0 in floating point


def _mills(u: np.ndarray) -> np.ndarray:
    return -np.exp(-0.5 * u**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(-u))


FAMILIES = {
    "weibull": Family(
        lambda u: (-np.exp(u), -np.exp(u)),
        lambda u: (u - np.exp(u), 1 - np.exp(u)),
        lambda p: np.log(-np.log1p(-p)),
    ),
    "lognormal": Family(
        lambda u: (log_ndtr(-u), _mills(u)),
        lambda u: (-0.5 * u**2 - 0.5 * np.log(2 * np.pi), -u),
        ndtri,
    ),
}
