"""No dropout at all: the likelihood of NBD, one row a distinct history.

A customer buys at random with rate lambda ~ Gamma(r, alpha) for ever (Ehrenberg 1959):

    L = (r)_x alpha^r (alpha + T)^-(r + x)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from goodlib.value.draw import Draw
from goodlib.value.factorial import log_rising, log_rising_slopes

Array = np.ndarray


class NegativeBinomial(NamedTuple):
    """The likelihood of customers who never leave."""

    whole: tuple[str, ...] = ()
    plain: tuple[str, ...] = ("p_alive", "expected", "dert")

    def loglike(self, r: float, alpha: Array, x: Array, recency: Array, T: Array) -> Array:
        """Log-likelihood of each row."""
        return log_rising(r, x) - r * np.log1p(T / alpha) - x * np.log(alpha + T)

    def derivatives(
        self, r: float, alpha: Array, x: Array, recency: Array, T: Array
    ) -> tuple[Array, Array, Array]:
        """Log-likelihood (n,), gradient (2, n) and Hessian (2, 2, n) in log r, alpha."""
        one, two = log_rising_slopes(r, x)
        share = alpha / (alpha + T)
        in_r = r * (one - np.log1p(T / alpha))
        in_alpha = r - (r + x) * share
        cross = r * (1 - share)
        curve = -(r + x) * share * (1 - share)
        bend = np.array([[r * r * two + in_r, cross], [cross, curve]])
        return self.loglike(r, alpha, x, recency, T), np.array([in_r, in_alpha]), bend

    def p_alive(self, r: float, alpha: Array, x: Array, recency: Array, T: Array) -> Array:
        """One: nobody leaves."""
        return np.ones(len(x))

    def expected(
        self, t: float, r: float, alpha: Array, x: Array, recency: Array, T: Array
    ) -> Array:
        """Expected purchases in (T, T + t]: the posterior mean rate times t."""
        return (r + x) / (alpha + T) * t

    def chance(
        self, n: int, t: float, r: float, alpha: Array, x: Array, recency: Array, T: Array
    ) -> Array:
        """P(n purchases in (T, T + t]): negative binomial."""
        power, last = r + x, alpha + T
        times = np.full(len(x), n)
        many = log_rising(power, times) - log_rising(1.0, times)
        return np.exp(many - power * np.log1p(t / last)) * (t / (last + t)) ** n

    def dert(
        self, delta: float, r: float, alpha: Array, x: Array, recency: Array, T: Array
    ) -> Array:
        """The posterior mean rate as a perpetuity."""
        return (r + x) / (alpha + T) / delta

    def draw(
        self,
        horizon: float,
        rng: np.random.Generator,
        alive: Array,
        r: float,
        alpha: Array,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Draw:
        """One joint draw of rate and purchases in (T, T + horizon]; exact."""
        rate = rng.standard_gamma(r + x) / (alpha + T)
        return Draw(alive > 0, rate, np.zeros(len(x)), rng.poisson(rate * horizon))
