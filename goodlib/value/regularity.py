"""Do customers buy at random times, or regularly? The evidence for k of the Erlang-k models.

If times between purchases are Gamma(k, rate) with a rate of each customer's own, the shares of a
customer's time that the gaps take do not depend on the rate: they are Dirichlet(k, ..., k). So k
can be told without a model of the rates. k = 1 is random; k well above 1 is regular; below 1,
bursts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln, ndtri, polygamma

from goodlib.history.study import UNIT_DAYS
from goodlib.value.inference import Model, Results


def log_gaps(orders: pd.DataFrame, *, end: str | date, unit: str) -> pd.Series:
    """Sum of the logs of the times between each customer's purchases up to `end`, in `unit`.

    The Erlang-k models need it to say which k is likelier; join it to the summary. 0 for customers
    without repeat purchase. Orders of one customer on one day are one purchase.

    Returns
    -------
    Series, name `log_gaps`, index `customer_id`
    """
    gaps = _gaps(orders, end, unit)
    customers = orders.loc[pd.to_datetime(orders["date"]) <= pd.Timestamp(end), "customer_id"]
    sums = np.log(gaps).groupby(level=0).sum()
    return sums.reindex(np.sort(customers.unique()), fill_value=0.0).rename("log_gaps")


def regularity(orders: pd.DataFrame, *, end: str | date, alpha: float = 0.05) -> pd.DataFrame:
    """How regularly customers buy: k with its interval, by two methods.

    "Wheat-Morrison" (1990) looks at the last two gaps of each customer, whose share is Beta(k, k):
    k = (1 - 4 v)/(8 v) with v the variance of the share. "likelihood" uses all gaps of each
    customer (Dirichlet). Customers need three purchases. An interval above 1 speaks for k = 2 or
    more.

    Returns
    -------
    DataFrame, index `method`: k, lower, upper, customers
    """
    gaps = _gaps(orders, end, "D")
    many = gaps[gaps.groupby(level=0).transform("size") >= 2]
    if many.index.nunique() < 3:
        message = (
            "regularity needs 3 customers with three purchases each: "
            f"{many.index.nunique()} of {orders['customer_id'].nunique()} have as many."
        )
        raise ValueError(message)
    last = many.groupby(level=0).tail(2).groupby(level=0)
    share = (last.last() / last.sum()).to_numpy()
    square = (share - 0.5) ** 2  # the mean of Beta(k, k) is known
    v, error = square.mean(), square.std(ddof=1) / np.sqrt(len(square))
    reach = ndtri(1 - alpha / 2) * error
    ends = [_shape(v), _shape(v + reach), _shape(max(v - reach, 1e-12))]
    fit = Gaps(many).fit()
    interval = fit.conf_int(alpha).loc["k"]
    rows = {
        "Wheat-Morrison": [*ends, len(share)],
        "likelihood": [fit.params["k"], interval["lower"], interval["upper"], fit.nobs],
    }
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=["k", "lower", "upper", "customers"]
    )
    return frame.astype({"customers": int}).rename_axis("method")


class Gaps(Model):
    """Times between purchases as shares of their sum: Dirichlet(k, ..., k) for each customer."""

    names: tuple[str, ...] = ("k",)
    results = Results

    def __init__(self, gaps: pd.Series) -> None:
        logs = np.log(gaps)
        by = gaps.groupby(level=0)
        self.size = by.size().to_numpy(dtype=float)
        share = logs.groupby(level=0).sum().to_numpy() - self.size * np.log(by.sum().to_numpy())
        self.log_shares = share
        self.nobs = len(share)

    def derivatives(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood and its slopes in log k."""
        k, n = float(np.exp(theta[0])), self.size
        value = gammaln(n * k) - n * gammaln(k) + (k - 1) * self.log_shares
        one = n * digamma(n * k) - n * digamma(k) + self.log_shares
        two = n * n * polygamma(1, n * k) - n * polygamma(1, k)
        slope = k * one.sum()
        return float(value.sum()), np.array([slope]), np.array([[k * k * two.sum() + slope]])


def choose_k(model: Any, summary: pd.DataFrame, up_to: int = 6) -> Results:
    """The fit of `model` with the likeliest k from 1 to `up_to`, climbing while it rises.

    `model` is BetaGeoNBD or ModifiedBetaGeoNBD; `summary` needs `log_gaps` beside its usual
    columns.
    """
    best = model(summary, k=1).fit()
    for k in range(2, up_to + 1):
        fit = model(summary, k=k).fit(start=list(_faster(best.params, k)))
        if fit.llf <= best.llf:
            break
        best = fit
    return best


def _faster(params: pd.Series, k: int) -> pd.Series:
    """A start for k from the fit of k - 1: the same purchases need more events."""
    return params * np.where(params.index == "alpha", (k - 1) / k, 1.0)


def _shape(v: float) -> float:
    return (1 - 4 * v) / (8 * v)


def _gaps(orders: pd.DataFrame, end: str | date, unit: str) -> pd.Series:
    """Times between purchases, indexed by customer, in order."""
    if unit not in UNIT_DAYS:
        message = f"unit must be one of {list(UNIT_DAYS)}, got {unit!r}."
        raise ValueError(message)
    dates = pd.to_datetime(orders["date"]).dt.normalize()
    days = pd.DataFrame({"customer_id": orders["customer_id"], "date": dates})
    days = days[days["date"] <= pd.Timestamp(end)].drop_duplicates()
    days = days.sort_values(["customer_id", "date"])
    gap = days.groupby("customer_id")["date"].diff().dt.days / UNIT_DAYS[unit]
    gap.index = pd.Index(days["customer_id"])
    return gap.dropna()
