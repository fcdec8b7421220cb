"""The log-likelihood of a base at a whole cloud of parameters, for the posterior's draws.

One by one, each point pays for every distinct history anew. Much of the sum does not need that:
rising factorials add up over how many customers bought more than j times, and logarithms of time
over the few distinct times (days of a history). What is left is a sum over histories of the two
terms, active or left, and for Pareto/NBD the integral of having left, which for one frequency runs
along the same days for everybody: it is added up day by day, once, and read off at both ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from goodlib.value.betageo import BetaGeo
from goodlib.value.customers import Customers
from goodlib.value.pareto import Pareto
from goodlib.value.quadrature import legendre

Array = np.ndarray
WIDTH = 48_000  # numbers an array of one step holds: they stay in the processor's cache
NODES = 4  # of the integral between two times
BENT = 0.8  # how far its logarithm may move between two times: four nodes then err by 1e-10
REACH = 600.0  # logarithm of the largest number that the integral meets
PARTS = 10  # of the sample of a large base
LONGEST = 50_000  # purchases of a customer beyond which sums over j are no cheaper


class Cloud:
    """Sums over a base that do not depend on the parameters, for its log-likelihood at many."""

    def __init__(self, law: BetaGeo | Pareto, customers: Customers) -> None:
        x, count = customers.x, customers.count
        self.law, self.count, self.x, self.nobs = law, count, x, float(count.sum())
        self.recency, self.T = customers.recency, customers.T
        self.times, code = np.unique(np.append(self.recency, self.T), return_inverse=True)
        self.first, self.last = code[: len(x)], code[len(x) :]

    def loglike(self, params: Array) -> Array:
        """Log-likelihood at each row of `params`, on their own scale.

        NaN where this way is not there, or dearer than one history after the other.
        """
        answer = np.full(len(params), np.nan)
        if self.x.max() >= LONGEST:
            return answer
        if isinstance(self.law, BetaGeo):
            work, size, own = _BetaGeoSum(self), len(self.x), np.arange(len(params))
        else:
            work = _ParetoSum(self, np.exp(np.log(params).mean(axis=0)))
            size, own = len(work.time), np.flatnonzero(work.bend(params) < BENT)
            if size * (10 + len(work.kinds)) > 150 * len(self.x):
                return answer
        each = max(1, WIDTH // size)
        for rows in np.split(own, range(each, len(own), each)):
            answer[rows] = work.at(*params[rows].T[:, :, None])
        return answer

    def beyond(self, n: Array) -> Array:
        """Customers with more than j of `n`, for j from 0.

        Sums of log (c)_n over the base are sums of these times log(c + j).
        """
        return self.nobs - np.cumsum(np.bincount(n, weights=self.count))[:-1]


def sampled(model: Any, thetas: Array, centre: Array, size: int) -> tuple[Array, float]:
    """Log-likelihood of a large base at each row of `thetas`, and the standard error it makes.

    The parabola of the whole base at `centre`, plus what a sample of `size` histories adds to its
    own parabola: the error is that of the remainder alone, told by how parts of the sample differ.
    """
    whole = _parabola(model.derivatives(centre), thetas - centre)
    rows = np.random.default_rng(0).permutation(len(model.customers.x))[:size]
    remainders = []
    for batch in np.split(rows, PARTS):
        part = model.part(np.sort(batch))
        own = _parabola(part.derivatives(centre), thetas - centre)
        remainders.append(model.nobs / part.nobs * (part.exact(thetas) - own))
    error = np.std(remainders, axis=0, ddof=1) / np.sqrt(PARTS)
    return whole + np.mean(remainders, axis=0), float(np.median(error))


def _parabola(derivatives: tuple[float, Array, Array], gap: Array) -> Array:
    """Value, slope and bend at a point, carried to points at these gaps from it."""
    value, slope, bend = derivatives
    return value + gap @ slope + 0.5 * np.einsum("ij,jk,ik->i", gap, bend, gap)


class _BetaGeoSum:
    """BG/NBD and its kin, at blocks of parameters of shape (points, 1)."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.k = cloud, cloud.law.k
        n = cloud.x + cloud.law.extra
        self.rises = cloud.beyond(self.k * cloud.x), cloud.beyond(n)
        width = len(cloud.times)
        self.starts = np.bincount(cloud.first, cloud.count, width)
        self.bought = np.bincount(cloud.first, cloud.count * self.k * cloud.x, width)
        some = n > 0  # who never had a chance to leave is active
        self.groups = np.flatnonzero(some), np.flatnonzero(~some)
        self.before = n[some] - 1

    def at(self, r: Array, alpha: Array, a: Array, b: Array) -> Array:
        """Log-likelihood of the base at each point."""
        cloud = self.cloud
        rises, leaves = (np.arange(len(beyond)) for beyond in self.rises)
        logs = np.log(alpha + cloud.times)
        value = np.log(r + rises) @ self.rises[0]
        value += np.log((b + leaves) / (a + b + leaves)) @ self.rises[1]
        value += cloud.nobs * (r * np.log(alpha))[:, 0]
        value -= r[:, 0] * (logs @ self.starts) + logs @ self.bought
        with_chance, without = self.groups
        value += self._active(r, alpha, logs, without) @ cloud.count[without]
        both = self._active(r, alpha, logs, with_chance)
        np.exp(both, out=both)
        both += (a / (b + leaves)).take(self.before, axis=1)
        return value + np.log(both, out=both) @ cloud.count[with_chance]

    def _active(self, r: Array, alpha: Array, logs: Array, rows: Array) -> Array:
        """Log of the still active term of these rows, relative to leaving at t_x."""
        cloud = self.cloud
        power = r + self.k * cloud.x[rows]
        active = logs.take(cloud.first[rows], axis=1)
        active -= logs.take(cloud.last[rows], axis=1)
        active *= power
        if self.k > 1:
            share = (cloud.T[rows] - cloud.recency[rows]) / (alpha + cloud.T[rows])
            total, term = 1.0, 1.0
            for j in range(1, self.k):
                term = term * (power + j - 1) * share / j
                total = total + term
            active += np.log(total)
        return active


class _ParetoSum:
    """Pareto/NBD, at blocks of parameters of shape (points, 1).

    With A(t) = (alpha + t)^-(r + x) (beta + t)^-s, relative to a time between the first and the
    last, a history of frequency x has A(T) + s int_{t_x}^T A(t)/(beta + t) dt. The integral is
    added up from the last time of the base to the first.
    """

    def __init__(self, cloud: Cloud, centre: Array) -> None:
        self.base = cloud
        kinds, kind = np.unique(cloud.x, return_inverse=True)
        order = np.argsort(kind, kind="stable")
        edges = np.searchsorted(kind[order], np.arange(len(kinds) + 1))
        parts = [slice(*pair) for pair in zip(edges[:-1], edges[1:], strict=True)]
        first, last = cloud.first[order], cloud.last[order]
        # the largest frequency whose integral passes a time, and how far it bends to the next one
        soonest = np.array([first[part].min() for part in parts])
        passing = np.zeros(len(cloud.times))
        np.maximum.at(passing, soonest, kinds)
        self.passing = np.maximum.accumulate(passing)
        self.gap, self.starts = np.append(np.diff(cloud.times), 0.0), cloud.times
        pieces = np.maximum(np.ceil(2 * self.bends(*centre) / BENT), 1.0)
        pieces = np.minimum(pieces, 1e4).astype(np.intp)
        # times from the last on, with as many between two as the centre of the cloud asks for
        place = np.cumsum(pieces) - pieces
        step = np.repeat(self.gap / pieces, pieces)
        number = np.arange(len(step)) - np.repeat(place, pieces)
        times = np.repeat(cloud.times, pieces) + number * step
        self.passing, self.gap, self.starts = np.repeat(self.passing, pieces), step, times
        place = len(times) - 1 - place
        self.times, length = times[::-1], step[::-1]
        self.count = cloud.count[order]
        self.kinds = [
            (int(each), part, place[first[part]], place[last[part]])
            for each, part in zip(kinds, parts, strict=True)
        ]
        at, weight = legendre(NODES)
        between = self.times + np.multiply.outer(at, length)
        self.time = np.vstack([between, self.times]).ravel()
        self.weight = np.multiply.outer(weight, length).ravel()
        self.rises, self.bought = cloud.beyond(cloud.x), float(cloud.x @ cloud.count)

    def bends(self, r: Array, alpha: Array, s: Array, beta: Array) -> Array:
        """How far the logarithm of an integrand moves from each time to the next, at most."""
        fall = (r + self.passing) / (alpha + self.starts) + (s + 1) / (beta + self.starts)
        return self.gap * fall

    def bend(self, params: Array) -> Array:
        """The largest of the bends at each point; infinite where values leave the range."""
        r, alpha, s, beta = params.T
        reach = (r + self.kinds[-1][0]) * np.log1p(self.times[0] / alpha)
        reach += (s + 1) * np.log1p(self.times[0] / beta)
        bend = np.array([self.bends(*point).max() for point in params])
        return np.where(0.5 * reach < REACH, bend, np.inf)

    def at(self, r: Array, alpha: Array, s: Array, beta: Array) -> Array:
        """Log-likelihood of the base at each point."""
        points, width, last = len(r), len(self.times), self.times[0]
        mid_a, mid_b = np.sqrt(alpha * (alpha + last)), np.sqrt(beta * (beta + last))
        step, near = mid_a / (alpha + self.time), mid_b / (beta + self.time)
        fall = np.log(step)
        terms = np.exp(r * fall + s * np.log(near))
        inner = NODES * width
        terms[:, :inner] *= near[:, :inner] * self.weight * (s / mid_b)
        both, before = np.empty((points, len(self.count))), 0
        for kind, part, first, end in self.kinds:
            if kind > before + 8:
                terms *= np.exp((kind - before) * fall)
            else:
                for _ in range(kind - before):
                    terms *= step
            before, left = kind, terms[:, :width] + terms[:, width : 2 * width]
            for node in range(2, NODES):
                left += terms[:, node * width : (node + 1) * width]
            np.cumsum(left, axis=1, out=left)
            here = left.take(first, axis=1)
            here -= left.take(end, axis=1)
            np.add(here, terms[:, inner:].take(end, axis=1), out=both[:, part])
        value = np.log(both, out=both) @ self.count
        value += np.log(r + np.arange(len(self.rises))) @ self.rises
        value += self.base.nobs * (r * np.log(alpha / mid_a) + s * np.log(beta / mid_b))[:, 0]
        return value - self.bought * np.log(mid_a)[:, 0]
