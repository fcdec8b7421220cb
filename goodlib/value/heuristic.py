"""One-line rules that a manager would use, and a regression on the same history.

They are what a model must beat. Each rule turns the past of each customer (`Past.at`) into one
score: higher means a better customer tomorrow. A rule whose score is an amount is a forecast of
spend as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM


def rfm(past: pd.DataFrame) -> np.ndarray:
    """Sum of the ranks of recency (short idle time), frequency and past spend, one third each."""
    return (
        rankdata(-past["idle"]) + rankdata(past["frequency"]) + rankdata(past["past_spend"])
    ) / len(past)


def hiatus(past: pd.DataFrame, threshold: float) -> np.ndarray:
    """1 for customers who bought within `threshold` units of time, else 0.

    The hiatus rule of Wübben & Wangenheim (2008): whoever has been idle longer is called inactive.
    """
    return (past["idle"].to_numpy() <= threshold).astype(float)


RULES: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "window spend": lambda past: past["window_spend"].to_numpy(dtype=float),
    "past spend": lambda past: past["past_spend"].to_numpy(dtype=float),
    "frequency": lambda past: past["frequency"].to_numpy(dtype=float),
    "recency": lambda past: -past["idle"].to_numpy(dtype=float),
    "RFM": rfm,
}
"""Name -> rule. The hiatus rule stands apart: it says who is active, not who is best."""

LOGGED = (
    "frequency recency T idle gap past_spend mean_amount window_purchases window_spend "
    "half_purchases "
    "half_spend quarter_purchases quarter_spend previous_purchases previous_spend"
).split()
"""The fifteen features of the regression, each as log(1 + x), money by what is usual."""


def best_hiatus(past: pd.DataFrame, active: np.ndarray) -> float:
    """The idle time that told active from inactive best at an earlier origin."""
    idle = past["idle"].to_numpy()
    candidates = np.quantile(idle, np.linspace(0.05, 0.95, 37))
    correct = [((idle <= candidate) == active).mean() for candidate in candidates]
    return float(candidates[int(np.argmax(correct))])


def design(past: pd.DataFrame) -> np.ndarray:
    """The regression's columns: an intercept and log(1 + x) of each feature, losses taken as
    zero.

    Money in hundredths of what a purchase of the median customer cost that day, so that neither
    the currency nor its inflation changes who is told from whom.
    """
    features = past[list(LOGGED)].astype(float).clip(lower=0.0)
    cost = features["mean_amount"]
    money = [name for name in LOGGED if name == "mean_amount" or name.endswith("_spend")]
    features[money] /= 0.01 * float(cost[cost > 0].median()) if (cost > 0).any() else 1.0
    return np.column_stack([np.ones(len(past)), np.log1p(features.to_numpy())])


@dataclass(frozen=True)
class HistoryRegression:
    """A Poisson regression of the next window on the history, learnt where the outcome is known.

    A log-linear mean with quasi-Poisson variance (statsmodels' GLM), lightly ridged because
    the features overlap. `fit` needs an earlier origin's past and what came after it.
    """

    coefficients: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    ceiling: float

    @classmethod
    def fit(cls, past: pd.DataFrame, actual: pd.Series, penalty: float = 0.05) -> HistoryRegression:
        """Learns from an earlier origin: `past` as `Past.at`, `actual` what came in its horizon."""
        columns = design(past)
        center, spread = columns.mean(axis=0), columns.std(axis=0)
        center[0], spread[0] = 0.0, 1.0
        spread[spread == 0] = 1.0
        scaled = (columns - center) / spread
        size = float(actual.mean()) or 1.0
        model = GLM(np.asarray(actual, dtype=float).clip(0) / size, scaled, family=Poisson())
        weights = np.r_[0.0, np.full(scaled.shape[1] - 1, penalty)]
        fitted = model.fit_regularized(alpha=weights, L1_wt=0.0, maxiter=200)
        ceiling = float(np.max(actual)) * 3.0
        coefficients = np.asarray(fitted.params, dtype=float).copy()
        coefficients[0] += np.log(size)
        return cls(coefficients, center, spread, ceiling)

    def predict(self, past: pd.DataFrame) -> np.ndarray:
        """Expected purchases or spend of the next window, whichever it learnt."""
        scaled = (design(past) - self.center) / self.scale
        return np.exp(np.minimum(scaled @ self.coefficients, np.log(max(self.ceiling, 1e-300))))
