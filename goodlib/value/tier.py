"""Today's tiers against tomorrow's: how much a tier assigned today is worth.

Whoever is on top got there partly by a good year. So of today's top some will not be tomorrow's,
and a firm that treats tiers as facts misses part of those who would have been worth it.
Malthouse & Blattberg (2005) found on many bases that of tomorrow's top fifth 55 % were not
expected there and of the others 15 % were (the 20-55 / 80-15 rule).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2, multivariate_normal, norm

from goodlib.value.score import hit_rate, list_size, places

RULE = (0.55, 0.15)  # of Malthouse & Blattberg (2005), for the top 20 %
TIERS = {"best fifth": 0.2, "middle": 0.5, "lower half": 1.0}


class Symmetry(NamedTuple):
    """Bowker's test: do as many rise from one tier to another as fall back?"""

    statistic: float
    df: int
    pvalue: float


class Luck(NamedTuple):
    """Two windows in which nobody changed, many times over: `goodlib.value.luck`.

    moves : mean count of customers by tier before (rows) and after (columns). stay : share of the
        best fifth that stays in it, with its 95 % range.
    """

    moves: pd.DataFrame
    stay: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Tiers:
    """Two windows of the same customers.

    moves : customers by tier before (rows) and after (columns). missed : share of the top after
    who were not in the top before; mistaken : share of the others after who were in the top before;
    each with a 95 % interval. correlation : of a bivariate normal with as many that stay.
    fall : mean spend after of the top before, relative to before; rise : mean spend before of the
    top after, relative to after. Where only regression to the mean is at work both are alike.
    luck : what the same two windows would show if nobody had changed, where that is known.
    """

    moves: pd.DataFrame
    missed: tuple[float, float, float]
    mistaken: tuple[float, float, float]
    correlation: float
    symmetry: Symmetry
    fall: float
    rise: float
    luck: Luck | None = None

    @property
    def moves_by_luck(self) -> pd.DataFrame | None:
        """The same table if nobody had changed."""
        return None if self.luck is None else self.luck.moves


def compare_tiers(before: pd.Series, after: pd.Series, draws: int, seed: int) -> Tiers:
    """Spend of the same customers in two windows, by tiers.

    Parameters
    ----------
    before, after : Series by customer, one index
        Spend in two windows of the same length.
    draws, seed : int
        Resamples of customers for the intervals, and their seed.
    """
    if not before.index.equals(after.index):
        message = "before and after must hold the same customers in the same order: reindex one"
        raise ValueError(message)
    if len(before) < 30:
        message = f"tiers need at least 30 customers: got {len(before)}"
        raise ValueError(message)
    one, other = before.to_numpy(dtype=float), after.to_numpy(dtype=float)
    rng = np.random.default_rng(seed)
    n = len(one)
    hits = np.array(
        [
            hit_rate(one[rows], other[rows], 0.2)
            for rows in (rng.integers(n, size=n) for _ in range(draws))
        ]
    )
    hit = hit_rate(one, other, 0.2)
    lower, upper = np.quantile(hits, [0.025, 0.975])
    other_share = list_size(n, 0.2) / (n - list_size(n, 0.2))
    moves = transition(before, after)
    top_before, top_after = (places(values, list_size(n, 0.2)) for values in (one, other))
    return Tiers(
        moves,
        (1 - hit, float(1 - upper), float(1 - lower)),
        (
            (1 - hit) * other_share,
            float((1 - upper) * other_share),
            float((1 - lower) * other_share),
        ),
        implied_correlation(0.2, hit),
        bowker(moves),
        float(top_before @ other / max(top_before @ one, 1e-12) - 1),
        float(top_after @ one / max(top_after @ other, 1e-12) - 1),
    )


def transition(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """Customers by tier before (rows) and after (columns); ties keep the order of the rows."""
    names = list(TIERS)
    edges = np.array(list(TIERS.values()))
    codes = []
    for values in (before, after):
        place = values.rank(ascending=False, method="first").to_numpy() / len(values)
        codes.append(np.minimum(np.searchsorted(edges, place - 1e-12), len(names) - 1))
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, tuple(codes), 1)
    return pd.DataFrame(counts, index=names, columns=names)


def bowker(moves: pd.DataFrame) -> Symmetry:
    """Bowker's (1948) test of symmetry of a square table of counts.

    The sum over pairs of (n_ij - n_ji)^2 / (n_ij + n_ji), chi-square with one degree of freedom for
    each pair that occurs.
    """
    counts = moves.to_numpy(dtype=float)
    gap, both = counts - counts.T, counts + counts.T
    upper = np.triu(both > 0, k=1)
    df = int(upper.sum())
    statistic = float((gap[upper] ** 2 / both[upper]).sum())
    return Symmetry(statistic, df, float(chi2.sf(statistic, df)) if df else 1.0)


def implied_correlation(share: float, hit: float) -> float:
    """Correlation of two normal scores of which a part `hit` of the top `share` stays on top.

    The 20-55 / 80-15 rule implies .52:

    >>> round(implied_correlation(0.2, 0.45), 2)
    0.52
    """
    edge = norm.ppf(share)

    def stays(rho: float) -> float:
        both = multivariate_normal.cdf([edge, edge], cov=[[1, rho], [rho, 1]])
        return float(both / share - hit)

    if stays(-0.999) >= 0:
        return -1.0
    return 1.0 if stays(0.999) <= 0 else float(brentq(stays, -0.999, 0.999, xtol=1e-6))


def audit_effort(
    first: pd.Series, last: pd.Series, hours: pd.Series, minimum: float
) -> dict[str, float]:
    """Did treatment follow the tier? What is seen, not what would have been.

    Parameters
    ----------
    first, last : Series by customer, one index
        Spend in the first and in the last window.
    hours : Series by customer
        Hours given in between; missing ones are none.
    minimum : float
        Hours that everybody gets: more counts as more than the minimum.

    Returns
    -------
    dict
        `low` (customers outside the best fifth at first), `best_once_low` (share of the best fifth
        now who were outside at first), `given_more` (share of the low who got more than the
        minimum), `rose_given` and `rose_not` (share of each that rose into the best fifth),
        `given`. Observational: hours may have gone to those who were rising anyway.
    """
    size = list_size(len(first), 0.2)
    was = places(first.to_numpy(dtype=float), size) > 0.5
    now = places(last.to_numpy(dtype=float), size) > 0.5
    more = hours.reindex(first.index).fillna(0.0).to_numpy() > minimum
    low = ~was
    return {
        "low": float(low.sum()),
        "given": float((low & more).sum()),
        "best_once_low": float((now & low).sum() / max(now.sum(), 1)),
        "given_more": float((low & more).sum() / max(low.sum(), 1)),
        "rose_given": float((now & low & more).sum() / max((low & more).sum(), 1)),
        "rose_not": float((now & low & ~more).sum() / max((low & ~more).sum(), 1)),
    }
