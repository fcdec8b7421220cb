"""Slopes of a large base: BG/NBD's log-likelihood, gradient and Hessian as sums, not row by row.

What frequency alone decides is added up by frequency and what one length of time decides by time,
before any parameter is known. A row is looked at for one thing only: how likely it is that this
customer, who could have left at t_x, is still active.
"""

from __future__ import annotations

import numpy as np

from goodlib.value.customers import Customers
from goodlib.value.factorial import log_rising, log_rising_slopes

Array = np.ndarray
BLOCK = 16_384  # rows at a time: their arrays stay in the processor's cache


class BaseSlopes:
    """Of BG/NBD (`extra` 0) or MBG/NBD (1), k = 1, on a base of few distinct times."""

    def __init__(self, customers: Customers, extra: int) -> None:
        x, count = customers.x, customers.count
        first, last = customers.times  # there where times repeat
        self.starts, self.ends, self.extra = first.values, last.values, extra
        self.by_x = np.bincount(x, count)
        self.seen = np.bincount(first.code, count, len(first.values))  # customers by t_x
        self.bought = np.bincount(first.code, count * x, len(first.values))  # purchases by t_x
        some = x + extra > 0
        self.sure = np.bincount(last.code[~some], count[~some], len(last.values))
        self.rows = tuple(column[some] for column in (x, count, first.code, last.code))

    def derivatives(self, r: float, alpha: float, a: float, b: float) -> tuple[float, Array, Array]:
        """Log-likelihood, gradient (4,) and Hessian (4, 4) in log r, alpha, a, b."""
        slope, bend, size = np.zeros(4), np.zeros((4, 4)), self.by_x.sum()
        kinds = np.arange(len(self.by_x))
        n = kinds + self.extra
        value = self.by_x @ (log_rising(r, kinds) + log_rising(b, n) - log_rising(a + b, n))
        (one, two), (one_b, two_b), (one_ab, two_ab) = (
            [self.by_x @ each for each in log_rising_slopes(c, m)]
            for c, m in ((r, kinds), (b, n), (a + b, n))
        )
        begin, end = np.log(alpha + self.starts), np.log(alpha + self.ends)
        start, stop = 1.0 / (alpha + self.starts), 1.0 / (alpha + self.ends)
        power = r * self.seen + self.bought
        value += r * np.log(alpha) * size - power @ begin
        slope += [
            one - self.seen @ (begin - np.log(alpha)),
            r / alpha * size - power @ start,
            -one_ab,
            one_b - one_ab,
        ]
        bend[0, 0] = two
        bend[0, 1] = (self.seen * self.starts) @ start / alpha
        bend[1, 1] = power @ start**2 - r / alpha**2 * size
        bend[2, 2], bend[2, 3], bend[3, 3] = -two_ab, -two_ab, two_b - two_ab
        # who never had a chance to leave is active, from t_x = 0 on
        away = np.log(alpha) - end
        value += r * (self.sure @ away)
        slope[0] += self.sure @ away
        slope[1] += r * (self.sure @ (1.0 / alpha - stop))
        bend[0, 1] += self.sure @ (1.0 / alpha - stop)
        bend[1, 1] += r * (self.sure @ (stop**2 - 1.0 / alpha**2))
        left = 1.0 / (b + np.maximum(n - 1, 0))
        for at in range(0, len(self.rows[0]), BLOCK):
            x, count, first, last = (column[at : at + BLOCK] for column in self.rows)
            fall = begin.take(first)
            fall -= end.take(last)
            near, far, h = start.take(first), stop.take(last), left.take(x)
            less, power = near - far, r + x
            active = np.exp(power * fall)
            both = active + a * h
            value += count @ np.log(both)
            stays = count * active / both
            leaves = count - stays
            spread = leaves * active / both
            in_alpha = power * less
            slope += [stays @ fall, stays @ in_alpha, leaves.sum() / a, -(leaves @ h)]
            bend[0, 1] += stays @ less
            bend[1, 1] -= (stays * in_alpha) @ (near + far)
            bend[2, 2] += (spread.sum() - leaves.sum()) / a**2
            bend[2, 3] -= spread @ h / a
            bend[3, 3] += (spread + leaves) @ h**2
            moved, turned = spread * fall, spread * in_alpha
            bend[0, 0] += moved @ fall
            bend[0, 1] += moved @ in_alpha
            bend[1, 1] += turned @ in_alpha
            bend[0, 2:] += -moved.sum() / a, moved @ h
            bend[1, 2:] += -turned.sum() / a, turned @ h
        bend = np.triu(bend) + np.triu(bend, 1).T
        scale = np.array([r, alpha, a, b])
        slope *= scale
        return float(value), slope, bend * np.outer(scale, scale) + np.diag(slope)
