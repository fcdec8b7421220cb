"""Do the ratings tell anything about what comes after that money does not tell already?

Two forecasts of the same outcome, made at a date in the past: one from value alone, one from
value and the relationship as it was rated then. That the ratings add nothing is a result too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from goodlib.decision.association import top_count
from goodlib.relationship.rating import RatingModel

PENALTY = 0.001
"""Ridge penalty of the forecasts, so that a perfect separation of few customers stays finite."""
SMALLEST = 40
"""Fewer customers do not show a gain of the size that ratings can have."""
FEWEST = 10
"""So many customers at least must have the outcome, and as many lack it."""


def forecast_gain(
    value: pd.DataFrame,
    relationship: pd.Series,
    outcome: pd.Series,
    *,
    folds: int = 10,
    repeats: int = 5,
    resamples: int = 500,
    seed: int,
) -> pd.DataFrame:
    """How well value alone, and value with the relationship, forecast what came after.

    Logistic forecasts of the outcome, each customer forecast from the others (cross-validation over
    customers; the split by date is made by the caller: nothing from after the date on the left
    side).

    Parameters
    ----------
    value : DataFrame of n customers
        What was known of value at the date: numbers, such as log value, frequency, idle time.
    relationship : Series of the same customers
        The relationship as it was rated by then; every customer must have one.
    outcome : Series of the same customers, boolean
        What came after: active again, or among the best.
    folds, repeats : int
        Cross-validation.
    resamples, seed : int
        Bootstrap over customers for the interval of the gain; the seed of all random numbers.

    Returns
    -------
    DataFrame, one row a forecast: "value alone", "value and relationship", "gain"
        `deviance`, mean -2 log likelihood of a customer (smaller is better), `auc` (the chance
        that a customer with the outcome is put before one without), `calibration` (slope of the
        outcome on the forecast's log odds; 1 is right, below 1 too bold); and for the gain
        `lower_95`, `upper_95` of the deviance saved.
    """
    known = outcome.astype(bool)
    if len(known) < SMALLEST or min(known.sum(), (~known).sum()) < FEWEST:
        message = (
            f"Too few to tell: {len(known):,} customers with a rating before the date, "
            f"{known.sum():,} "
            f"of them with the outcome. At least {SMALLEST} customers and {FEWEST} on each side "
            "are "
            "needed."
        )
        raise ValueError(message)
    random = np.random.default_rng(seed)
    y = known.to_numpy(float)
    alone = _scaled(value)
    with_rating = np.column_stack([alone, _scaled(relationship.to_frame())])
    splits = [_folds(y, folds, random) for _ in range(repeats)]
    odds = [
        np.mean([_forecast(design, y, split) for split in splits], axis=0)
        for design in (alone, with_rating)
    ]
    loss = [2 * np.logaddexp(0, np.where(y > 0, -eta, eta)) for eta in odds]
    rows = {
        name: {"deviance": part.mean(), "auc": _auc(eta, y), "calibration": _slope(eta, y)}
        for name, part, eta in zip(
            ("value alone", "value and relationship"), loss, odds, strict=True
        )
    }
    saved = loss[0] - loss[1]
    again = saved[random.integers(len(saved), size=(resamples, len(saved)))].mean(axis=1)
    rows["gain"] = {
        "deviance": saved.mean(),
        "auc": rows["value and relationship"]["auc"] - rows["value alone"]["auc"],
        "calibration": np.nan,
        "lower_95": np.quantile(again, 0.025),
        "upper_95": np.quantile(again, 0.975),
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("forecast")


def before_and_after(
    orders: pd.DataFrame, *, at: str | pd.Timestamp, end: str | pd.Timestamp, top_share: float
) -> pd.DataFrame:
    """What the order book showed at a date, and what came until `end`.

    Parameters
    ----------
    orders : DataFrame, one row an order
        `customer_id`, `date`, `amount`.
    at, end : date
        The forecast is made at the end of the day `at`.
    top_share : float
        What "among the best" means: 0.1 is the best tenth by amount after `at`.

    Returns
    -------
    DataFrame, one row a customer known at `at`
        `log_amount`, `log_frequency`, `log_idle` (days) as known then; `active_after`, `top_after`.
    """
    at, end = pd.Timestamp(at), pd.Timestamp(end)
    before = orders[orders["date"] <= at].groupby("customer_id")
    after = orders[(orders["date"] > at) & (orders["date"] <= end) & (orders["amount"] > 0)]
    amount = after.groupby("customer_id")["amount"].sum()
    frame = pd.DataFrame(
        {
            "log_amount": np.log1p(before["amount"].sum().clip(lower=0)),
            "log_frequency": np.log1p(before["date"].nunique()),
            "log_idle": np.log1p((at - before["date"].max()).dt.days),
        }
    )
    amount = amount.reindex(frame.index, fill_value=0.0)
    places = amount.rank(ascending=False, method="first")
    frame["active_after"] = amount > 0
    frame["top_after"] = (amount > 0) & (places <= top_count(len(frame), top_share))
    return frame


def relationship_at(ratings: pd.DataFrame, at: str | pd.Timestamp) -> pd.Series:
    """The relationship of each customer by the ratings that had been given by the day `at`.

    Parameters
    ----------
    ratings : DataFrame, one row a score
        `customer_id`, `rater`, `date`, `score`; of two sides only the staff's.

    Returns
    -------
    Series, customer_id -> latent relationship; empty when nobody had been rated yet.
    """
    known = ratings[(ratings["date"] <= pd.Timestamp(at)) & ratings["score"].notna()]
    if "side" in known:
        known = known[known["side"] == "staff"]
    item = ratings["item"] if "item" in ratings else pd.Series("overall", ratings.index)
    scale = {
        name: sorted(part["score"].dropna().unique()) for name, part in ratings.groupby(item)
    }  # items with other words have other scores
    if known["customer_id"].nunique() < SMALLEST or known["score"].nunique() < 2:
        return pd.Series(dtype=float, name="relationship")
    fit = RatingModel(known, scale).fit()
    return fit.customers["relationship"]


def outcomes(past: pd.DataFrame, relationship: pd.Series, *, seed: int) -> pd.DataFrame:
    """The gain of the ratings for each outcome that can be tested.

    Parameters
    ----------
    past : DataFrame
        As `before_and_after` makes it.
    relationship : Series
        As it was rated at that date; customers without a rating are left out.

    Returns
    -------
    DataFrame, three rows an outcome
        `outcome`, `n`, `forecast` and what `forecast_gain` gives; no row for an outcome that too
        few customers had or lacked.
    """
    known = past.join(relationship.rename("relationship"), how="inner")
    parts = []
    for column, words in (("active_after", "bought again"), ("top_after", "was among the best")):
        least = min(known[column].sum(), (~known[column].astype(bool)).sum())
        if len(known) >= SMALLEST and least >= FEWEST:
            value = known[["log_amount", "log_frequency", "log_idle"]]
            found = forecast_gain(value, known["relationship"], known[column], seed=seed)
            parts.append(found.reset_index().assign(outcome=words, n=len(known)))
    columns = ["outcome", "n", "forecast", "deviance", "auc", "calibration", "lower_95", "upper_95"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def _folds(y: np.ndarray, folds: int, random: np.random.Generator) -> np.ndarray:
    """A fold number for every customer, the outcome spread evenly over the folds."""
    number = np.empty(len(y), dtype=int)
    for kind in (0.0, 1.0):
        members = random.permutation(np.flatnonzero(y == kind))
        number[members] = np.arange(len(members)) % folds
    return number


def _forecast(design: np.ndarray, y: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Log odds of each customer by a logistic forecast from the others, with a small ridge."""
    eta = np.empty(len(y))
    full = np.column_stack([np.ones(len(y)), design])
    penalty = np.r_[0.0, np.full(design.shape[1], PENALTY)]
    for k in np.unique(fold):
        train = fold != k
        eta[~train] = full[~train] @ _logistic(full[train], y[train], penalty)
    return eta


def _logistic(x: np.ndarray, y: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Coefficients that maximise mean log likelihood less half of penalty x squares, by Newton."""
    beta, value = np.zeros(x.shape[1]), np.inf
    for _ in range(50):
        eta = x @ beta
        chance = expit(eta)
        gradient = x.T @ (y - chance) / len(y) - penalty * beta
        weight = chance * (1 - chance)
        step = np.linalg.solve((x.T * weight) @ x / len(y) + np.diag(penalty), gradient)
        beta = beta + step / max(1.0, np.abs(step).max() / 2)
        value, before = float(gradient @ step), value
        if value < 1e-12 or (value < 1e-9 and value >= before):
            break
    return beta


def _scaled(frame: pd.DataFrame) -> np.ndarray:
    if frame.isna().to_numpy().any():
        bad = frame.index[frame.isna().any(axis=1)]
        message = (
            f"A forecast needs complete rows: {len(bad):,} of {len(frame):,} customers lack a "
            "number "
            f"(first: {bad[0]!r}). Leave them out."
        )
        raise ValueError(message)
    x = frame.to_numpy(float)
    size = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(size > 0, size, 1.0)


def _auc(eta: np.ndarray, y: np.ndarray) -> float:
    ranks = stats.rankdata(eta)
    ones = y.sum()
    return float((ranks[y > 0].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))


def _slope(eta: np.ndarray, y: np.ndarray) -> float:
    if np.ptp(eta) == 0:
        return np.nan
    design = np.column_stack([np.ones(len(y)), eta])
    return float(_logistic(design, y, np.array([0.0, 1e-4]))[1])
