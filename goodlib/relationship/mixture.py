"""What is known of customers and raters, the uncertainty of the spreads included.

How far customers and raters differ (the spreads) is itself estimated, from six raters badly, and an
interval that takes an estimate for the truth is too short: the reason why Student's t is wider than
the normal. So the answer is a mixture. At each of a few values of the two spreads the effects are
normal, with the fixed numbers' uncertainty in them; the weight of a value is its posterior density,

    p(spreads | scores) = prior x likelihood x det(information of the fixed numbers)^-1/2,

at the points of a rule exact to the fifth degree (McNamee & Stenger 1967): integrated nested
Laplace (Rue, Martino & Chopin 2009). The likelihood is Laplace's with the next order, and means are
the posterior's and not its mode: with few scores a customer Laplace alone favors small spreads.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from goodlib.relationship.crossed import Crossed
from goodlib.relationship.precision import Effects, Precision

OUTER = ("customer", "rater")
"""Spreads that are integrated over; those of views and days follow along."""
UNIT = {"logit": 1.0, "probit": 0.55}
"""The logistic's noise is that much wider."""
WIDEST = 1.0
"""Largest standard deviation of a log spread that the rule reaches over."""


class Node(NamedTuple):
    """The effects at one value of the spreads."""

    weight: float
    spread: dict[str, float]
    """Variance of each effect."""
    mean: Effects
    precision: Precision
    moves: list[Effects]
    """How the effects move with each of the other free numbers."""
    covariance: np.ndarray
    """Of those numbers, given the spreads."""

    def of(self, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each customer or rater."""
        customer, rater, _ = self.precision.covariance()
        moves = np.array([getattr(move, side) for move in self.moves])
        moved = np.einsum("ka,ka->a", moves, self.covariance @ moves)
        return getattr(self.mean, side), (customer if side == "customer" else rater) + moved

    def contrast(self, of: np.ndarray) -> tuple[float, float]:
        """Mean and variance of a weighted sum of raters."""
        zero = np.zeros_like
        right = Effects(
            zero(self.mean.customer), of, zero(self.mean.pair), zero(self.mean.occasion)
        )
        moves = np.array([move.rater @ of for move in self.moves])
        variance = of @ self.precision.solve(right).rater + moves @ self.covariance @ moves
        return float(of @ self.mean.rater), float(variance)

    def sample(self, n: int, random: np.random.Generator) -> np.ndarray:
        """Joint draws of the customers: customers x draws."""
        drawn = self.precision.sample(n, random) + self.mean.customer[:, None]
        values, vectors = np.linalg.eigh(self.covariance)
        shift = vectors * np.sqrt(np.maximum(values, 0.0))
        shift = shift @ random.standard_normal((values.size, n))
        return drawn + np.array([move.customer for move in self.moves]).T @ shift


def nodes(data: Crossed, psi: np.ndarray, covariance: np.ndarray, start: Effects) -> list[Node]:
    """The mixture: effects at each value of the spreads, with the values' posterior weights."""
    first = psi.size - len(data.free) - data.natural(psi).centrality.size
    outer = [first + data.free.index(name) for name in OUTER if name in data.free]
    loose = [first + data.free.index(name) for name in data.free if name not in OUTER]
    fixed = np.setdiff1d(np.arange(psi.size), outer + loose)
    points, weights = cubature(len(outer))
    root = np.zeros((0, 0))
    follow = np.zeros((psi.size, 0))
    rest = covariance[np.ix_(loose, loose)]
    if outer:
        own = covariance[np.ix_(outer, outer)]
        far = np.minimum(1.0, WIDEST / np.sqrt(np.maximum(np.diag(own), 1e-12)))
        root = np.linalg.cholesky(own * far[:, None] * far + 1e-9 * np.eye(len(outer)))
        follow = covariance[:, outer] @ np.linalg.pinv(own)
        rest = rest - follow[loose] @ covariance[np.ix_(outer, loose)]
    found, heights = [], []
    for z in points:
        at = psi + follow @ (root @ z)
        node, height = _node(data, at, start, fixed, loose, rest)
        names = [data.free[k - first] for k in outer]
        prior = sum(
            _prior(name, np.exp(at[k]) / UNIT[data.link])
            for name, k in zip(names, outer, strict=True)
        )
        found.append(node)
        heights.append(height + prior + 0.5 * z @ z)
    share = weights * np.exp(np.array(heights) - max(heights))
    share = share / share.sum()
    return [n._replace(weight=float(w)) for n, w in zip(found, share, strict=True) if w > 1e-6]


def _prior(name: str, sd: float) -> float:
    """Log density of a log spread, up to a constant.

    Of customers, who are shrunk, flat in the variance: with it the intervals of shrunk effects
    cover best (Morris 1983), bent down beyond 5. Of raters, who are few and hardly shrunk, the
    half-Cauchy of scale 2.5 (Gelman 2006).
    """
    if name == "customer":
        return float(2.0 * np.log(sd) - 2.0 * np.log1p((sd / 5.0) ** 2))
    return float(np.log(sd) - np.log1p((sd / 2.5) ** 2))


def _node(data, psi, start, fixed, loose, rest) -> tuple[Node, float]:
    """The effects at these spreads, and the log of the posterior density but for the prior."""
    value, gradient, effects, precision = data.laplace(psi, start)
    value -= data.off_zero(data.natural(psi))
    moves, information = data.inside(psi, effects, precision, fixed)
    values, vectors = np.linalg.eigh(information)
    values = definite(values)
    inverse = (vectors / values) @ vectors.T
    step = inverse @ gradient[fixed]
    height = value + 0.5 * gradient[fixed] @ step - 0.5 * np.log(values).sum()
    lean, more = data.closer(psi, effects, precision)
    mean, height = effects.plus(lean), height + more
    for move, length in zip(moves, step, strict=True):
        mean = mean.plus(move, float(length))
    moves = moves + data.response(psi, effects, precision, loose)
    known = np.zeros((len(moves), len(moves)))
    known[: fixed.size, : fixed.size], known[fixed.size :, fixed.size :] = inverse, rest
    spread = data.variance(data.natural(psi))
    return Node(1.0, spread, mean, precision, moves, known), float(height)


def definite(curvature: np.ndarray) -> np.ndarray:
    """Curvatures as if every direction were the bottom of a bowl.

    The information given the effects leaves out how they follow, so with raters' own spreads it can
    bend the wrong way a little; its size is then taken, for a step of its inverse would be endless.
    """
    return np.maximum(np.abs(curvature), 1e-6)


def cubature(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights that integrate polynomials of degree 5 over the standard normal.

    Examples
    --------
    >>> points, weights = cubature(2)
    >>> len(points), float(weights.sum().round(12)), float((weights @ points[:, 0] ** 4).round(12))
    (9, 1.0, 3.0)
    """
    points, weights = [np.zeros(d)], [2.0 / (d + 2)]
    for axis, sign in product(range(d), (-1.0, 1.0)):
        points.append(sign * np.sqrt(d + 2.0) * np.eye(d)[axis])
        weights.append((4.0 - d) / (2.0 * (d + 2) ** 2))
    for (one, two), a, b in product(combinations(range(d), 2), (-1.0, 1.0), (-1.0, 1.0)):
        points.append(np.sqrt(d / 2.0 + 1.0) * (a * np.eye(d)[one] + b * np.eye(d)[two]))
        weights.append(1.0 / (d + 2) ** 2)
    return np.array(points), np.array(weights)


class Mixed(NamedTuple):
    """Normals with weights: one row a node, one column a customer or rater."""

    weight: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation."""
        mean = self.weight @ self.mean
        return mean, np.sqrt(self.weight @ (self.variance + (self.mean - mean) ** 2))

    def quantile(self, share: float) -> np.ndarray:
        """Below which `share` of the mixture lies, by bisection."""
        mean, sd = self.moments()
        low, high, own = mean - 12.0 * sd, mean + 12.0 * sd, np.sqrt(self.variance)
        for _ in range(48):
            middle = (low + high) / 2.0
            under = self.weight @ ndtr((middle - self.mean) / own) < share
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return (low + high) / 2.0

    def columns(self) -> dict[str, np.ndarray]:
        """mean, sd and the bounds of the middle 80 %."""
        mean, sd = self.moments()
        bounds = {"lower_80": self.quantile(0.1), "upper_80": self.quantile(0.9)}
        return {"mean": mean, "sd": sd} | bounds
