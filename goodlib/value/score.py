"""How good was a forecast? Scores of lists, of single customers, and of the whole base.

A list of the best is judged by whom it found (`hit_rate`, `value_captured`), a forecast of each
customer by its whole distribution (`log_score`, `crps`, `pit`), probabilities by whether they come
true (`reliability`). Where customers tie, they share the places: nobody gains from the order of
the rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

RESAMPLED = 2_000_000  # customers of resamples looked at together


def list_size(n: int, share: float) -> int:
    """Customers in the top `share` of `n`: the nearest whole number, at least one."""
    if not 0 < share < 1:
        message = f"share must lie between 0 and 1: got {share:g}"
        raise ValueError(message)
    return max(1, round(n * share))


def places(value: np.ndarray, size: int) -> np.ndarray:
    """Each customer's chance to be among the `size` largest, ties sharing the places.

    Those above the value of the last place are in (1), those below out (0), those equal to it share
    what is left, so the chances add up to `size`.

    >>> places(np.array([5.0, 3.0, 3.0, 1.0]), 2)
    array([1. , 0.5, 0.5, 0. ])
    """
    value = np.asarray(value, dtype=float)
    last = np.partition(value, len(value) - size)[len(value) - size]
    above, equal = value > last, value == last
    return above + equal * (size - above.sum()) / equal.sum()


def hit_rate(score: np.ndarray, actual: np.ndarray, share: float) -> float:
    """Share of the actual top customers that the top of `score` named.

    Two lists of the same length, so this is precision and recall at once. Chance alone gives
    `share`.

    >>> hit_rate([4, 3, 2, 1], [10, 0, 20, 0], share=0.5)
    0.5
    """
    actual = np.asarray(actual, dtype=float)
    size = list_size(len(actual), share)
    return float(places(score, size) @ places(actual, size) / size)


def value_captured(score: np.ndarray, actual: np.ndarray, share: float) -> float:
    """Share of everything that came which came from the customers at the top of `score`."""
    actual = np.asarray(actual, dtype=float)
    total = actual.sum()
    if total <= 0:
        return float("nan")
    return float(places(score, list_size(len(actual), share)) @ actual / total)


def auc(score: np.ndarray, happened: np.ndarray) -> float:
    """Chance that a customer for whom it happened scores above one for whom it did not.

    The area under the receiver operating curve by the Mann-Whitney statistic; ties count one half.
    Not a number when it happened to all or to none.
    """
    happened = np.asarray(happened, dtype=bool)
    yes, no = happened.sum(), (~happened).sum()
    if yes == 0 or no == 0:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def bias(expected: np.ndarray, actual: np.ndarray) -> float:
    """Relative error of the total: +.10 means that the forecast was a tenth too high."""
    total = float(np.sum(actual))
    return float(np.sum(expected) / total - 1) if total else float("nan")


def crps(draws: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of each customer (rows of `draws`), in the unit of the
    draws.

    E|X - y| - E|X - X'| / 2 over the draws, with the unbiased second term (Gneiting & Raftery 2007,
    eq. 21). Smaller is better; for a point forecast it is the absolute error.
    """
    ordered = np.sort(np.asarray(draws, dtype=float), axis=1)
    m = ordered.shape[1]
    distance = np.abs(ordered - np.asarray(actual, dtype=float)[:, None]).mean(axis=1)
    if m == 1:
        return distance
    weight = 2 * np.arange(1, m + 1) - m - 1
    return distance - ordered @ weight / (m * (m - 1))


def log_score(draws: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Minus the log probability that the draws of a count gave to what came; smaller is better.

    Probabilities are shares of draws, with half a draw spread geometrically over all counts, so
    that a count no draw reached costs much but not everything.
    """
    draws, actual = np.asarray(draws), np.asarray(actual, dtype=float)
    seen = (draws == actual[:, None]).sum(axis=1)
    mean = draws.mean(axis=1) + 0.5
    geometric = np.exp(actual * np.log(mean / (1 + mean))) / (1 + mean)
    return -np.log((seen + 0.5 * geometric) / (draws.shape[1] + 0.5))


def pit(draws: np.ndarray, actual: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Randomised probability integral transform: uniform when the forecast distributions are right.

    P(X < y) + U P(X = y), for counts and for amounts with a mass at zero (Czado, Gneiting & Held
    2009). The share of customers between .025 and .975 is the honest coverage of 95 % intervals.
    """
    actual = np.asarray(actual, dtype=float)[:, None]
    below, equal = (draws < actual).mean(axis=1), (draws == actual).mean(axis=1)
    return below + rng.random(len(below)) * equal


def coverage(pits: np.ndarray, level: float) -> float:
    """Share of customers whose outcome lay in the central interval of this `level`."""
    return float(((pits >= (1 - level) / 2) & (pits <= (1 + level) / 2)).mean())


def reliability(promised: np.ndarray, happened: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Did it happen as often as promised? One row a group of customers with similar promises.

    Groups of the probabilities in equal steps, empty ones left out. Columns: promised and happened
    (means), n. `happened` may be shares (a place shared in a tie).
    """
    promised, happened = np.asarray(promised, dtype=float), np.asarray(happened, dtype=float)
    group = np.minimum((promised * bins).astype(int), bins - 1)
    frame = pd.DataFrame({"group": group, "promised": promised, "happened": happened})
    grouped = frame.groupby("group")
    means = grouped[["promised", "happened"]].mean()
    means["n"] = grouped.size()
    return means.reset_index(drop=True)


def calibration_error(promised: np.ndarray, happened: np.ndarray, bins: int = 10) -> float:
    """Mean distance between promised and happened over the groups of `reliability`."""
    table = reliability(promised, happened, bins)
    gap = (table["promised"] - table["happened"]).abs()
    return float((gap * table["n"]).sum() / table["n"].sum())


def paired_difference(
    one: np.ndarray, other: np.ndarray, actual: np.ndarray, share: float, draws: int, seed: int
) -> dict[str, float]:
    """Hit rate of `one` less that of `other`, with a 95 % interval: customers are drawn again.

    A paired bootstrap: both lists are made anew from the same resampled customers, so what the two
    share cancels. `chance` is the share of resamples in which the difference is not above zero.
    """
    return paired_differences(one, [other], actual, share, draws, seed)[0]


def paired_differences(
    one: np.ndarray,
    others: list[np.ndarray],
    actual: np.ndarray,
    share: float,
    draws: int,
    seed: int,
) -> list[dict[str, float]]:
    """`paired_difference` of `one` and each of the others, on the same resamples."""
    one, actual, *rest = (np.asarray(column, dtype=float) for column in (one, actual, *others))
    rng = np.random.default_rng(seed)
    n = len(actual)
    size = list_size(n, share)
    found = np.empty((len(rest), draws))
    step = max(1, RESAMPLED // n)
    for start in range(0, draws, step):
        rows = rng.integers(n, size=(min(step, draws - start), n))
        came = _places(actual[rows], size)
        mine = (_places(one[rows], size) * came).sum(axis=1)
        for gap, other in zip(found, rest, strict=True):
            theirs = (_places(other[rows], size) * came).sum(axis=1)
            gap[start : start + len(rows)] = (mine - theirs) / size
    answers = []
    for gap, other in zip(found, rest, strict=True):
        lower, upper = np.quantile(gap, [0.025, 0.975])
        difference = hit_rate(one, actual, share) - hit_rate(other, actual, share)
        answers.append(
            {
                "difference": float(difference),
                "lower": float(lower),
                "upper": float(upper),
                "chance": float((gap <= 1e-12).mean()),
            }
        )
    return answers


def _places(values: np.ndarray, size: int) -> np.ndarray:
    """`places` in each row."""
    edge = values.shape[1] - size
    last = np.partition(values, edge, axis=1)[:, edge, None]
    above, equal = values > last, values == last
    left = size - above.sum(axis=1, keepdims=True)
    return above + equal * (left / equal.sum(axis=1, keepdims=True))
