"""Where each customer stands in each draw, and what all draws together say about each customer.

Ranks are read off a ladder of spend, less than one percent from rung to rung: the bits of a
positive number, read as an integer, are such a ladder already. So a rank costs one look into a
table, and the ranks of a draw still add up to what they must. Places among the best are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEVELS = {"lower_95": 0.025, "lower_80": 0.1, "upper_80": 0.9, "upper_95": 0.975}
RUNGS = 16_000_000  # rungs x draws of the ladder
OCTAVES = 32  # below the largest by more doublings than these, or below the least seen: nothing
BLOCK = 65_536  # numbers worked on at a time: they stay in the cache
SLICE = 2_000_000  # customers x draws described at a time, in memory that is used again
TILE = 64  # customers, and draws, of a square turned at a time


@dataclass(frozen=True, eq=False)
class Standing:
    """Places and ranks in each draw, from the draws of all customers or of some that stand for
    all.

    threshold : spend of the last place among the top, a draw. share : what a customer with exactly
        that spend has of the place. ranks : rank at each rung, 1 is best, shape (draws, rungs).
    shift, lowest : bits of a spend to its rung.
    """

    threshold: np.ndarray
    share: np.ndarray
    ranks: np.ndarray
    shift: int
    lowest: int

    @classmethod
    def of(cls, spends: np.ndarray, size: int, n: int) -> Standing:
        """From spends of shape (draws, customers): `size` places among `n` customers."""
        draws, seen = spends.shape
        place = max(1, round(size * seen / n))
        threshold, share = np.empty(draws, dtype=spends.dtype), np.empty(draws)
        highest = int(max(spends.max(), 0).view(np.int32))
        floor = max(highest - (OCTAVES << 23), 1)
        shift = next(s for s in range(15, 24) if ((highest - floor) >> s) * draws <= RUNGS)
        lowest = (max(floor, min(_least(spends), highest)) >> shift) - 1
        rungs = (highest >> shift) - lowest + 1
        ranks = np.empty((draws, rungs), dtype=np.float32)
        for part in _parts(draws, max(seen, rungs)):
            below, best = np.split(np.partition(spends[part], -place, axis=1), [-place], axis=1)
            edge = best[:, :1]
            above = np.count_nonzero(best > edge, axis=1)
            ties = place - above + np.count_nonzero(below == edge, axis=1)
            threshold[part], share[part] = edge[:, 0], (size * seen / n - above) / ties
            line = _rungs(spends[part], shift, lowest, rungs)
            here = np.bincount(line.ravel(), minlength=len(line) * rungs).reshape(-1, rungs)
            middle = here - 2 * np.cumsum(here, axis=1)  # of each rung, twice, from the bottom
            ranks[part] = np.maximum(middle * (n / seen / 2) + (n + 0.5), 1.0)
        return cls(threshold, np.clip(share, 0, 1), ranks, shift, lowest)

    def of_all(self, spends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(among the best) of each customer, ties sharing what is left of the places; and the
        rank of each spend within its draw, 1 for the largest, ties at their mean rank.
        """
        draws, n = spends.shape
        top, ranks = np.zeros(n), np.empty(spends.shape, dtype=np.float32)
        rungs = self.ranks.shape[1]
        for part in _parts(draws, n):
            values, edge = spends[part], self.threshold[part, None]
            top += np.count_nonzero(values > edge, axis=0)
            top += self.share[part] @ (values == edge)
            line = _rungs(values, self.shift, self.lowest, rungs)
            self.ranks[part].take(line, out=ranks[part], mode="clip")
        return top / draws, ranks


def _least(spends: np.ndarray) -> int:
    """Bits of the least spend above zero; beyond all others where there is none."""
    one = np.uint32(1)  # taken from zero, it leaves the largest number there is
    parts = _parts(*spends.shape)
    return 1 + min(int((spends[part].view(np.uint32) - one).min()) for part in parts)


def _parts(draws: int, width: int) -> list[slice]:
    """Neighbouring draws, as many rows of this width as fit into the cache."""
    step = max(1, BLOCK // width)
    return [slice(start, start + step) for start in range(0, draws, step)]


def _rungs(spends: np.ndarray, shift: int, lowest: int, rungs: int) -> np.ndarray:
    """The rung of each spend, as its place in the flattened ladders of these draws.

    The bits of zero and of less, read as an integer, lie below the lowest rung.
    """
    line = spends.view(np.int32) >> shift
    line -= lowest
    np.clip(line, 0, rungs - 1, out=line)
    line += np.arange(0, len(line) * rungs, rungs, dtype=np.int32)[:, None]
    return line


def describe(
    counts: np.ndarray,
    spends: np.ndarray,
    standing: Standing,
    today: float | None,
    index: pd.Index,
) -> pd.DataFrame:
    """One row a customer from draws of shape (draws, customers)."""
    step = max(TILE, SLICE // len(counts))
    frames = [
        _describe(counts[:, part], spends[:, part], standing, today)
        for part in (slice(start, start + step) for start in range(0, len(index), step))
    ]
    return pd.concat(frames, ignore_index=True).set_axis(index)


def _describe(
    counts: np.ndarray, spends: np.ndarray, standing: Standing, today: float | None
) -> pd.DataFrame:
    columns = {
        "p_active": np.count_nonzero(counts, axis=0) / len(counts),
        "expected_purchases": counts.mean(axis=0),
        "expected_spend": spends.mean(axis=0, dtype=float),
    }
    columns |= _quantiles(counts, "purchases") | _quantiles(spends, "spend")
    top, rank = standing.of_all(spends)
    columns |= {"p_top": top, "expected_rank": rank.mean(axis=0, dtype=float)}
    both = _quantiles(rank, "expected_rank")
    columns |= {name: both[name] for name in both if name.endswith("80")}
    if today is not None:
        columns["p_above_today"] = (spends > today).mean(axis=0)
    return pd.DataFrame(columns)


def total_of(draws: pd.Series) -> pd.Series:
    """Mean, median and intervals of a total."""
    quantiles = {label: draws.quantile(q) for label, q in LEVELS.items()}
    return pd.Series({"mean": draws.mean(), "median": draws.median()} | quantiles)


def _quantiles(draws: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Interval columns of one quantity; quantiles are draws, so that a count's are counts."""
    places = [round(q * (len(draws) - 1)) for q in LEVELS.values()]
    found = np.empty((len(places), draws.shape[1]))
    for start in range(0, draws.shape[1], TILE):
        each = _turned(draws[:, start : start + TILE])
        each.sort(axis=1)
        found[:, start : start + TILE] = each[:, places].T
    return {f"{name}_{label}": column for label, column in zip(LEVELS, found, strict=True)}


def _turned(draws: np.ndarray) -> np.ndarray:
    """One row a customer: copied by squares, whose rows and columns both stay in the cache."""
    turned = np.empty(draws.shape[::-1], dtype=draws.dtype)
    for start in range(0, len(draws), TILE):
        turned[:, start : start + TILE] = draws[start : start + TILE].T
    return turned
