"""What the log says of a customer as one number, and whether it says anything beyond chance.

Where enough customers are both rated and in the log, the signals are combined by an ordinal
regression on the ratings (severity and difficulty taken out), and the gain over knowing no log at
all is measured on customers the regression did not see. Where there are not, the signals count
alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from goodlib.relationship.ordinal import terms
from goodlib.relationship.standing import Relationship

ENOUGH = 40
"""Customers both rated and in the log below which nothing is learned from the ratings."""


class Respect(NamedTuple):
    """The log's verdict."""

    customers: pd.Series
    """respect by customer_id: mean 0, standard deviation 1, more is better."""
    weights: pd.Series
    """What each signal counts, per standard deviation."""
    gain: float
    """Deviance a customer saved out of sample by the log, beside no log; nan when not learned."""
    gain_sd: float
    without: float
    """Deviance a customer out of sample without the log."""
    n: int
    """Customers it was learned from; 0 when the signals count alike."""

    @property
    def helps(self) -> bool:
        """Whether the log adds to knowing nothing: the gain is more than twice its error."""
        return bool(self.n and self.gain > 2.0 * self.gain_sd)


def respect(
    signals: pd.DataFrame, relation: Relationship | None, folds: int = 5, ridge: float = 4.0
) -> Respect:
    """How respectfully each customer treats us, from the log.

    Parameters
    ----------
    signals : DataFrame
        As `signal.standardized` gives them: customers x signals.
    relation : Relationship or None
        The ratings' fit; None: all signals count alike.
    folds : int
        Of the cross-validation, by customer.
    ridge : float
        Precision of the weights' normal prior around zero (4: standard deviation one half).
    """
    alike = pd.Series(1.0 / signals.shape[1], index=signals.columns, name="weight")
    both = signals.index[:0]
    if relation is not None:
        both = signals.index.intersection(relation.codes["customer"])
    if len(both) < ENOUGH:
        return Respect(_scaled(signals @ alike), alike, np.nan, np.nan, np.nan, 0)
    data = relation.data
    par = data.natural(relation.psi)
    nothing = data.zero()
    offset = data.x @ par.beta + data.carry(nothing._replace(rater=relation.effects.rater))
    customer = both.get_indexer(relation.codes["customer"])[data.customer_of_score]
    rows = customer >= 0
    upper, lower = data.upper[rows], data.lower[rows]
    case = (upper, lower, offset[rows], customer[rows], data.link, par.theta)
    x = signals.loc[both].to_numpy()
    fold = np.arange(len(both)) % folds
    saved, alone = np.zeros(len(both)), np.zeros(len(both))
    for k in range(folds):
        inside, outside = fold != k, fold == k
        with_log = _fit(case, x, inside, ridge)
        without = _fit(case, x[:, :0], inside, ridge)
        alone[outside] = _deviance(case, x[:, :0], without)[outside]
        saved[outside] = alone[outside] - _deviance(case, x, with_log)[outside]
    beta = _fit(case, x, np.ones(len(both), dtype=bool), ridge)[par.theta.size :]
    weights = pd.Series(beta, index=signals.columns, name="weight")
    sd = float(saved.std(ddof=1) / np.sqrt(len(saved)))
    gain, without = float(saved.mean()), float(alone.mean())
    return Respect(_scaled(signals @ weights), weights, gain, sd, without, len(both))


def contradictions(found: Respect, relation: Relationship) -> pd.DataFrame:
    """Where log and rating disagree: one row a customer with both, widest contradiction first.

    Returns
    -------
    DataFrame
        respect, relationship, expected (the relationship that goes with this log, by the straight
        line through all), contradiction (relationship less expected, in standard deviations of
        what the rating's uncertainty and the scatter give): positive where we rate better than the
        log would have it.
    """
    known = relation.customers.query("basis != 'unrated'")
    frame = known[["relationship", "sd"]].join(found.customers, how="inner")
    x, y = frame["respect"], frame["relationship"]
    slope = float(np.cov(x, y)[0, 1] / x.var()) if x.var() > 0 else 0.0
    frame["expected"] = y.mean() + slope * (x - x.mean())
    left = y - frame["expected"]
    scatter = max(float(left.var() - (frame["sd"] ** 2).mean()), 0.0)
    frame["contradiction"] = left / np.sqrt(frame["sd"] ** 2 + scatter)
    order = frame["contradiction"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order, ["respect", "relationship", "expected", "contradiction"]]


def _scaled(score: pd.Series) -> pd.Series:
    spread = score.std(ddof=0)
    return ((score - score.mean()) / (spread if spread > 0 else 1.0)).rename("respect")


def _pieces(case, x: np.ndarray, free: np.ndarray):
    """Terms of each score, counted so that each customer weighs as one."""
    upper, lower, offset, customer, link, theta = case
    theta, beta = free[: theta.size], free[theta.size :]
    eta = offset + x[customer] @ beta
    a = np.where(upper < 0, np.inf, theta[upper] - eta)
    b = np.where(lower < 0, -np.inf, theta[lower] - eta)
    share = 1.0 / np.bincount(customer, minlength=len(x))[customer]
    return terms(a, b, link), share


def _fit(case, x: np.ndarray, inside: np.ndarray, ridge: float) -> np.ndarray:
    """Thresholds and weights at the penalized maximum over the customers `inside`."""
    upper, lower, _, customer, _, theta = case

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        if (np.diff(free[: theta.size]) <= 1e-6).any():
            return 1e10, np.zeros(free.size)
        t, share = _pieces(case, x, free)
        w = share * inside[customer]
        by_theta = np.bincount(upper[upper >= 0], (w * t.by_a)[upper >= 0], theta.size)
        by_theta += np.bincount(lower[lower >= 0], (w * t.by_b)[lower >= 0], theta.size)
        by_beta = -(x[customer].T @ (w * t.slope)) - ridge * free[theta.size :]
        value = w @ t.logp - 0.5 * ridge * free[theta.size :] @ free[theta.size :]
        return -float(value), -np.r_[by_theta, by_beta]

    start = np.r_[theta, np.zeros(x.shape[1])]
    return minimize(loss, start, jac=True, method="L-BFGS-B").x


def _deviance(case, x: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Mean deviance of each customer's scores."""
    t, share = _pieces(case, x, free)
    return -2.0 * np.bincount(case[3], share * t.logp, len(x))
