"""How much each time? Mean spend of each customer, from few purchases or none.

Gamma-Gamma (Fader & Hardie 2013, "The Gamma-Gamma Model of Monetary Value"): an amount is
Gamma(p, nu), nu differs between customers as Gamma(q, gamma), and the mean of x amounts is all that
need be known of a customer. It assumes that what a customer spends has nothing to do with how often
they come; `independence` holds that against the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import digamma, gammaln, polygamma

from goodlib.value.covariates import (
    at_average,
    effect_priors,
    penalise,
    read_effect,
    read_penalty,
)
from goodlib.value.inference import Model, Optimum, Results
from goodlib.value.problem import Problem

FEW = 30
"""Repeat buyers below which the spread between customers is hardly known."""


class Independence(NamedTuple):
    """Whether mean spend goes with frequency among repeat buyers."""

    correlation: float
    """Spearman's rank correlation."""
    lower: float
    upper: float
    """95 % interval (Fisher's z, with Bonett & Wright's variance for ranks)."""
    n: int
    """Repeat buyers."""
    verdict: str
    """In plain words."""


class GammaGammaResults(Results):
    """A fitted Gamma-Gamma model: what will each purchase bring?"""

    def expected_spend(self, summary: pd.DataFrame | None = None) -> pd.Series:
        """Expected mean spend of each customer, past and future.

        p (gamma + x zbar) / (p x + q - 1), eq. (5) of Fader & Hardie (2013): the customer's mean
        drawn towards that of all, which is the answer for one who bought once.

        Parameters
        ----------
        summary : DataFrame of n customers, optional
            Columns `frequency` and `monetary_value`, and those of the formula where the model has
            one. Default: the customers fitted to.

        Returns
        -------
        Series, shape (n,), name `expected_spend`
            Currency a purchase; missing where the mean does not exist (p x + q <= 1).
        """
        given = self.model.summary if summary is None else summary
        x, z = _read(given)
        p, q = self.params["p"], self.params["q"]
        gamma = self.model.scale_of(self.params, given)
        below = p * x + q - 1
        mean = np.divide(p * (gamma + x * z), below, out=np.full(len(x), np.nan), where=below > 0)
        return pd.Series(mean, index=given.index, name="expected_spend")

    def sample_spend(
        self,
        params: Mapping[str, float] | pd.Series,
        purchases: np.ndarray,
        rng: np.random.Generator,
        summary: pd.DataFrame | None = None,
    ) -> np.ndarray:
        """One joint draw of what each customer pays for that many purchases, shape (n,).

        Exact: the customer's rate is Gamma(p x + q, gamma + x zbar), and the total of k amounts is
        Gamma(p k) over that rate.
        """
        given = self.model.summary if summary is None else summary
        x, z = _read(given)
        p, q, gamma = params["p"], params["q"], self.model.scale_of(params, given)
        rate = rng.standard_gamma(p * x + q) / (gamma + x * z)
        return rng.standard_gamma(p * np.asarray(purchases, dtype=float)) / rate

    def mean_spend_new(self) -> float:
        """Mean spend of a new customer: p gamma / (q - 1); infinite for q <= 1.

        With covariates, of one whose covariates are average; `expected_spend` of a summary with
        frequency 0 speaks for others.
        """
        p, q, gamma = at_average(self.optimum.theta[None, :], self.model.effects)[0, :3]
        p, q, gamma = np.exp([p, q, gamma])
        return float(p * gamma * self.model.unit / (q - 1)) if q > 1 else float("inf")


class GammaGamma(Model):
    """Gamma-Gamma model of the mean amount of a purchase.

    Parameters
    ----------
    summary : DataFrame of n customers
        `frequency` (repeat purchases) and `monetary_value` (their mean amount, missing where
        frequency is 0). Repeat buyers whose purchases were all free have no place in the model;
        `problems` counts them.
    formula : str, optional
        What mean spend goes with, such as "~ C(region) + log(size)", by columns of the summary: a
        covariate z multiplies gamma, and so the mean amount, by exp(b z).
    penalty : float, >= 0
        Holds effects back where data are few: penalty/2 times the sum of the squared effects, each
        for one standard deviation of its covariate.

    Attributes
    ----------
    names : p (shape of an amount), q (shape of the spread between customers), gamma (its scale, in
        the unit of the amounts; where every covariate is 0), then one a column of the formula

    Examples
    --------
    At its published optimum for CDNOW the mean spend of a new customer is about 35 dollars:

    >>> p, q, gamma = 6.25, 3.74, 15.44
    >>> round(p * gamma / (q - 1), 3)
    35.219
    """

    names: tuple[str, ...] = ("p", "q", "gamma")
    title = "Gamma-Gamma"
    results = GammaGammaResults

    def __init__(
        self, summary: pd.DataFrame, formula: str | None = None, penalty: float = 0.0
    ) -> None:
        self.summary = summary
        x, z = _read(summary)
        used = (x > 0) & (z > 0)
        self.free = int(np.count_nonzero((x > 0) & (z == 0)))
        if not used.any():
            message = (
                f"Spend can be learned only from customers who came back and paid: 0 of {len(x):,} "
                "have a frequency and a monetary_value above 0."
            )
            raise ValueError(message)
        self.nobs = int(used.sum())
        self.unit = float(np.average(z[used], weights=x[used]))
        self.effects = tuple(read_effect("spend", formula, summary[used], 2, 1.0))
        self.penalty = read_penalty(penalty)
        added = tuple(name for effect in self.effects for name in effect.names)
        self.names = (*self.names, *added)
        self.positive = (True, True, True, *(False for _ in added))
        self.title = type(self).title + (f" {formula}" if formula else "")
        # equal customers are kept once, with their count; amounts are measured in their mean
        columns = [x[used], z[used] / self.unit, *(e.matrix(summary[used]) for e in self.effects)]
        rows, count = np.unique(np.column_stack(columns), axis=0, return_counts=True)
        self._take(rows[:, 0], rows[:, 1], rows[:, 2:], count.astype(float))

    def _take(self, x: np.ndarray, z: np.ndarray, design: np.ndarray, count: np.ndarray) -> None:
        """Rows to fit to; the first column of `moves` is gamma's own."""
        self.x, self.z, self.count = x, z, count
        self.moves = np.column_stack([np.ones(len(x)), design])

    def scale_of(
        self, params: Mapping[str, float] | pd.Series, summary: pd.DataFrame
    ) -> float | np.ndarray:
        """gamma of each customer of a summary: one number without covariates."""
        if not self.effects:
            return float(params["gamma"])
        effect = self.effects[0]
        own = np.array([params[name] for name in effect.names])
        design = self._design if summary is self.summary else effect.matrix(summary)
        return float(params["gamma"]) * np.exp(design @ own)

    @cached_property
    def _design(self) -> np.ndarray:
        """Covariates of all customers given, also of those who have not come back: made once."""
        return self.effects[0].matrix(self.summary)

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian in log p, log q, log (gamma / mean amount), effects.

        With gamma_i = gamma exp(b z_i), a = p x and the share g = gamma_i / (gamma_i + x zbar):

            log L = log G(a + q) - log G(a) - log G(q) + q log g + a log(1 - g) - log zbar
        """
        p, q = np.exp(theta[:2])
        x, z, n, moves = self.x, self.z, self.count, self.moves
        a, height = p * x, moves @ theta[2:]
        gamma = np.exp(height)
        total = gamma + x * z
        share, log = gamma / total, np.log(x) + np.log(z) - np.log(total)
        value = (
            gammaln(a + q) - gammaln(a) - gammaln(q)
            + q * (height - np.log(total)) + a * log - np.log(z)
        )  # fmt: skip
        both, second = digamma(a + q), polygamma(1, a + q)
        in_p = n @ (a * (both - digamma(a) + log))
        in_q = n @ (q * (both - digamma(q) + height - np.log(total)))
        size = len(theta)
        gradient, hessian = np.empty(size), np.empty((size, size))
        gradient[0], gradient[1] = in_p, in_q
        gradient[2:] = (n * (q - (a + q) * share)) @ moves
        hessian[0, 0] = n @ (a * a * (second - polygamma(1, a))) + in_p
        hessian[0, 1] = hessian[1, 0] = n @ (a * q * second)
        hessian[1, 1] = n @ (q * q * (second - polygamma(1, q))) + in_q
        hessian[0, 2:] = hessian[2:, 0] = -(n * a * share) @ moves
        hessian[1, 2:] = hessian[2:, 1] = (n * q * (1 - share)) @ moves
        hessian[2:, 2:] = -(moves.T * (n * (a + q) * share * (1 - share))) @ moves
        return float(n @ value) - self.nobs_log_unit, gradient, hessian

    def objective(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The log-likelihood less the penalty on the effects."""
        return penalise(self.derivatives(theta), theta, self.effects, self.penalty)

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood: what frequency alone decides is computed once for each distinct one."""
        p, q = np.exp(theta[:2])
        x, times, fixed = self._sums
        height = self.moves @ theta[2:]
        total = np.log(np.exp(height) + self.x * self.z)
        by_x = times @ (gammaln(p * x + q) - gammaln(p * x) - gammaln(q))
        by_row = self.count @ (q * (height - total) - p * self.x * total)
        return float(by_x + by_row + p * fixed[0] - fixed[1]) - self.nobs_log_unit

    @cached_property
    def _sums(self) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
        """Distinct x, how many rows have each, and the sums of x log(x z) and of log z."""
        x, row = np.unique(self.x, return_inverse=True)
        log = np.log(self.z)
        weighted = float((self.count * self.x) @ (np.log(self.x) + log))
        return x, np.bincount(row, self.count), (weighted, float(self.count @ log))

    @cached_property
    def nobs_log_unit(self) -> float:
        """What measuring amounts in their mean adds to the log-likelihood."""
        return float(self.count.sum() * np.log(self.unit))

    def start(self) -> np.ndarray:
        """Amounts that vary about as much within a customer as between customers."""
        return np.concatenate([np.log([3.0, 3.0, 1.0]), np.zeros(len(self.names) - 3)])

    def to_theta(self, params: Mapping[str, float] | np.ndarray | list[float]) -> np.ndarray:
        """Parameters on the scale of the fit: logs, gamma in mean amounts."""
        theta = super().to_theta(params)
        theta[2] -= np.log(self.unit)
        return theta

    def to_params(self, theta: np.ndarray) -> np.ndarray:
        """Parameters on their own scale, gamma in the unit of the amounts."""
        params = super().to_params(theta)
        params[..., 2] *= self.unit
        return params

    def prior(self) -> dict[str, Any]:
        """Weakly informative: log-normal, p and q around 3 and gamma around the mean amount.

        Their 95 % range spans a factor of 19 both ways for p and gamma, of 7 for q, so thirty
        repeat buyers outweigh it. With covariates gamma is that of a customer of average ones, and
        an effect moves spend by a factor of 7 or less (sd 1 a standard deviation).
        """
        return {
            "p": stats.lognorm(1.5, scale=3.0),
            "q": stats.lognorm(1.0, scale=3.0),
            "gamma": stats.lognorm(1.5, scale=self.unit),
        } | effect_priors(self.effects)

    def log_prior(self, thetas: np.ndarray, prior: Mapping[str, Any]) -> np.ndarray:
        """Log density of the prior, whose gamma is that of average covariates."""
        return super().log_prior(at_average(thetas, self.effects), prior)

    def problems(self, optimum: Optimum) -> list[Problem]:
        """Few repeat buyers, free purchases, or a mean that does not exist."""
        found = []
        if self.nobs < FEW:
            evidence = f"{self.nobs} repeat buyers tell how far customers differ in spend"
            found.append(Problem("few repeat buyers", evidence, "Read intervals, not means"))
        if self.free:
            evidence = f"{self.free:,} customers came back but never paid and are left out"
            found.append(Problem("free purchases", evidence, "Look at their orders"))
        q = float(np.exp(optimum.theta[1]))
        if q <= 1:
            evidence = f"q is {q:.3g}, and the mean spend of a new customer exists only above 1"
            cure = "A few very large amounts dominate: use the log-normal, or look at the amounts"
            found.append(Problem("spend has no mean", evidence, cure))
        return found


def independence(summary: pd.DataFrame) -> Independence:
    """Whether those who buy more often also spend more each time, among repeat buyers.

    Gamma-Gamma assumes they do not. A rank correlation below about .3 moves a customer's expected
    spend little; beyond it the totals of the most frequent customers are off.
    """
    x, z = _read(summary)
    used = (x > 0) & (z > 0)
    n = int(used.sum())
    if n < 4 or np.ptp(x[used]) == 0:
        verdict = "Whether spend goes with frequency cannot be told: too few repeat buyers."
        return Independence(np.nan, np.nan, np.nan, n, verdict)
    rho = float(stats.spearmanr(x[used], z[used]).statistic)
    reach = 1.96 * np.sqrt((1 + rho**2 / 2) / (n - 3))
    lower, upper = np.tanh(np.arctanh(rho) + np.array([-reach, reach]))
    more = "more" if rho > 0 else "less"
    if lower <= 0 <= upper:
        verdict = "Those who buy more often spend neither more nor less each time, so far as seen."
    elif abs(rho) < 0.3:
        verdict = f"Those who buy more often spend slightly {more} each time; too little to matter."
    else:
        verdict = (
            f"Those who buy more often spend {more} each time, which the model of spend does not "
            "know: values of the most frequent customers are "
            f"{'under' if rho > 0 else 'over'}stated."
        )
    return Independence(rho, float(lower), float(upper), n, verdict)


def _read(summary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Frequency and mean amount, checked at the door; the mean amount of no purchase is 0."""
    if not isinstance(summary, pd.DataFrame):
        message = f"summary must be a DataFrame, not {type(summary).__name__}: use summarize()."
        raise TypeError(message)
    missing = [name for name in ("frequency", "monetary_value") if name not in summary]
    if missing:
        message = f"summary needs frequency and monetary_value: {missing} missing. Use summarize()."
        raise ValueError(message)
    x = summary["frequency"].to_numpy(float, na_value=np.nan)
    z = summary["monetary_value"].to_numpy(float, na_value=np.nan)
    z = np.where(x == 0, 0.0, z)
    for values, rule, cure in (
        (np.isfinite(x) & (x >= 0), "frequency must be 0 or more", "It counts repeat purchases"),
        (np.isfinite(z), "monetary_value must be known of repeat buyers", "Give their mean amount"),
        (~(z < 0), "monetary_value must not be negative", "Net refunds into their day"),
    ):
        if not values.all():
            first = int(np.argmin(values))
            message = (
                f"{rule}: {np.count_nonzero(~values):,} of {len(x):,} customers break this (first: "
                f"{summary.index[first]!r}, frequency {x[first]:g}, monetary_value {z[first]:g}). "
                f"{cure}."
            )
            raise ValueError(message)
    return x, z
