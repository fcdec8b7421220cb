"""Do two orderings of the same customers agree?

One ordering by money, one by people. The measures differ in what they punish: tau-b and gamma count
pairs in the same and in opposite order, weighted kappa counts how many tiers two segmentations are
apart, rank-biased overlap looks at the top, where the attention is. Measures that ignore the
order of the tiers (mutual information, the adjusted Rand index) are left out on purpose: renaming
the best tier the worst leaves them unchanged.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.contingency_tables import SquareTable

SMALL = 400
"""Up to so many customers every pair is looked at; beyond it sorting is faster."""


class Pairs(NamedTuple):
    """How the pairs of customers stand in two orderings."""

    concordant: float
    """Pairs in the same order."""
    discordant: float
    """Pairs in opposite order."""
    tau_b: float
    """Kendall's tau-b: the difference as a share of all pairs, corrected for ties on both sides."""
    gamma: float
    """Goodman and Kruskal's gamma: the difference as a share of the untied pairs."""
    somers_d: float
    """Somers' d of y given x: the difference as a share of the pairs not tied on x."""


def pairs(x: np.ndarray, y: np.ndarray) -> Pairs:
    """Concordant and discordant pairs of two orderings, and the measures made of them.

    Kendall (1945) for tau-b, Goodman & Kruskal (1954) for gamma, Somers (1962) for d.

    Parameters
    ----------
    x, y : array of n numbers
        The two orderings; larger is better in both.

    Returns
    -------
    Pairs
        Missing values where one side is constant: nobody stands before anybody.

    Examples
    --------
    Income and job satisfaction (Agresti):

    >>> table = [[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]]
    >>> income_satisfaction = pairs(*members(table))
    >>> [round(float(n), 4) for n in income_satisfaction]
    [1331.0, 849.0, 0.1524, 0.2211, 0.1417]
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.shape != y.shape or x.ndim != 1:
        message = f"Two orderings need one number a customer each: {x.shape} and {y.shape} differ."
        raise ValueError(message)
    if np.isnan(x).any() or np.isnan(y).any():
        n = int((np.isnan(x) | np.isnan(y)).sum())
        message = (
            f"An ordering has no missing values: {n} of {len(x)} customers lack one. Leave them "
            "out."
        )
        raise ValueError(message)
    ties_x, ties_y, ties_both = _tied(x), _tied(y), _tied(np.column_stack([x, y]))
    everybody = len(x) * (len(x) - 1) / 2
    if everybody in (ties_x, ties_y):
        return Pairs(0.0, 0.0, np.nan, np.nan, np.nan)
    untied = np.sqrt(everybody - ties_x) * np.sqrt(everybody - ties_y)
    if len(x) <= SMALL:
        both = np.sign(np.subtract.outer(x, x)) * np.sign(np.subtract.outer(y, y))
        difference = both.sum() / 2
        tau_b = float(difference / untied)
    else:
        tau_b = float(stats.kendalltau(x, y, method="asymptotic").statistic)
        difference = tau_b * untied
    total = everybody - ties_x - ties_y + ties_both
    concordant, discordant = round((total + difference) / 2), round((total - difference) / 2)
    gamma = difference / total if total else np.nan
    return Pairs(concordant, discordant, tau_b, gamma, difference / (everybody - ties_x))


def members(table: np.ndarray | list) -> tuple[np.ndarray, np.ndarray]:
    """Row and column number of every member of a table of counts."""
    table = np.asarray(table)
    rows, columns = np.indices(table.shape)
    return np.repeat(rows, table.ravel()), np.repeat(columns, table.ravel())


def weighted_kappa(table: np.ndarray | list, weights: str = "linear") -> float:
    """Agreement of two segmentations beyond chance; a miss by two tiers costs more than by one.

    Cohen (1968): one is full agreement, zero as much as chance gives.

    Parameters
    ----------
    table : array of k x k counts
        Rows the one segmentation, columns the other, tiers in the same order.
    weights : "linear", "quadratic" or "none"
        Cost of a miss by the number of tiers, its square, or one.

    Examples
    --------
    >>> round(weighted_kappa([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]), 4)
    0.2374
    """
    known = {"linear": 1.0, "quadratic": 2.0, "none": 0.0}
    if weights not in known:
        message = f"weights must be one of {', '.join(known)}, got {weights!r}."
        raise ValueError(message)
    table = _square(table).astype(float)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if (columns > 0).sum() < 2 and (rows > 0).sum() < 2:
        return np.nan
    apart = np.abs(np.subtract.outer(np.arange(len(table)), np.arange(len(table))))
    cost = np.where(apart > 0, apart.astype(float) ** known[weights], 0.0)
    return float(1 - (cost * table).sum() * table.sum() / (cost * np.outer(rows, columns)).sum())


def square_tests(table: np.ndarray | list) -> pd.DataFrame:
    """Does one side put customers higher than the other? Tests of a square transition table.

    Bowker (1948): as many move up as down between each pair of tiers. Stuart (1955) and Maxwell
    (1970), and Bhapkar (1966): both sides fill the tiers equally. Pairs of tiers between which
    nobody moves say nothing and are left out of Bowker's degrees of freedom.

    Returns
    -------
    DataFrame, one row a test
        `statistic`, `df`, `pvalue`; missing where a tier is empty on both sides.

    Examples
    --------
    Unaided distance vision, 7,477 women, right eye against left (Stuart 1953):

    >>> vision = [[1520, 266, 124, 66], [234, 1512, 432, 78],
    ...           [117, 362, 1772, 205], [36, 82, 179, 492]]
    >>> square_tests(vision)["statistic"].round(3).to_dict()
    {'Bowker': 19.107, 'Stuart-Maxwell': 11.957, 'Bhapkar': 11.976}
    """
    table = _square(table).astype(float)
    upper = np.triu_indices(len(table), 1)
    moved, back = table[upper], table.T[upper]
    some = moved + back > 0
    bowker = float(((moved - back)[some] ** 2 / (moved + back)[some]).sum())
    rows = {"Bowker": (bowker, int(some.sum()))}
    used = (table.sum(axis=0) + table.sum(axis=1)) > 0
    square = SquareTable(table[np.ix_(used, used)], shift_zeros=False)
    for name, method in (("Stuart-Maxwell", "stuart_maxwell"), ("Bhapkar", "bhapkar")):
        try:
            test = square.homogeneity(method=method)
            rows[name] = (float(test.statistic), int(test.df))
        except np.linalg.LinAlgError:
            rows[name] = (np.nan, int(used.sum()) - 1)
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["statistic", "df"])
    frame["pvalue"] = stats.chi2.sf(frame["statistic"], frame["df"].where(frame["df"] > 0))
    return frame.rename_axis("test")


def rank_biased_overlap(x: np.ndarray, y: np.ndarray, p: float) -> float:
    """How much two orderings share at the top: 1 the same, near 0 nothing in common.

    Rank-biased overlap of Webber, Moffat & Zobel (2010), extrapolated: at each depth the share of
    customers that both orderings have down to it, depths weighted by p^(d-1). Customers that tie
    share their places: the result is the mean over all ways to break the ties (variant a of Corsi
    & Urbano 2024).

    Parameters
    ----------
    x, y : array of n numbers
        Larger is better.
    p : float in (0, 1)
        The reader's patience: the first 1 / (1 - p) places carry about two thirds of the weight.
    """
    if not 0 < p < 1:
        message = f"p must lie between 0 and 1, got {p!r}: 0.9 looks at about the first ten places."
        raise ValueError(message)
    first, second = _places(x), _places(y)
    n = len(first[0])
    depth = np.arange(1, n + 1)
    both = np.zeros(n)
    alone = (first[1] == 0) & (second[1] == 0)
    np.add.at(both, np.maximum(first[0], second[0])[alone].astype(int) - 1, 1.0)
    both = both.cumsum()
    tied = np.flatnonzero(~alone)
    for some in np.array_split(tied, max(1, tied.size * n // 10**6)):
        both += (_chance(first, some, depth) * _chance(second, some, depth)).sum(axis=0)
    weight = (1 - p) * p ** (depth - 1)
    return float(weight @ (both / depth) + p**n * both[-1] / n)


def top_overlap(x: np.ndarray, y: np.ndarray, share: float) -> float:
    """Of the best `share` by x, the part that is among the best `share` by y; ties share places."""
    count = top_count(len(x), share)
    first, second = _places(x), _places(y)
    chance = [np.clip((count - place + 1) / (ties + 1), 0, 1) for place, ties in (first, second)]
    return float((chance[0] * chance[1]).sum() / count)


def top_count(n: int, share: float) -> int:
    """How many of n customers the best `share` are: at least one."""
    if not 0 < share <= 1:
        message = f"share must lie in (0, 1], got {share!r}: 0.1 is the best tenth."
        raise ValueError(message)
    return max(1, round(n * share))


def _places(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First place of each customer's tie, best is 1, and with how many others it is shared."""
    x = -np.asarray(x, float)
    ordered = np.sort(x)
    before = np.searchsorted(ordered, x, side="left")
    return before + 1.0, np.searchsorted(ordered, x, side="right") - before - 1.0


def middle_rank(x: np.ndarray) -> np.ndarray:
    """Each customer's place, best is 1; those who tie have the middle of their places."""
    place, ties = _places(x)
    return place + ties / 2


def _chance(
    places: tuple[np.ndarray, np.ndarray], which: np.ndarray, depth: np.ndarray
) -> np.ndarray:
    """Chance that these customers stand in the first d places when ties are broken at random."""
    place, ties = places[0][which, None], places[1][which, None]
    return np.clip((depth - place + 1) / (ties + 1), 0, 1)


def _tied(x: np.ndarray) -> float:
    if x.ndim > 1:
        x = _numbered(x[:, 0]) * len(x) + _numbered(x[:, 1])
    counts = np.unique(x, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum() / 2)


def _numbered(x: np.ndarray) -> np.ndarray:
    return np.unique(x, return_inverse=True)[1]


def _square(table: np.ndarray | list) -> np.ndarray:
    table = np.asarray(table)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        message = (
            f"A transition table is square, tiers by the same tiers: its shape is {table.shape}."
        )
        raise ValueError(message)
    return table
