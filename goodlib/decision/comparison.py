"""Segments by money against ratings by people, with the uncertainty of both sides.

Both sides are measured with error, and error hides agreement: two sides that agree at .60 look like
.36 when one is measured with a reliability of .70 and the other of .52. So every measure is given
three times. Naive: between the two estimates as they stand. Propagated: between joint draws of both
sides, as if one draw were the truth; because the two sides are drawn independently of one another,
this lies still lower. Disattenuated: what the agreement would be if both sides were known
exactly, by Spearman's (1904) correction with the reliability that the draws themselves show; it
assumes that the errors of the two sides have nothing to do with one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr, ndtri

from goodlib.decision.association import (
    middle_rank,
    pairs,
    rank_biased_overlap,
    square_tests,
    top_count,
    top_overlap,
    weighted_kappa,
)

MEASURES = {
    "correlation": "correlation of the ranks",
    "tau_b": "Kendall's tau-b",
    "gamma": "gamma",
    "kappa": "weighted kappa of the tiers",
    "top": "overlap at the top",
    "rbo": "rank-biased overlap",
}
VIEWS = ("naive", "propagated", "disattenuated")
SMALLEST = 12
"""Fewer customers with both a value and a rating are not compared."""
WEAKEST = 0.10
"""A side with a smaller reliability is not corrected for: dividing by it would invent agreement."""


NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
TURN = 2 * np.pi


class Sides(NamedTuple):
    """The two sides of the comparison for the customers that have both."""

    value: np.ndarray
    """Draws of value, customers x draws."""
    relationship: np.ndarray
    """Draws of the relationship, the same customers x as many draws."""
    customers: pd.Index

    @property
    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """The estimates as they stand: each customer's mean over the draws, by side."""
        return self.value.mean(axis=1), self.relationship.mean(axis=1)


def sides(
    draws_value: pd.DataFrame, draws_relationship: pd.DataFrame, rated: Sequence | None = None
) -> Sides:
    """The customers that have both a value and a rating, with as many draws on both sides.

    Parameters
    ----------
    draws_value, draws_relationship : DataFrame, customers x draws
        Indexed by customer_id.
    rated : index of customer_id, optional
        Those whom somebody rated; the others' draws are only the prior. Default: everybody in
        `draws_relationship`.
    """
    for name, frame in (("value", draws_value), ("relationship", draws_relationship)):
        doubled = frame.index.duplicated()
        if doubled.any():
            message = (
                f"Draws have one row a customer: {doubled.sum():,} of {len(frame):,} rows of the "
                f"{name} repeat one (first: {frame.index[doubled][0]!r})."
            )
            raise ValueError(message)
        if frame.isna().to_numpy().any():
            bad = frame.index[frame.isna().any(axis=1)]
            message = (
                f"Draws have no missing values: {len(bad):,} of {len(frame):,} customers lack some "
                f"of the {name} (first: {bad[0]!r}). Leave them out."
            )
            raise ValueError(message)
    both = draws_value.index[draws_value.index.isin(draws_relationship.index)]
    if rated is not None:
        both = both[both.isin(rated)]
    if len(both) < SMALLEST:
        message = (
            f"A comparison needs at least {SMALLEST} customers with both a value and a rating: "
            f"{len(both):,} of {len(draws_value):,} valued and {len(draws_relationship):,} rated "
            "customers have both. Do the two tables use the same customer_id?"
        )
        raise ValueError(message)
    count = min(draws_value.shape[1], draws_relationship.shape[1])
    return Sides(
        draws_value.loc[both].to_numpy(float)[:, :count],
        draws_relationship.loc[both].to_numpy(float)[:, :count],
        both,
    )


def reliability(draws: np.ndarray) -> float:
    """How far two independent looks at the same customers would agree: 1 exact, 0 noise.

    The mean correlation between two draws, in normal scores of the ranks. For draws from a normal
    posterior it is the classical reliability, the true variance over the observed.

    Parameters
    ----------
    draws : array, customers x draws
        From the posterior of each customer.
    """
    return _mean_correlation(_standard(draws))


def association(
    both: Sides,
    *,
    top_share: float,
    tiers: Sequence[float] = (0.2, 0.3, 0.5),
    resamples: int = 400,
    seed: int,
) -> pd.DataFrame:
    """How far value and relationship agree: every measure naive, propagated and disattenuated.

    Intervals of 1.96 standard deviations over half-samples of the customers, whose spread is that
    of the whole sample around the truth; each half-sample uses another draw of both sides where
    draws are propagated.

    Parameters
    ----------
    both : Sides
        Draws of both sides.
    top_share : float in (0, 1)
        What "the top" is; rank-biased overlap gives it about two thirds of the weight.
    tiers : shares that sum to one
        Tiers by value and by relationship, best first, for weighted kappa.
    resamples, seed : int
        Half-samples, and the seed of all random numbers.

    Returns
    -------
    DataFrame, one row a measure and view
        `measure`, `view` (one of VIEWS), `estimate`, `lower_95`, `upper_95`. Rank-biased overlap is
        not disattenuated: it has no formula. A side with a reliability below WEAKEST has none
        either.
    """
    random = np.random.default_rng(seed)
    n, count = both.value.shape
    drawn = np.arange(min(count, 200))
    scored = [_standard(side[:, drawn]) for side in (both.value, both.relationship)]
    means = both.means

    def look(pick: np.ndarray, draw: int | None) -> dict[tuple[str, str], float]:
        naive = _measures(means[0][pick], means[1][pick], top_share, tiers)
        found = {("naive", name): value for name, value in naive.items()}
        which = drawn if draw is None else [draw]
        each = [
            _measures(both.value[pick, d], both.relationship[pick, d], top_share, tiers)
            for d in which
        ]
        for name in naive:
            found["propagated", name] = float(np.mean([one[name] for one in each]))
        reliable = [_mean_correlation(z[pick]) for z in scored]
        exact = _exact(naive["correlation"], reliable, top_share, tiers)
        return found | {("disattenuated", name): value for name, value in exact.items()}

    whole = pd.Series(look(np.arange(n), None))
    halves = pd.DataFrame(
        [
            look(np.sort(random.permutation(n)[: n // 2]), int(random.choice(drawn)))
            for _ in range(resamples)
        ]
    )
    half = ndtri(0.975) * halves.std()
    least = [0.0 if measure in ("top", "rbo") else -1.0 for _, measure in whole.index]
    frame = pd.DataFrame(
        {
            "estimate": whole,
            "lower_95": (whole - half).clip(lower=least),
            "upper_95": (whole + half).clip(upper=1.0),
        }
    )
    frame.index.names = ["view", "measure"]
    order = pd.MultiIndex.from_product([VIEWS, MEASURES], names=["view", "measure"])
    return frame.reindex(order[order.isin(frame.index)]).reset_index()


def reliabilities(both: Sides) -> pd.Series:
    """The reliability of both sides, by name: value, relationship."""
    found = [reliability(side[:, :200]) for side in (both.value, both.relationship)]
    return pd.Series(found, ["value", "relationship"], name="reliability")


class Transition(NamedTuple):
    """Where the tiers of the one side lie on the other."""

    table: pd.DataFrame
    """Counts: rows tiers by value, columns tiers by relationship, best first."""
    tests: pd.DataFrame
    """Bowker, Stuart-Maxwell, Bhapkar: `statistic`, `df`, `pvalue`."""
    kappa: float
    """Linearly weighted kappa."""


def transition(value: pd.Series, relationship: pd.Series) -> Transition:
    """The tiers by value against the tiers by relationship, with tests and kappa.

    Parameters
    ----------
    value, relationship : ordered categorical Series of the same customers
        The same number of tiers, best first (`segment.tiers`).
    """
    rows, columns = value.cat.categories, relationship.cat.categories
    table = pd.crosstab(value, relationship).reindex(index=rows, columns=columns, fill_value=0)
    return Transition(table, square_tests(table.to_numpy()), weighted_kappa(table.to_numpy()))


def expected_overlap(correlation: float, share: float) -> float:
    """The part of the best `share` on one side that is among the best on the other.

    For two normal sides with this correlation: the rule behind "of the future top 20 %, about 55 %
    will be misclassified today" (Malthouse & Blattberg 2005).

    Examples
    --------
    >>> round(1 - expected_overlap(0.50, 0.20), 3)
    0.564
    """
    cut = ndtri(1 - share)
    return float(_both_above(cut, cut, correlation) / share)


def _exact(
    naive: float, reliable: Sequence[float], top_share: float, tiers: Sequence[float]
) -> dict[str, float]:
    """The measures of two normal sides whose correlation is corrected for both reliabilities."""
    if min(reliable) < WEAKEST or not np.isfinite(naive):
        return dict.fromkeys(("correlation", "tau_b", "gamma", "kappa", "top"), np.nan)
    r = float(np.clip(naive / np.sqrt(reliable[0] * reliable[1]), -0.999, 0.999))
    tau = 2 / np.pi * np.arcsin(r)  # Greiner (1909)
    cuts = [np.inf, *-ndtri(np.cumsum(tiers)[:-1]), -np.inf]
    above = np.array([[_both_above(a, b, r) for b in cuts] for a in cuts])
    cells = np.diff(np.diff(above, axis=0), axis=1)
    off = np.abs(np.subtract.outer(np.arange(len(tiers)), np.arange(len(tiers))))
    chance = np.outer(tiers, tiers)
    kappa = 1 - (cells * off).sum() / (chance * off).sum()
    return {
        "correlation": r,
        "tau_b": tau,
        "gamma": tau,
        "kappa": float(kappa),
        "top": expected_overlap(r, top_share),
    }


def _both_above(a: float, b: float, r: float) -> float:
    """P(X > a, Y > b) of two standard normals with correlation r, by Plackett's (1954) identity."""
    if np.inf in (a, b):
        return 0.0
    if -np.inf in (a, b):
        return float(ndtr(-max(a, b)))
    angle = np.arcsin(r) / 2 * (NODES + 1)
    density = np.exp(-(a * a - 2 * a * b * np.sin(angle) + b * b) / (2 * np.cos(angle) ** 2))
    return float(ndtr(-a) * ndtr(-b) + np.arcsin(r) / 2 * WEIGHTS @ density / TURN)


def _measures(
    x: np.ndarray, y: np.ndarray, top_share: float, tiers: Sequence[float]
) -> dict[str, float]:
    found = pairs(x, y)
    count = len(tiers)
    cells = np.bincount(_tier(x, tiers) * count + _tier(y, tiers), minlength=count * count)
    patience = 1 - 1 / max(top_count(len(x), top_share), 2)
    return {
        "correlation": float(np.mean(_normal(x) * _normal(y))),
        "tau_b": found.tau_b,
        "gamma": found.gamma,
        "kappa": weighted_kappa(cells.reshape(count, count)),
        "top": top_overlap(x, y, top_share),
        "rbo": rank_biased_overlap(x, y, patience),
    }


def _tier(x: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    middle = (middle_rank(x) - 0.5) / len(x)
    return np.searchsorted(np.cumsum(shares)[:-1], middle, side="right")


def _standard(draws: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks in each column, with mean zero and variance one."""
    ranks = stats.rankdata(draws, axis=0)
    return _centered(ndtri((ranks - 0.5) / len(draws)))


def _normal(x: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of one column."""
    return _centered(-ndtri((middle_rank(x) - 0.5) / len(x)))


def _centered(z: np.ndarray) -> np.ndarray:
    z = z - z.mean(axis=0)
    size = np.sqrt((z**2).mean(axis=0))
    return z / np.where(size > 0, size, 1.0)


def _mean_correlation(z: np.ndarray) -> float:
    """Mean correlation between two different columns."""
    n, count = z.shape
    if count < 2:
        message = "Reliability needs at least two draws of each customer."
        raise ValueError(message)
    middle = z.mean(axis=0)
    size = np.sqrt(np.maximum(np.einsum("ij,ij->j", z, z) / n - middle**2, 0.0))
    scale = 1.0 / np.where(size > 1e-7, size, 1.0)
    together = z @ scale - middle @ scale  # of the standardized columns, customer by customer
    return float((together @ together / n - count) / (count * (count - 1)))
