"""How exactly the scores tell the effects: the negative Hessian, factored along the crossing.

Occasions nest in pairs and pairs in customer x rater, so they are absorbed by scalars; of customers
and raters the larger side is eliminated into a dense system of the smaller (Schur complement). What
is asked of it: solve, log-determinant, variances of every score's predictor, joint draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from goodlib.relationship.crossed import Crossed


DENSE = 200_000
"""Cells up to which the table of customers and raters is kept whole."""


class Effects(NamedTuple):
    """One value per level of each effect; an effect the data cannot show is empty."""

    customer: np.ndarray
    rater: np.ndarray
    pair: np.ndarray
    occasion: np.ndarray

    def plus(self, other: Effects, step: float = 1.0) -> Effects:
        return Effects(*(a + step * b for a, b in zip(self, other, strict=True)))


class Spread(NamedTuple):
    """Variances of the effects given the scores."""

    score: np.ndarray
    """Of each score's predictor."""
    customer: np.ndarray
    by_pair: np.ndarray
    """Of each pair's predictor."""
    total: tuple[float, float, float, float]
    """Summed over the levels of each effect."""
    pair: np.ndarray
    """Of each pair's own view; empty when not in the model."""


class Precision:
    """The negative Hessian in the effects, given the scores' weights and the effects' variances."""

    def __init__(self, data: Crossed, w: np.ndarray, variance: dict[str, float]) -> None:
        self.data = data
        self.variance = variance
        occasion = np.bincount(data.occasion, w, data.pair.size)
        self.shrink_occasion, rest = _absorb(occasion, variance["occasion"])
        pair = np.bincount(data.pair, rest, data.customer.size)
        self.shrink_pair, rest = _absorb(pair, variance["pair"])
        self.by_pair, self.occasion, self.pair = rest, occasion, pair
        n_customers, n_raters = data.size.get("customer", 0), data.size.get("rater", 0)
        self.customers_large = n_customers >= n_raters
        sides = [(data.customer, n_customers, "customer"), (data.rater, n_raters, "rater")]
        (self.large, n_large, name_large), (self.small, n_small, name_small) = (
            sides if self.customers_large else sides[::-1]
        )
        self.large_diagonal = np.bincount(self.large, rest, n_large) + 1.0 / variance[name_large]
        log_det = np.log(self.large_diagonal).sum() + n_large * np.log(variance[name_large])
        self.factor = None
        if n_small:
            cross = _table(rest, self.large, self.small, (n_large, n_small))
            self.link = _table(
                rest / self.large_diagonal[self.large], self.large, self.small, cross.shape
            )
            small = np.bincount(self.small, rest, n_small) + 1.0 / variance[name_small]
            told = cross.T @ self.link
            schur = np.diag(small) - (told if isinstance(told, np.ndarray) else told.toarray())
            self.factor = cho_factor(schur, lower=True)
            log_det += 2.0 * np.log(np.diag(self.factor[0])).sum()
            log_det += n_small * np.log(variance[name_small])
        log_det += np.log1p(occasion * variance["occasion"]).sum()
        log_det += np.log1p(pair * variance["pair"]).sum()
        self.log_ratio = log_det
        """log det of precision less that of the prior's."""

    def solve(self, right: Effects) -> Effects:
        """The effects that this precision turns into `right`."""
        data = self.data
        customer, rater, pair, occasion = right
        if occasion.size:
            passed = np.bincount(data.pair, self.shrink_occasion * occasion, data.customer.size)
            customer, rater, pair = self._pass(passed, customer, rater, pair)
        if pair.size:
            customer, rater, _ = self._pass(self.shrink_pair * pair, customer, rater, np.zeros(0))
        sides = (customer, rater) if self.customers_large else (rater, customer)
        large, small = sides
        if self.factor is not None:
            small = cho_solve(self.factor, small - self.link.T @ large)
            large = large / self.large_diagonal - self.link @ small
        else:
            large = large / self.large_diagonal
        customer, rater = (large, small) if self.customers_large else (small, large)
        sum_pair = customer[data.customer] + (rater[data.rater] if rater.size else 0.0)
        if pair.size:
            pair = self._own(pair, self.pair, self.variance["pair"]) - self.shrink_pair * sum_pair
            sum_pair = sum_pair + pair
        if occasion.size:
            own = self._own(occasion, self.occasion, self.variance["occasion"])
            occasion = own - self.shrink_occasion * sum_pair[data.pair]
        return Effects(customer, rater, pair, occasion)

    @staticmethod
    def _own(right: np.ndarray, weight: np.ndarray, variance: float) -> np.ndarray:
        return right * variance / (1.0 + weight * variance)

    def _pass(self, by_pair, customer, rater, pair):
        data = self.data
        customer = customer - np.bincount(data.customer, by_pair, customer.size)
        if rater.size:
            rater = rater - np.bincount(data.rater, by_pair, rater.size)
        return customer, rater, pair - by_pair if pair.size else pair

    def covariance(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Variance of each customer and rater, and the covariance of both of every pair."""
        if self.factor is None:
            return 1.0 / self.large_diagonal, np.zeros(0), np.zeros(self.by_pair.size)
        small = cho_solve(self.factor, np.eye(self.factor[0].shape[0]))
        large = 1.0 / self.large_diagonal
        crossing = np.zeros(self.by_pair.size)
        order = np.argsort(self.large, kind="stable")
        start = np.searchsorted(self.large[order], np.arange(self.large_diagonal.size + 1))
        step = max(1, int(2e7 // max(1, small.shape[0])))
        for first in range(0, self.large_diagonal.size, step):
            last = min(first + step, self.large_diagonal.size)
            rows = self.link[first:last]
            dense = rows @ small
            large[first:last] += (rows * dense).sum(axis=1)
            at = order[start[first] : start[last]]
            crossing[at] = -dense[self.large[at] - first, self.small[at]]
        sides = (large, np.diag(small).copy())
        customer, rater = sides if self.customers_large else sides[::-1]
        return customer, rater, crossing

    def spread(self) -> Spread:
        """Variances given the scores: of every score's predictor, and summed over each effect."""
        data = self.data
        customer, rater, crossing = self.covariance()
        both = customer[data.customer] + 2.0 * crossing
        if rater.size:
            both = both + rater[data.rater]
        own = self.variance["pair"] / (1.0 + self.pair * self.variance["pair"])
        pair = self.shrink_pair**2 * both + own
        both = (1.0 - self.shrink_pair) ** 2 * both + own
        own = self.variance["occasion"] / (1.0 + self.occasion * self.variance["occasion"])
        occasion = self.shrink_occasion**2 * both[data.pair] + own
        score = (1.0 - self.shrink_occasion) ** 2 * both[data.pair] + own
        has = self.data.size
        total = (
            customer.sum(),
            rater.sum(),
            pair.sum() if "pair" in has else 0.0,
            occasion.sum() if "occasion" in has else 0.0,
        )
        own_view = pair if "pair" in has else np.zeros(0)
        return Spread(score[data.occasion], customer, both, total, own_view)

    def sample(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """Deviations of the customers from their mode: customers x draws, joint."""
        large = random.standard_normal((self.large_diagonal.size, draws))
        large /= np.sqrt(self.large_diagonal)[:, None]
        if self.factor is None:
            return large
        small = random.standard_normal((self.factor[0].shape[0], draws))
        small = solve_triangular(self.factor[0], small, lower=True, trans="T")
        return large - self.link @ small if self.customers_large else small


def _table(weight: np.ndarray, row: np.ndarray, column: np.ndarray, shape: tuple[int, int]):
    """The weights of the pairs as a matrix: dense where that is small, else sparse."""
    if shape[0] * shape[1] > DENSE:
        return csr_array((weight, (row, column)), shape=shape)
    table = np.zeros(shape)
    table[row, column] = weight
    return table


def _absorb(weight: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of what is above that a nested effect takes up, and the weight that is left for it."""
    left = weight / (1.0 + weight * variance)
    return variance * left, left
