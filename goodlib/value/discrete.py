"""Chances instead of time: gifts that are asked for once a year, contracts that are renewed.

BG/BB (Fader, Hardie & Shang 2010): at each of n chances an active customer buys with probability p
and then leaves for good with probability theta; p ~ Beta(alpha, beta), theta ~ Beta(gamma, delta).
Shifted beta-geometric (Fader & Hardie 2007): at each renewal a customer leaves with probability
theta ~ Beta(alpha, beta), and leaving is seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import lognorm

from goodlib.value.answers import discount_rate
from goodlib.value.factorial import log_rising, log_rising_slopes
from goodlib.value.inference import Model, Optimum, Results
from goodlib.value.problem import Problem
from goodlib.value.quadrature import beta_mean

FEW = 30
"""Customers who bought again, or left, below which the spread between customers is a guess."""


class Terms(NamedTuple):
    """Every way a history can have come about: left after m chances, or active after all n."""

    row: np.ndarray
    """The history that a term belongs to; ascending, and each history's first is `active`."""
    x: np.ndarray
    m: np.ndarray
    active: np.ndarray
    """1 for the term of who is active still, else 0."""


class BetaGeoBetaBinomialResults(Results):
    """A fitted BG/BB model: who is still active, and how many more chances will each take?"""

    def p_alive(self, summary: pd.DataFrame | None = None) -> pd.Series:
        """Probability that each customer is active at the next chance, n + 1.

        Eq. (11) of Fader, Hardie & Shang (2010).

        Parameters
        ----------
        summary : DataFrame of n customers, optional
            Columns `frequency`, `recency`, `n`. Default: the rows the model was fitted to.

        Returns
        -------
        Series, shape (n,), name `p_alive`
        """
        data, now = self._now(summary)
        _, _, gamma, delta = self.params
        alive = now * (delta + data["n"]) / (gamma + delta + data["n"])
        return alive.rename("p_alive")

    def expected_purchases(self, t: int, summary: pd.DataFrame | None = None) -> pd.Series:
        """Expected purchases of each customer at the next `t` chances.

        Eq. (13) of Fader, Hardie & Shang (2010), added up chance by chance.

        Parameters
        ----------
        t : int, >= 0
            Chances, not time.
        summary : DataFrame of n customers, optional
            Columns `frequency`, `recency`, `n`. Default: the rows the model was fitted to.

        Returns
        -------
        Series, shape (n,), name `expected_purchases`
        """
        data, now = self._now(summary)
        alpha, beta, gamma, delta = self.params
        n = data["n"].to_numpy(float)[:, None]
        step = np.arange(_whole(t))
        stay = np.cumprod((delta + n + step) / (gamma + delta + n + step), axis=1).sum(axis=1)
        buys = (alpha + data["frequency"]) / (alpha + beta + data["n"])
        return (now * buys * stay).rename("expected_purchases")

    def expected_purchases_new(self, t: int) -> float:
        """Expected purchases of a new customer at the first `t` chances after the first purchase.

        Eq. (8) of Fader, Hardie & Shang (2010).
        """
        alpha, beta, gamma, delta = self.params
        step = np.arange(_whole(t))
        stay = np.cumprod((delta + step) / (gamma + delta + step)).sum()
        return float(alpha / (alpha + beta) * stay)

    def dert(
        self, discount: float, periods_per_year: float, summary: pd.DataFrame | None = None
    ) -> pd.Series:
        """Discounted expected purchases at all chances to come; the next counts 1/(1 + d).

        Eq. (14) of Fader, Hardie & Shang (2010) with a chance every 1/`periods_per_year` years.

        Parameters
        ----------
        discount : float, > 0
            Effective annual rate.
        periods_per_year : float, > 0
            Chances in a year.

        Returns
        -------
        Series, shape (n,), name `dert`
        """
        kept = np.exp(-discount_rate(discount, periods_per_year))
        data, now = self._now(summary)
        alpha, beta, gamma, delta = self.params

        def ahead(theta: np.ndarray, rows: np.ndarray) -> np.ndarray:
            once = (1 - theta) * kept / (1 - kept + theta * kept)
            return np.tile(once, (len(rows), 1))

        stay = beta_mean(ahead, gamma, delta + data["n"].to_numpy(float))
        buys = (alpha + data["frequency"]) / (alpha + beta + data["n"])
        return (now * buys * stay).rename("dert")

    def _now(self, summary: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.Series]:
        """The rows, and the probability that each had not left after its last chance."""
        data = self.model.summary if summary is None else read_chances(summary)
        terms = list_terms(data)
        logs = self.model.log_terms(self.params.to_numpy(), terms)
        total = np.logaddexp.reduceat(logs, np.searchsorted(terms.row, np.arange(len(data))))
        return data, pd.Series(np.exp(logs[terms.active == 1] - total), index=data.index)


class BetaGeoBetaBinomial(Model):
    """BG/BB: purchases at discrete chances, by customers who may leave after each.

    Parameters
    ----------
    summary : DataFrame
        `frequency` (chances taken, the first purchase not counted), `recency` (number of the last
        chance taken, 0 for none), `n` (chances there were), all whole numbers; one row a customer,
        or one a distinct history with `weights`, the customers who share it.

    Attributes
    ----------
    names : alpha, beta (taking a chance), gamma, delta (leaving)
    """

    names = ("alpha", "beta", "gamma", "delta")
    title = "BG/BB"
    results = BetaGeoBetaBinomialResults

    def __init__(self, summary: pd.DataFrame) -> None:
        self.summary = read_chances(summary)
        weights = self.summary.get("weights", pd.Series(1.0, self.summary.index))
        keys = ["frequency", "recency", "n"]
        rows = self.summary.assign(weights=weights).groupby(keys)["weights"].sum().reset_index()
        self.weights = rows["weights"].to_numpy(float)
        self.nobs = int(self.weights.sum())
        self.back = float(self.weights[rows["frequency"] > 0].sum())
        self.most = int(rows["n"].max())
        self.terms = list_terms(rows)
        self.first = np.searchsorted(self.terms.row, np.arange(len(rows)))

    def log_terms(self, params: np.ndarray, terms: Terms) -> np.ndarray:
        """Log probability of each way, over the order of purchases that is given."""
        alpha, beta, gamma, delta = (float(value) for value in params)
        left = 1 - terms.active
        return (
            log_rising(alpha, terms.x)
            + log_rising(beta, terms.m - terms.x)
            - log_rising(alpha + beta, terms.m)
            + log_rising(delta, terms.m)
            - log_rising(gamma + delta, terms.m + left)
            + left * np.log(gamma)
        )

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian in the logs of the parameters."""
        params = np.exp(theta)
        terms, row = self.terms, self.terms.row
        alpha, beta, gamma, delta = (float(value) for value in params)
        logs = self.log_terms(params, terms)
        total = np.logaddexp.reduceat(logs, self.first)
        weight = np.exp(logs - total[row])
        left = 1 - terms.active
        a1, a2 = log_rising_slopes(alpha, terms.x)
        b1, b2 = log_rising_slopes(beta, terms.m - terms.x)
        ab1, ab2 = log_rising_slopes(alpha + beta, terms.m)
        d1, d2 = log_rising_slopes(delta, terms.m)
        gd1, gd2 = log_rising_slopes(gamma + delta, terms.m + left)
        slopes = np.array([a1 - ab1, b1 - ab1, left / gamma - gd1, d1 - gd1])
        bends = np.zeros((4, 4, len(row)))
        bends[0, 0], bends[1, 1] = a2 - ab2, b2 - ab2
        bends[0, 1] = bends[1, 0] = -ab2
        bends[2, 2], bends[3, 3] = -left / gamma**2 - gd2, d2 - gd2
        bends[2, 3] = bends[3, 2] = -gd2
        count = self.weights
        mean = np.add.reduceat(weight * slopes, self.first, axis=1)
        second = np.einsum("k,ik,jk->ij", weight * count[row], slopes, slopes)
        second += bends @ (weight * count[row]) - (mean * count) @ mean.T
        gradient = params * (mean @ count)
        hessian = np.outer(params, params) * second + np.diag(gradient)
        return float(total @ count), gradient, hessian

    def prior(self) -> dict[str, Any]:
        """Weakly informative: each parameter log-normal around 1, a factor of 19 both ways."""
        return {name: lognorm(1.5, scale=1.0) for name in self.names}

    def problems(self, optimum: Optimum) -> list[Problem]:
        """Few customers who came back, or too few chances to tell leaving from passing."""
        found = []
        if self.back < FEW:
            evidence = f"{self.back:,.0f} of {self.nobs:,} customers took a chance after the first"
            found.append(Problem("few repeat customers", evidence, "Read the posterior"))
        if self.most < 3:
            evidence = f"there were at most {self.most} chances"
            cure = "Who left cannot be told from who passed: wait for more chances"
            found.append(Problem("history too short", evidence, cure))
        return found


class ShiftedBetaGeometricResults(Results):
    """A fitted shifted beta-geometric model: how long contracts last."""

    def survival(self, t: int) -> pd.Series:
        """Share of new contracts still held after 0, 1, ..., `t` renewals.

        Eq. (6) of Fader & Hardie (2007).

        Returns
        -------
        Series, shape (t + 1,), name `survival`, index `renewals`
        """
        alpha, beta = self.params
        step = np.arange(_whole(t))
        kept = np.concatenate([[1.0], np.cumprod((beta + step) / (alpha + beta + step))])
        return pd.Series(kept, name="survival").rename_axis("renewals")

    def retention(self, t: int) -> pd.Series:
        """Share of the contracts up for their 1st, 2nd, ... `t`-th renewal that are renewed.

        It rises with t although nobody changes: those who leave easily have left. Eq. (8).
        """
        alpha, beta = self.params
        step = np.arange(_whole(t))
        index = pd.RangeIndex(1, len(step) + 1, name="renewal")
        return pd.Series((beta + step) / (alpha + beta + step), index=index, name="retention")

    def derl(self, discount: float, periods_per_year: float, renewals: int) -> float:
        """Discounted expected residual lifetime of a contract renewed so often, in periods.

        Of one whose next renewal is due now: the period it would begin counts in full, the one
        after 1/(1 + d). Eq. (7) of Fader & Hardie (2010), whose n counts the first period too:
        `renewals` is n - 1.
        """
        kept = np.exp(-discount_rate(discount, periods_per_year))
        alpha, beta = self.params

        def ahead(theta: np.ndarray, rows: np.ndarray) -> np.ndarray:
            return np.tile((1 - theta) / (1 - kept + theta * kept), (len(rows), 1))

        return float(beta_mean(ahead, alpha, np.array([beta + _whole(renewals)]))[0])


class ShiftedBetaGeometric(Model):
    """How long contracts are renewed, by customers who differ in how easily they leave.

    Parameters
    ----------
    contracts : DataFrame
        `periods`: the renewal at which a contract ended, or how often it was renewed; `left`:
        whether it ended; `weights` (optional): contracts that the row stands for. `contracts_of`
        makes it from the numbers of survivors.

    Attributes
    ----------
    names : alpha, beta: the chance to leave at a renewal is alpha/(alpha + beta) on average

    Examples
    --------
    Regular customers of Fader & Hardie (2007), seven renewals (estimates .704 and 1.182):

    >>> survivors = [1000, 631, 468, 382, 326, 289, 262, 241]
    >>> ShiftedBetaGeometric(contracts_of(survivors)).fit().params.round(3).to_dict()
    {'alpha': 0.704, 'beta': 1.182}
    """

    names = ("alpha", "beta")
    title = "Shifted beta-geometric"
    results = ShiftedBetaGeometricResults

    def __init__(self, contracts: pd.DataFrame) -> None:
        data = read_contracts(contracts)
        self.contracts = data
        self.weights = data.get("weights", pd.Series(1.0, data.index)).to_numpy(float)
        self.left = data["left"].to_numpy(bool).astype(np.int64)
        self.t = data["periods"].to_numpy(np.int64)
        self.nobs = int(self.weights.sum())

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian in the logs of the parameters.

        Ended at renewal t: alpha (beta)_(t-1) / (alpha + beta)_t; held after t renewals:
        (beta)_t / (alpha + beta)_t.
        """
        params = np.exp(theta)
        alpha, beta = float(params[0]), float(params[1])
        left, count = self.left, self.weights
        kept, seen = self.t - left, self.t
        value = left * theta[0] + log_rising(beta, kept) - log_rising(alpha + beta, seen)
        b1, b2 = log_rising_slopes(beta, kept)
        ab1, ab2 = log_rising_slopes(alpha + beta, seen)
        slope = np.array([(left / alpha - ab1) @ count, (b1 - ab1) @ count])
        cross = -ab2 @ count
        second = np.array([[cross - (left @ count) / alpha**2, cross], [cross, cross + b2 @ count]])
        gradient = params * slope
        return float(value @ count), gradient, np.outer(params, params) * second + np.diag(gradient)

    def prior(self) -> dict[str, Any]:
        """Weakly informative: both log-normal around 1, a factor of 19 both ways."""
        return {name: lognorm(1.5, scale=1.0) for name in self.names}

    def problems(self, optimum: Optimum) -> list[Problem]:
        """Few contracts that ended, or only one renewal seen."""
        found = []
        ended = float(self.left @ self.weights)
        if ended < FEW:
            evidence = f"{ended:,.0f} of {self.nobs:,} contracts ended"
            found.append(Problem("few ended contracts", evidence, "Read the posterior"))
        if self.t.max() < 2:
            evidence = "one renewal was seen"
            cure = "How customers differ shows only from the second on: wait for it"
            found.append(Problem("history too short", evidence, cure))
        return found


def contracts_of(survivors: list[int]) -> pd.DataFrame:
    """The contracts behind the numbers held at the start and after each renewal."""
    held = np.asarray(survivors, dtype=float)
    if len(held) < 2 or (np.diff(held) > 0).any() or held[-1] < 0:
        message = f"survivors must fall from the start, with one renewal at least: got {survivors}."
        raise ValueError(message)
    last = len(held) - 1
    return pd.DataFrame(
        {
            "periods": [*range(1, last + 1), last],
            "left": [True] * last + [False],
            "weights": [*-np.diff(held), held[-1]],
        }
    )


def list_terms(data: pd.DataFrame) -> Terms:
    """The ways each row's history can have come about."""
    x, last, n = (data[name].to_numpy(np.int64) for name in ("frequency", "recency", "n"))
    size = n - last + 1
    row = np.repeat(np.arange(len(x)), size)
    place = np.arange(len(row)) - np.repeat(size.cumsum() - size, size)
    active = (place == 0).astype(np.int64)
    return Terms(row, x[row], np.where(active, n[row], last[row] + place - 1), active)


def read_chances(summary: pd.DataFrame) -> pd.DataFrame:
    """Histories of chances, checked at the door."""
    data = _numbers(summary, "summary", ("frequency", "recency", "n"))
    x, last, n = (data[name] for name in ("frequency", "recency", "n"))
    _hold(data, x >= 0, "frequency must not be negative", "It counts the chances taken")
    _hold(data, n >= 1, "n must be 1 or more", "A customer without a chance yet has no history")
    _hold(data, x <= last, "frequency must not exceed recency", "Is recency the chance's number")
    _hold(data, last <= n, "recency must not exceed n", "Is n the number of chances there were")
    _hold(data, (last > 0) == (x > 0), "recency must be 0 at frequency 0 only", "Check both")
    return data


def read_contracts(contracts: pd.DataFrame) -> pd.DataFrame:
    """Contracts, checked at the door."""
    data = _numbers(contracts, "contracts", ("periods", "left"))
    _hold(data, data["left"].isin([0, 1]), "left must be true or false", "Did the contract end")
    least = data["left"].astype(int)
    _hold(data, data["periods"] >= least, "periods must count renewals, from 1", "None ends at 0")
    if not (data["periods"] > 0).any():
        message = "contracts must have come up for renewal: none of them has."
        raise ValueError(message)
    return data


def _numbers(frame: pd.DataFrame, what: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A frame with these columns of whole numbers, and positive weights where it has some."""
    if not isinstance(frame, pd.DataFrame):
        message = f"{what} must be a DataFrame, not {type(frame).__name__}."
        raise TypeError(message)
    missing = [name for name in columns if name not in frame]
    if missing or frame.empty:
        message = (
            f"{what} must have the columns {', '.join(columns)} and a row: "
            f"{', '.join(missing) or 'rows'} missing, got {', '.join(map(str, frame.columns))}."
        )
        raise ValueError(message)
    for name in columns:
        values = frame[name].to_numpy(float, na_value=np.nan)
        whole = np.isfinite(values) & (values == np.floor(values))
        _hold(frame, whole, f"{name} must be a whole number", "Mend or leave out those rows")
    if "weights" in frame:
        weights = frame["weights"].to_numpy(float, na_value=np.nan)
        positive = np.isfinite(weights) & (weights >= 0)
        _hold(frame, positive, "weights must not be negative", "They count customers")
        if not weights.any():
            message = f"{what} must hold a customer: the weights of {len(frame):,} rows are all 0."
            raise ValueError(message)
    return frame


def _hold(frame: pd.DataFrame, kept: Any, rule: str, cure: str) -> None:
    """Raise unless every row keeps the rule."""
    kept = np.asarray(kept, dtype=bool)
    if kept.all():
        return
    first = int(np.argmin(kept))
    shown = ", ".join(f"{name} {value}" for name, value in frame.iloc[first].items())
    message = (
        f"{rule}: {np.count_nonzero(~kept):,} of {len(kept):,} rows break this (first: "
        f"{frame.index[first]!r}, {shown}). {cure}."
    )
    raise ValueError(message)


def _whole(t: int) -> int:
    """A number of chances or renewals, checked."""
    if not (np.isscalar(t) and np.isfinite(t) and t >= 0 and int(t) == t):
        message = f"t must be a whole number of chances, 0 or more: got {t!r}"
        raise ValueError(message)
    return int(t)
