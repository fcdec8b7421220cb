"""Dropout at any time: the likelihood of Pareto/NBD, one row a distinct history.

While active, a customer buys at random with rate lambda ~ Gamma(r, alpha) and leaves at random with
rate mu ~ Gamma(s, beta) (Schmittlein, Morrison & Colombo 1987):

    L = (r)_x alpha^r beta^s { (alpha + T)^-(r + x) (beta + T)^-s
                               + s int_{t_x}^{T} (alpha + t)^-(r + x) (beta + t)^-(s + 1) dt }

first term: still active; integral: left at t. Gradient and Hessian are weighted moments at the
nodes of the same integral. Against 60-digit arithmetic see docs/accuracy.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from goodlib.value.draw import Draw
from goodlib.value.factorial import log_rising, log_rising_slopes
from goodlib.value.quadrature import beta_nodes, gamma_nodes, lifetime_nodes

Array = np.ndarray


class Pareto(NamedTuple):
    """The likelihood, with its number of quadrature nodes; 0: as many as 1e-11 needs."""

    nodes: int = 0
    whole: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()

    def terms(
        self, r: float, alpha: Array, s: float, beta: Array, x: Array, recency: Array, T: Array
    ) -> tuple[Array, Array]:
        """The active term and the left term, both relative to t_x."""
        power, span = r + x, T - recency
        active = np.exp(
            -power * np.log1p(span / (alpha + recency)) - s * np.log1p(span / (beta + recency))
        )
        density = lifetime_nodes(power, s, alpha, beta, recency, T, self.nodes)[3]
        return active, s / (beta + recency) * density.sum(axis=0)

    def loglike(
        self, r: float, alpha: Array, s: float, beta: Array, x: Array, recency: Array, T: Array
    ) -> Array:
        """Log-likelihood of each row."""
        active, left = self.terms(r, alpha, s, beta, x, recency, T)
        shared = (
            log_rising(r, x)
            - r * np.log1p(recency / alpha)
            - x * np.log(alpha + recency)
            - s * np.log1p(recency / beta)
        )
        return shared + np.log(active + left)

    def p_alive(
        self, r: float, alpha: Array, s: float, beta: Array, x: Array, recency: Array, T: Array
    ) -> Array:
        """P(still active at T) of each row."""
        active, left = self.terms(r, alpha, s, beta, x, recency, T)
        return active / (active + left)

    def derivatives(
        self, r: float, alpha: Array, s: float, beta: Array, x: Array, recency: Array, T: Array
    ) -> tuple[Array, Array, Array]:
        """Log-likelihood (n,), gradient (4, n) and Hessian (4, 4, n) in log r, alpha, s, beta."""
        power = r + x
        low_a, low_b = alpha + recency, beta + recency
        grown, u, v, weight = lifetime_nodes(power, s, alpha, beta, recency, T, self.nodes)
        # the active term is one more node, at T, whose integrand lacks the factor s/(beta + t)
        span = T - recency
        end_u, end_v = np.log1p(span / low_a), np.log1p(span / low_b)
        weight *= s / low_b
        active = np.exp(-power * end_u - s * end_v)
        total = active + weight.sum(axis=0)
        value = (
            log_rising(r, x)
            - r * np.log1p(recency / alpha)
            - x * np.log(low_a)
            - s * np.log1p(recency / beta)
            + np.log(total)
        )
        weight /= total
        w_end = active / total
        w_left = 1.0 - w_end

        # features of each node: minus the slope of its logarithm, beyond what depends on the row
        # alone
        a_inverse, b_inverse = 1.0 / (low_a + grown), 1.0 / (low_b + grown)
        feature = (u, a_inverse, v, b_inverse)
        factor = (1.0, power, 1.0, s + 1.0)
        end = (end_u, power / (alpha + T), end_v + 1.0 / s, s / (beta + T))
        weighted = [weight * f for f in feature]
        # nodes carry + 1/s in the slope for s: taken out of all, it is put on the end with its sign
        # turned
        sums = [column.sum(axis=0) * c for column, c in zip(weighted, factor, strict=True)]
        mean = [sums[i] + w_end * end[i] for i in range(4)]
        one, two = log_rising_slopes(r, x)
        rows = len(x)
        slope, bend = np.empty((4, rows)), np.empty((4, 4, rows))
        slope[0] = one - np.log1p(recency / alpha) - mean[0]
        slope[1] = r / alpha - mean[1]
        slope[2] = 1.0 / s - np.log1p(recency / beta) - mean[2]
        slope[3] = s / beta - mean[3]
        scale = (r, alpha, s, beta)
        for i in range(4):
            for j in range(i, 4):
                moment = np.einsum("ij,ij->j", weighted[i], feature[j]) * (factor[i] * factor[j])
                bend[i, j] = moment + w_end * end[i] * end[j] - mean[i] * mean[j]
        square_a = np.einsum("ij,ij->j", weighted[1], a_inverse) * power
        square_b = np.einsum("ij,ij->j", weighted[3], b_inverse) * (s + 1)
        bend[0, 0] += two
        bend[0, 1] += 1.0 / alpha - sums[1] / power - w_end / (alpha + T)
        bend[1, 1] += square_a + w_end * power / (alpha + T) ** 2 - r / alpha**2
        bend[2, 2] -= w_left / s**2
        bend[2, 3] += 1.0 / beta - sums[3] / (s + 1) - w_end / (beta + T)
        bend[3, 3] += square_b + w_end * s / (beta + T) ** 2 - s / beta**2
        for i in range(4):
            slope[i] *= scale[i]
            for j in range(i, 4):
                bend[i, j] *= scale[i] * scale[j]
                bend[j, i] = bend[i, j]
        for i in range(4):
            bend[i, i] += slope[i]
        return value, slope, bend

    def expected(
        self,
        t: float,
        r: float,
        alpha: Array,
        s: float,
        beta: Array,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Array:
        """Expected purchases in (T, T + t] of each row: eq. (41) of Schmittlein et al. (1987)."""
        alive = self.p_alive(r, alpha, s, beta, x, recency, T)
        return alive * (r + x) / (alpha + T) * mean_lifetime(s, beta + T, t)

    def chance(
        self,
        n: int,
        t: float,
        r: float,
        alpha: Array,
        s: float,
        beta: Array,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Array:
        """P(n purchases in (T, T + t]) of each row: eq. (5) and (16) of Fader & Hardie (2014)."""
        alive = self.p_alive(r, alpha, s, beta, x, recency, T)
        power, A, B = r + x, alpha + T, beta + T
        if t == 0:
            return np.full(len(x), float(n == 0))
        u, weight = beta_nodes(1.0, 1.0)
        u = t * u[:, None]
        many = log_rising(power, np.full(len(x), n)) - log_rising(1.0, np.array([n]))[0]

        def bought(time: Array | float) -> Array:
            return n * np.log(time / (A + time)) - power * np.log1p(time / A)

        stayed = np.exp(many + bought(t) - s * np.log1p(t / B))
        left = s * t / B * (weight @ np.exp(many + bought(u) - (s + 1) * np.log1p(u / B)))
        return alive * (stayed + left) + (1 - alive) * (n == 0)

    def dert(
        self,
        delta: float,
        r: float,
        alpha: Array,
        s: float,
        beta: Array,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Array:
        """Discounted expected purchases after T of each row: E[lambda] E[1/(delta + mu)] if
        active.
        """
        alive = self.p_alive(r, alpha, s, beta, x, recency, T)
        g, weight = gamma_nodes(s)
        beyond = beta + T
        stay = beyond * (weight @ (1.0 / (delta * beyond + g[:, None])))
        return alive * (r + x) / (alpha + T) * stay

    def draw(
        self,
        horizon: float,
        rng: np.random.Generator,
        alive: Array,
        r: float,
        alpha: Array,
        s: float,
        beta: Array,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Draw:
        """One joint draw of alive, rate, leaving rate and purchases in (T, T + horizon]; exact."""
        active = rng.random(len(x)) < alive
        rate = rng.standard_gamma(r + x) / (alpha + T)
        leaving = rng.standard_gamma(s, len(x)) / (beta + T)
        stay = rng.standard_exponential(len(x)) / np.maximum(leaving, 1e-300)
        purchases = rng.poisson(rate * np.minimum(stay, horizon) * active)
        return Draw(active, rate, leaving, purchases)


def mean_lifetime(s: float, beta: Array, t: float) -> Array:
    """Expected time active in the next t: the integral of (beta/(beta + u))^s from 0 to t."""
    grown = np.log1p(t / beta)
    if abs(s - 1) < 1e-9:
        return beta * grown
    return beta * -np.expm1(-(s - 1) * grown) / (s - 1)
