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
OCTAVES = 32  # below the largest by more doublings than these, spend is the smallest there is


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
        lowest = (floor >> shift) - 1
        rungs = (highest >> shift) - lowest + 1
        ranks = np.empty((draws, rungs), dtype=np.float32)
        for draw, values in enumerate(spends):
            edge = np.partition(values, seen - place)[seen - place]
            above, ties = np.count_nonzero(values > edge), np.count_nonzero(values == edge)
            threshold[draw], share[draw] = edge, (size * seen / n - above) / ties
            line = np.maximum((np.maximum(values, 0).view(np.int32) >> shift) - lowest, 0)
            here = np.bincount(line, minlength=rungs)
            better = seen - np.cumsum(here)
            ranks[draw] = (better + here / 2) * (n / seen) + 0.5
        share = np.clip(share, 0, 1)
        return cls(threshold, share, ranks, shift, lowest)

    def of_all(self, spends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(among the best) of each customer, ties sharing what is left of the places; and the
        rank of each spend within its draw, 1 for the largest, ties at their mean rank.
        """
        top = np.zeros(spends.shape[1])
        ranks = np.empty(spends.shape, dtype=np.float32)
        last = self.ranks.shape[1] - 1
        for draw, values in enumerate(spends):
            edge = self.threshold[draw]
            top += values > edge
            tied = values == edge
            if tied.any():
                top[tied] += self.share[draw]
            line = (np.maximum(values, 0).view(np.int32) >> self.shift) - self.lowest
            ranks[draw] = self.ranks[draw].take(np.clip(line, 0, last))
        return top / len(spends), np.maximum(ranks, 1.0)


def describe(
    counts: np.ndarray,
    spends: np.ndarray,
    standing: Standing,
    today: float | None,
    index: pd.Index,
) -> pd.DataFrame:
    """One row a customer from draws of shape (draws, customers)."""
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
    return pd.DataFrame(columns, index=index)


def total_of(draws: pd.Series) -> pd.Series:
    """Mean, median and intervals of a total."""
    quantiles = {label: draws.quantile(q) for label, q in LEVELS.items()}
    return pd.Series({"mean": draws.mean(), "median": draws.median()} | quantiles)


def _quantiles(draws: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Interval columns of one quantity; quantiles are draws, so that a count's are counts."""
    ordered = np.array(draws.T, order="C")
    ordered.sort(axis=1)
    last = ordered.shape[1] - 1
    where = {label: round(q * last) for label, q in LEVELS.items()}
    return {f"{name}_{label}": ordered[:, place].astype(float) for label, place in where.items()}
