"""Amounts for draws: Gamma-Gamma whose spread within a customer is the one that is seen.

The likelihood of Gamma-Gamma listens most to the smallest amounts. Where projects may be tiny or
free of charge it concludes that every amount varies by a factor of many (World Bank: a variance of
6 to 16 squared means, where 1 to 2 are seen), and where a customer now and then buys a lot it
concludes the opposite (CDNOW: .19 for .42). Expected spend hardly notices; chances to be among the
best do. So p, the shape of one customer's amounts, is set by their variance, and q and gamma are
then estimated given p: a quasi-likelihood, in the habit of generalised linear models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from goodlib.value.feature import Past, ordinal
from goodlib.value.inference import maximise
from goodlib.value.spend import GammaGamma

RANGE = (0.05, 50.0)  # of p


@dataclass(frozen=True, eq=False)
class Amounts:
    """Gamma-Gamma with p from the variance within customers; q and gamma by likelihood given p.

    params : p, q, gamma. covariance : of log q and log gamma.
    """

    params: pd.Series
    covariance: np.ndarray
    model: GammaGamma

    def posterior(self, draws: int, seed: int) -> _Draws:
        """Draws of p, q, gamma: normal in log q and log gamma, p held."""
        rng = np.random.default_rng([seed, 23])
        logs = rng.multivariate_normal(np.log(self.params[["q", "gamma"]]), self.covariance, draws)
        q, gamma = np.exp(logs).T
        return _Draws(pd.DataFrame({"p": float(self.params["p"]), "q": q, "gamma": gamma}))


@dataclass(frozen=True, eq=False)
class _Draws:
    """As a posterior: draws in `params`."""

    params: pd.DataFrame


def fit_amounts(past: Past, end: str | pd.Timestamp, summary: pd.DataFrame) -> Amounts:
    """Amounts of the customers of `summary` from their day-purchases up to `end`."""
    model = GammaGamma(summary)
    p = float(np.clip(1 / max(variation(past, end), 1e-9), *RANGE))
    start = model.fit().optimum.theta
    rest = np.clip(start[1:], -3, 6)

    def given(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        # weak priors keep a handful of repeat buyers finite
        value, slope, bend = model.derivatives(np.r_[np.log(p), theta])
        gap, spread = theta - np.array([np.log(3.0), 0.0]), np.array([1.0, 1.5]) ** -2
        value = value - 0.5 * float(gap @ (spread * gap))
        return value, slope[1:] - spread * gap, bend[1:, 1:] - np.diag(spread)

    optimum = maximise(given, rest)
    curvature = -optimum.hessian
    q, gamma = np.exp(optimum.theta)
    params = pd.Series({"p": p, "q": q, "gamma": gamma * model.unit})
    return Amounts(params, np.linalg.inv(curvature), model)


def variation(past: Past, end: str | pd.Timestamp) -> float:
    """Variance of a customer's amounts around the customer's mean, in squared means.

    Pooled over customers with two or more purchases by their degrees of freedom.
    """
    code, day, amount, _ = past.table
    seen = day <= ordinal(end)
    code, amount = code[seen], amount[seen].clip(0.0)
    count = np.bincount(code)
    mean = np.bincount(code, amount) / np.maximum(count, 1)
    square = np.bincount(code, (amount - mean[code]) ** 2)
    used = (count > 1) & (mean > 0)
    if not used.any():
        known = int((count > 0).sum())
        message = f"the spread of amounts needs customers who paid twice: none of {known:,} did"
        raise ValueError(message)
    free = count[used] - 1
    relative = float((square[used] / mean[used] ** 2).sum() / free.sum())
    pooled = float(square[used].sum() / (free * mean[used] ** 2).sum())
    return float(np.sqrt(relative * pooled))
