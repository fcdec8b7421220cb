"""Dropout after a purchase: the likelihood of BG/NBD and its kin, one row a distinct history.

While active, a customer buys after every k-th event of a Poisson process with rate lambda (k = 1:
at any time; k > 1: regularly), and after each repeat purchase leaves for good with probability p.
lambda ~ Gamma(r, alpha), p ~ Beta(a, b). `extra` is 0 for BG/NBD and 1 for MBG/NBD, whose customers
may leave right after the first purchase too. With n = x + extra, P = r + k x and q = (T -
t_x)/(alpha + T),

    L = (r)_kx alpha^r (alpha + t_x)^-P (b)_(n-1) / (a + b)_n
        * { (b + n - 1) [(alpha + t_x)/(alpha + T)]^P  sum_{j<k} (P)_j q^j / j!   +   a [n > 0] }

first term: still active; second: left at t_x. k = 1 gives eq. (6) of Fader, Hardie & Lee (2005) and
eq. (3) of Batislam, Denizel & Filiztekin (2007), k > 1 Platzer & Reutterer (2016).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc

from goodlib.value.customers import Times
from goodlib.value.draw import Draw
from goodlib.value.factorial import log_rising, log_rising_slopes
from goodlib.value.quadrature import beta_mean, gamma_nodes

Array = np.ndarray
BLOCK = 16_384  # rows at a time that only look numbers up


class BetaGeo(NamedTuple):
    """One likelihood of the family: k events a purchase, `extra` chances to leave."""

    k: int
    extra: int
    whole: tuple[str, ...] = ("expected", "dert")
    """Quantities that look for equal rows themselves, and so must see all of them."""
    plain: tuple[str, ...] = ("p_alive",)
    """Quantities that cost less than finding equal rows."""

    def stages(self, power: Array, q: Array) -> tuple[Array, Array]:
        """Terms (P)_j q^j / j! for j = 0 .. k - 1, shape (k, n), and their sum."""
        terms = np.ones((self.k, len(power)))
        for j in range(1, self.k):
            terms[j] = terms[j - 1] * (power + j - 1) * q / j
        return terms, terms.sum(axis=0)

    def _active(self, r: float, alpha: Array, x: Array, recency: Array, T: Array) -> Array:
        """Log of the still active term, relative to leaving at t_x."""
        power, last = r + self.k * x, alpha + T
        active = power * np.log((alpha + recency) / last)
        if self.k > 1:
            active += np.log(self.stages(power, (T - recency) / last)[1])
        return active

    def _left(self, a: Array, b: float, x: Array) -> Array:
        """Log of the left term; -inf where nobody can have left."""
        n = x + self.extra
        return np.where(n > 0, np.log(a) - np.log(np.where(n > 0, b + n - 1, 1.0)), -np.inf)

    def _bought(self, r: float, a: Array, b: float, x: Array) -> Array:
        """What both terms share and frequency alone decides."""
        n = x + self.extra
        return log_rising(r, self.k * x) + log_rising(b, n) - log_rising(a + b, n)

    def _each(self, function: Callable[..., Array], *params: Array, x: Array) -> Array:
        """A function of frequency, evaluated once for each distinct one where parameters allow."""
        most = int(x.max(initial=0))
        if most >= 50_000 or any(isinstance(value, Array) for value in params):
            return function(*params, x)
        return function(*params, np.arange(most + 1)).take(x)

    def loglike(
        self, r: float, alpha: Array, a: Array, b: float, x: Array, recency: Array, T: Array
    ) -> Array:
        """Log-likelihood of each row, without the constant of the times between purchases."""
        active = self._active(r, alpha, x, recency, T)
        left = self._each(self._left, a, b, x=x)
        shared = self._each(self._bought, r, a, b, x=x)
        shared -= (r + self.k * x) * np.log(alpha + recency) - r * np.log(alpha)
        return shared + log_sum(active, left)

    def p_alive(
        self, r: float, alpha: Array, a: Array, b: float, x: Array, recency: Array, T: Array
    ) -> Array:
        """P(still active at T) of each row."""
        return self._chance(self._active(r, alpha, x, recency, T), a, b, x)

    def p_alive_timed(
        self, r: float, alpha: float, a: float, b: float, x: Array, starts: Times, ends: Times
    ) -> Array:
        """P(still active at T) for k = 1, of rows whose t_x and T are given by distinct value.

        With ((alpha + t_x)/(alpha + T))^(r + x) as a product of two powers, each looked up by
        frequency and time, no row needs a logarithm or an exponential of its own.
        """
        most, last = int(x.max(initial=0)), alpha + ends.values.max()
        middle = np.sqrt(alpha * last)
        known = (most + 1) * (len(starts.values) + len(ends.values)) < len(x)
        if not known or (r + most) * np.log(last / middle) > 600:
            begin, end = np.log(alpha + starts.values), np.log(alpha + ends.values)
            fall = begin.take(starts.code)
            fall -= end.take(ends.code)
            fall *= (r + np.arange(most + 1)).take(x)
            return self._chance(fall, a, b, x)
        one = _powers(middle / (alpha + starts.values), r, most)
        two = _powers((alpha + ends.values) / middle, r, most)
        two *= np.exp(self._left(a, b, np.arange(most + 1)))[:, None]
        answer = np.empty(len(x))
        for at in range(0, len(x), BLOCK):
            part = slice(at, at + BLOCK)
            odds = one.take(starts.cell[part])
            odds *= two.take(ends.cell[part])
            odds += 1.0
            np.divide(1.0, odds, out=answer[part])
        return answer

    def _chance(self, active: Array, a: Array, b: float, x: Array) -> Array:
        odds = self._each(self._left, a, b, x=x)
        odds -= active
        with np.errstate(over="ignore"):
            np.exp(odds, out=odds)
        odds += 1.0
        return np.divide(1.0, odds, out=odds)

    def derivatives(
        self, r: float, alpha: Array, a: Array, b: float, x: Array, recency: Array, T: Array
    ) -> tuple[Array, Array, Array]:
        """Log-likelihood (n,), gradient (4, n) and Hessian (4, 4, n) in log r, alpha, a, b."""
        active = self._active(r, alpha, x, recency, T)
        value = log_sum(active, self._each(self._left, a, b, x=x))
        shared = self._each(self._bought, r, a, b, x=x)
        shared -= (r + self.k * x) * np.log(alpha + recency) - r * np.log(alpha)
        w = np.exp(active - value)
        n, power, rows = x + self.extra, r + self.k * x, len(x)
        first, last = 1.0 / (alpha + recency), 1.0 / (alpha + T)
        slope, bend = np.zeros((4, rows)), np.zeros((4, 4, rows))

        # the active term, in r and alpha
        up_r = -np.log1p((T - recency) * first)
        up_alpha, up_cross = power * (first - last), first - last
        bend_alpha, bend_r = power * (last * last - first * first), 0.0
        if self.k > 1:
            stage = self._stage_moments(power, (T - recency) * last, last)
            up_r, up_alpha = up_r + stage[0], up_alpha + stage[1]
            bend_r, up_cross, bend_alpha = stage[2], up_cross + stage[3], bend_alpha + stage[4]
        # the left term, in a and b
        has_left = n > 0
        down_a = np.where(has_left, 1.0 / a, 0.0)
        down_b = np.where(has_left, -1.0 / np.where(has_left, b + n - 1, 1.0), 0.0)

        one, two = log_rising_slopes(r, self.k * x)
        ratio = recency / alpha
        slope[0] = one - np.log1p(ratio) + w * up_r
        slope[1] = r / alpha - power * first + w * up_alpha
        bend[0, 0] = two + w * bend_r
        bend[0, 1] = ratio * first + w * up_cross
        bend[1, 1] = power * first * first - r / (alpha * alpha) + w * bend_alpha
        one_b, two_b = log_rising_slopes(b, n)
        one_ab, two_ab = log_rising_slopes(a + b, n)
        slope[2] = -one_ab + (1 - w) * down_a
        slope[3] = one_b - one_ab + (1 - w) * down_b
        bend[2, 2] = -two_ab - (1 - w) * down_a * down_a
        bend[2, 3] = -two_ab
        bend[3, 3] = two_b - two_ab + (1 - w) * down_b * down_b

        gap = (up_r, up_alpha, -down_a, -down_b)
        spread = w * (1 - w)
        scale = (r, alpha, a, b)
        for i in range(4):
            for j in range(i, 4):
                bend[i, j] = (bend[i, j] + spread * gap[i] * gap[j]) * (scale[i] * scale[j])
                bend[j, i] = bend[i, j]
        for i in range(4):
            slope[i] *= scale[i]
            bend[i, i] += slope[i]
        return shared + value, slope, bend

    def _stage_moments(self, power: Array, q: Array, last: Array) -> tuple[Array, ...]:
        """Slopes and bends of log sum_j (P)_j q^j / j! in (r, alpha): moments over j."""
        terms, total = self.stages(power, q)
        weight = terms / total
        rows = len(power)
        in_r, in_rr = np.zeros((self.k, rows)), np.zeros((self.k, rows))
        for j in range(1, self.k):
            inverse = 1.0 / (power + j - 1)
            in_r[j], in_rr[j] = in_r[j - 1] + inverse, in_rr[j - 1] - inverse * inverse
        j = np.arange(self.k)[:, None]
        in_alpha, in_aa = -j * last, j * last * last
        mean_r, mean_alpha = (weight * in_r).sum(0), (weight * in_alpha).sum(0)
        rr = (weight * (in_rr + in_r**2)).sum(0) - mean_r**2
        cross = (weight * in_r * in_alpha).sum(0) - mean_r * mean_alpha
        aa = (weight * (in_aa + in_alpha**2)).sum(0) - mean_alpha**2
        return mean_r, mean_alpha, rr, cross, aa

    def expected(
        self,
        t: float,
        r: float,
        alpha: Array,
        a: Array,
        b: float,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Array:
        """Expected purchases in (T, T + t] of each row; exact for every k."""
        alive = self.p_alive(r, alpha, a, b, x, recency, T)
        weight = self._waiting(r, alpha, x, recency, T)
        growth = self._growth if self.k == 1 else self._growth_regular
        ahead = self._each_pair(growth, t, r, alpha, a, b, x=x, T=T)
        return alive * (weight * ahead).sum(axis=0)

    def _waiting(self, r: float, alpha: Array, x: Array, recency: Array, T: Array) -> Array:
        """P(j events since the last purchase) of an active customer, shape (k, n)."""
        terms, total = self.stages(r + self.k * x, (T - recency) / (alpha + T))
        return terms / total

    def _each_pair(self, function: Callable[..., Array], *params: Any, x: Array, T: Array) -> Array:
        """A function of x and T, shape (k, n), evaluated once for each distinct pair of them."""
        if any(np.ndim(value) for value in params):  # covariates set rows apart
            return function(*params, x, T)
        times, code = np.unique(T, return_inverse=True)
        keys, pair = np.unique(x * len(times) + code, return_inverse=True)
        return function(*params, keys // len(times), times[keys % len(times)]).take(pair, axis=1)

    def _growth(
        self, t: float, r: float, alpha: Array, a: Array, b: float, x: Array, T: Array
    ) -> Array:
        """Expected purchases in (T, T + t] if active, for k = 1, shape (1, n).

        Given p, E[(1 - exp(-lambda p t))/p] over lambda ~ Gamma(r + x, alpha + T).
        """
        growth = t / (alpha + T)

        def while_active(p: Array, rows: Array) -> Array:
            power, g = (r + x[rows])[:, None], growth[rows][:, None]
            return -np.expm1(-power * np.log1p(g * p)) / p

        return beta_mean(while_active, a, b + x + self.extra)[None, :]

    def _growth_regular(
        self, t: float, r: float, alpha: Array, a: Array, b: float, x: Array, T: Array
    ) -> Array:
        """Expected purchases in (T, T + t] if active with j events done, shape (k, n).

        Sum over n of P(n-th next purchase falls in t and is not forestalled).
        """
        power, share = r + self.k * x, t / (alpha + T + t)
        chance = np.broadcast_to(b + x + self.extra, power.shape)
        answer, kept, n = np.zeros((self.k, len(x))), np.ones(len(x)), 1
        done = np.arange(self.k)[:, None]
        while True:
            reach = kept * betainc(self.k * n - done, power + done, share)
            answer += reach
            if np.all(reach <= 1e-13 * answer):
                return answer
            if n > 100_000:
                message = f"t is too long: more than 100,000 purchases of one customer within {t:g}"
                raise ValueError(message)
            kept = kept * (chance + n - 1) / (a + chance + n - 1)
            n += 1

    def chance(
        self,
        n: int,
        t: float,
        r: float,
        alpha: Array,
        a: Array,
        b: float,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Array:
        """P(n purchases in (T, T + t]) of each row: n and still there, or the n-th was the last."""
        alive = self.p_alive(r, alpha, a, b, x, recency, T)
        power, last = r + self.k * x, alpha + T
        stage, total = self.stages(power, (T - recency) / last)
        share = t / (last + t)

        def at_least(count: int) -> Array:
            """P(count or more if none left)."""
            return sum(
                stage[j] / total * betainc(self.k * count - j, power + j, share)
                if self.k * count > j
                else stage[j] / total
                for j in range(self.k)
            )

        stay, both = b + x + self.extra, a + b + x + self.extra
        times = np.full(len(x), n)
        kept = np.exp(log_rising(stay, times) - log_rising(both, times))
        answer = kept * (at_least(n) - at_least(n + 1))
        if n > 0:
            answer = answer + kept * a / (stay + n - 1) * at_least(n)
        return alive * answer + (1 - alive) * (n == 0)

    def dert(
        self,
        delta: float,
        r: float,
        alpha: Array,
        a: Array,
        b: float,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Array:
        """Discounted expected purchases after T of each row; no package known has it.

        Active, with j events since the last purchase, the next one is worth phi^(k - j), with
        phi = lambda/(lambda + delta), and each later one (1 - p) phi^k of the one before:

            DERT = P(active) E[ phi^(k - j) / (1 - (1 - p) phi^k) ]

        over lambda ~ Gamma(r + k x + j, alpha + T), p ~ Beta(a, b + x + extra), j as it may be at
        T.
        """
        alive = self.p_alive(r, alpha, a, b, x, recency, T)
        weight = self._waiting(r, alpha, x, recency, T)
        ahead = self._each_pair(self._worth, delta, r, alpha, a, b, x=x, T=T)
        return alive * (weight * ahead).sum(axis=0)

    def _worth(
        self, delta: float, r: float, alpha: Array, a: Array, b: float, x: Array, T: Array
    ) -> Array:
        """Discounted expected purchases after T if active with j events done, shape (k, n)."""
        power, last = r + self.k * x, alpha + T
        answer = np.empty((self.k, len(x)))
        for j in range(self.k):

            def worth(p: Array, rows: Array, j: int = j) -> Array:
                sums = np.zeros((len(rows), len(p)))
                for shape in np.unique(power[rows]):  # one, unless covariates set rows apart
                    same = power[rows] == shape
                    g, weight = gamma_nodes(float(shape) + j)
                    for value, w in zip(g, weight, strict=True):
                        log_phi = -np.log1p(delta * last[rows][same] / value)[:, None]
                        first, lost = np.exp((self.k - j) * log_phi), -np.expm1(self.k * log_phi)
                        sums[same] += w * first / (lost + p * (1 - lost))
                return sums

            answer[j] = beta_mean(worth, a, b + x + self.extra)
        return answer

    def draw(
        self,
        horizon: float,
        rng: np.random.Generator,
        alive: Array,
        r: float,
        alpha: Array,
        a: Array,
        b: float,
        x: Array,
        recency: Array,
        T: Array,
    ) -> Draw:
        """One exact joint draw of active, rate, chance to leave and purchases."""
        rows = len(x)
        active = rng.random(rows) < alive
        power = r + self.k * x
        done = np.zeros(rows, dtype=np.int64)  # events since the last purchase, fewer than k
        if self.k > 1:
            stage, total = self.stages(power, (T - recency) / (alpha + T))
            done = (rng.random(rows) > np.cumsum(stage / total, axis=0)).sum(axis=0)
            done = np.minimum(done, self.k - 1)
        rate = rng.standard_gamma(power + done) / (alpha + T)
        leaving = rng.beta(a, b + x + self.extra, rows)
        purchases = (rng.poisson(rate * horizon) + done) // self.k
        last = rng.geometric(np.clip(leaving, 1e-15, 1.0))
        return Draw(active, rate, leaving, np.minimum(purchases, last) * active)


def _powers(ratio: Array, r: float, most: int) -> Array:
    """ratio^(r + x) for x from 0 to `most`, one row each."""
    table = np.empty((most + 1, len(ratio)))
    table[0] = ratio**r
    table[1:] = ratio
    return np.multiply.accumulate(table, axis=0, out=table)


def log_sum(one: Array, two: Array) -> Array:
    """log(e^one + e^two), to the last digit or two, at a third of the cost of logaddexp."""
    return np.maximum(one, two) + np.log(1.0 + np.exp(-np.abs(one - two)))
