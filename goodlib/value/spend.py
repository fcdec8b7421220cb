"""How much each time? Mean spend of each customer, from few purchases or none.

Gamma-Gamma (Fader & Hardie 2013, "The Gamma-Gamma Model of Monetary Value"): an amount is
Gamma(p, nu), nu differs between customers as Gamma(q, gamma), and the mean of x amounts is all that
need be known of a customer. It assumes that what a customer spends has nothing to do with how often
they come; `independence` holds that against the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import digamma, gammaln, polygamma

from goodlib.value.inference import Model, Optimum, Problem, Results

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
    """A fitted Gamma-Gamma model."""

    def expected_spend(self, summary: pd.DataFrame | None = None) -> pd.Series:
        """Expected mean spend of each customer, past and future.

        p (gamma + x zbar) / (p x + q - 1), eq. (5) of Fader & Hardie (2013): the customer's mean
        drawn towards that of all, which is the answer for one who bought once.

        Parameters
        ----------
        summary : DataFrame of n customers, optional
            Columns `frequency` and `monetary_value`. Default: the customers fitted to.

        Returns
        -------
        Series, shape (n,), name `expected_spend`
            Currency a purchase; missing where the mean does not exist (p x + q <= 1).
        """
        given = self.model.summary if summary is None else summary
        x, z = _read(given)
        p, q, gamma = self.params
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
        x, z = _read(self.model.summary if summary is None else summary)
        p, q, gamma = params["p"], params["q"], params["gamma"]
        rate = rng.standard_gamma(p * x + q) / (gamma + x * z)
        return rng.standard_gamma(p * np.asarray(purchases, dtype=float)) / rate

    def mean_spend_new(self) -> float:
        """Mean spend of a new customer: p gamma / (q - 1); infinite for q <= 1."""
        p, q, gamma = self.params
        return float(p * gamma / (q - 1)) if q > 1 else float("inf")


class GammaGamma(Model):
    """Gamma-Gamma model of the mean amount of a purchase.

    Parameters
    ----------
    summary : DataFrame of n customers
        `frequency` (repeat purchases) and `monetary_value` (their mean amount, missing where
        frequency is 0). Repeat buyers whose purchases were all free have no place in the model;
        `problems` counts them.

    Attributes
    ----------
    names : p (shape of an amount), q (shape of the spread between customers), gamma (its scale, in
        the unit of the amounts)

    Examples
    --------
    At its published optimum for CDNOW the mean spend of a new customer is about 35 dollars:

    >>> p, q, gamma = 6.25, 3.74, 15.44
    >>> round(p * gamma / (q - 1), 3)
    35.219
    """

    names = ("p", "q", "gamma")
    title = "Gamma-Gamma"
    results = GammaGammaResults

    def __init__(self, summary: pd.DataFrame) -> None:
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
        # equal (x, z) are kept once, with their count; amounts are measured in their mean
        rows, count = np.unique(
            np.column_stack([x, z / self.unit])[used], axis=0, return_counts=True
        )
        self.x, self.z, self.count = rows[:, 0], rows[:, 1], count.astype(float)

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, gradient and Hessian in log p, log q, log (gamma / mean amount)."""
        p, q, gamma = np.exp(theta)
        x, z, n = self.x, self.z, self.count
        a, total = p * x, gamma + x * z
        log = np.log(x) + np.log(z) - np.log(total)
        value = (
            gammaln(a + q) - gammaln(a) - gammaln(q)
            + q * (theta[2] - np.log(total)) + a * log - np.log(z)
        )  # fmt: skip
        both, second = digamma(a + q), polygamma(1, a + q)
        slope = np.array(
            [
                n @ (x * (both - digamma(a) + log)),
                n @ (both - digamma(q) + theta[2] - np.log(total)),
                n @ (q / gamma - (a + q) / total),
            ]
        )
        bend = np.empty((3, 3))
        bend[0, 0] = n @ (x * x * (second - polygamma(1, a)))
        bend[0, 1] = bend[1, 0] = n @ (x * second)
        bend[0, 2] = bend[2, 0] = -n @ (x / total)
        bend[1, 1] = n @ (second - polygamma(1, q))
        bend[1, 2] = bend[2, 1] = n @ (1 / gamma - 1 / total)
        bend[2, 2] = n @ ((a + q) / total**2 - q / gamma**2)
        params = np.array([p, q, gamma])
        gradient = params * slope
        hessian = np.outer(params, params) * bend + np.diag(gradient)
        return float(n @ value) - self.nobs_log_unit, gradient, hessian

    @property
    def nobs_log_unit(self) -> float:
        """What measuring amounts in their mean adds to the log-likelihood."""
        return float(self.count.sum() * np.log(self.unit))

    def start(self) -> np.ndarray:
        """Amounts that vary about as much within a customer as between customers."""
        return np.log([3.0, 3.0, 1.0])

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
        repeat buyers outweigh it.
        """
        return {
            "p": stats.lognorm(1.5, scale=3.0),
            "q": stats.lognorm(1.0, scale=3.0),
            "gamma": stats.lognorm(1.5, scale=self.unit),
        }

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
