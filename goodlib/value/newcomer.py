"""What somebody who has not bought yet would be worth, and where they stand among customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from goodlib.value.joint import FARTHEST
from goodlib.value.lifetime import discount_rate, draw_params


def new_customer_value(
    purchases: Any,
    spend: Any,
    margin: float,
    *,
    largest: float,
    horizon: float,
    discount: float,
    periods_per_year: float,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Draws of a new customer's discounted margin: the first purchase and all within horizon.

    Each draw takes parameters from both posteriors, a new customer from the law of all customers,
    and that customer's purchases and amounts. Its mean is what to expect, its spread is what one
    such customer may turn out to be.

    Parameters
    ----------
    purchases, spend : fitted models
        With `posterior`, `sample_purchases_new`; Gamma-Gamma's p, q, gamma.
    margin : float
        Share of an amount that stays with the firm.
    largest : float, currency
        The largest mean amount of a customer seen. As in the joint draws no mean amount is drawn
        above ten times that: where q is near one the law of means has hardly a mean itself.
    horizon : float, > 0
        In the unit of the summary the models were fitted to.
    discount : float
        Effective annual rate; purchases after the first lie half way on average.
    draws, seed : int

    Returns
    -------
    array, shape (draws,), currency
    """
    random = np.random.default_rng(seed)
    often = draw_params(purchases, draws, seed).params
    much = draw_params(spend, draws, seed + 1).params
    later = purchases.sample_purchases_new(often, horizon, random)
    p, q, gamma = (much[name].to_numpy() for name in ("p", "q", "gamma"))
    own = np.maximum(random.gamma(q) / gamma, p / (FARTHEST * max(largest, 1e-12)))
    first = random.gamma(p) / own
    rest = np.where(later > 0, random.gamma(np.maximum(p * later, 1e-9)) / own, 0.0)
    half = np.exp(-discount_rate(discount, periods_per_year) * horizon / 2)
    return margin * (first + half * rest)


def segment_factor(values: pd.Series, segments: pd.Series) -> pd.DataFrame:
    """How much more or less a customer of each segment is worth than the mean one.

    Ratio of the segment's mean value to the mean of all, drawn towards 1 as far as the segments
    differ by no more than chance would have it (one-way random effects, DerSimonian & Laird 1986).

    Parameters
    ----------
    values : Series by customer
        Any value, such as the margin of the first year.
    segments : Series by customer
        A word each; missing ones are left out.

    Returns
    -------
    DataFrame by segment: factor, std_err (of the drawn-in factor, given how much segments differ)
    """
    known = pd.DataFrame({"value": values, "segment": segments}).dropna()
    mean, within = known["value"].mean(), known["value"].var(ddof=1)
    groups = known.groupby("segment")["value"].agg(["mean", "size"])
    noise = within / groups["size"]
    weight = 1 / noise
    centre = (weight * groups["mean"]).sum() / weight.sum()
    excess = (weight * (groups["mean"] - centre) ** 2).sum() - (len(groups) - 1)
    between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    shrunk = (between * groups["mean"] + noise * mean) / (between + noise)
    error = np.sqrt(between * noise / (between + noise))
    return pd.DataFrame({"factor": shrunk / mean, "std_err": error / mean})


def score_prospects(
    chance: pd.DataFrame,
    value: pd.DataFrame,
    *,
    customers: pd.DataFrame | None = None,
    seed: int,
) -> pd.DataFrame:
    """Each open prospect's chance, value and rank among customers and prospects on one scale.

    Parameters
    ----------
    chance : DataFrame, prospects x draws
        P(won) within the period, as `ProspectResults.draw_p_won` gives it.
    value : DataFrame, prospects x draws
        Value if won, currency.
    customers : DataFrame, customers x draws, optional
        Residual value of each customer, as many draws: `draws_value`.
    seed : int
        Of the draws of who is won.

    Returns
    -------
    DataFrame, one row a prospect, best first
        p_won, p_won_lower_80, p_won_upper_80, value_if_won, value_if_won_lower_80,
        value_if_won_upper_80, expected_value, expected_rank (1 is best, among all).
    """
    _fits(chance, value)
    random = np.random.default_rng(seed)
    p, worth = chance.to_numpy(float), value.loc[chance.index].to_numpy(float)
    come = np.where(random.random(p.shape) < p, worth, 0.0)
    tie = 1e-9 * random.random(come.shape)  # those not won share the last places at random
    everybody = come + tie
    if customers is not None:
        if customers.shape[1] < p.shape[1]:
            message = (
                f"customers must have as many draws as the prospects: {customers.shape[1]:,} of "
                f"{p.shape[1]:,}. Use the same `draws`."
            )
            raise ValueError(message)
        theirs = customers.iloc[:, : p.shape[1]].to_numpy(float)
        everybody = np.vstack([everybody, theirs + 1e-9 * random.random(theirs.shape)])
    order = np.argsort(np.argsort(-everybody, axis=0), axis=0) + 1
    low, high = np.quantile(p, [0.1, 0.9], axis=1)
    value_low, value_high = np.quantile(worth, [0.1, 0.9], axis=1)
    frame = pd.DataFrame(
        {
            "p_won": p.mean(axis=1),
            "p_won_lower_80": low,
            "p_won_upper_80": high,
            "value_if_won": worth.mean(axis=1),
            "value_if_won_lower_80": value_low,
            "value_if_won_upper_80": value_high,
            "expected_value": (p * worth).mean(axis=1),
            "expected_rank": order[: len(p)].mean(axis=1),
        },
        index=chance.index,
    )
    return frame.sort_values("expected_value", ascending=False, kind="stable")


def _fits(chance: pd.DataFrame, value: pd.DataFrame) -> None:
    missing = ~chance.index.isin(value.index)
    if missing.any() or chance.shape[1] != value.shape[1]:
        first = repr(chance.index[missing][0]) if missing.any() else "none"
        message = (
            f"value must have a row for each prospect and as many draws: {missing.sum():,} of "
            f"{len(chance):,} prospects are missing (first: {first}), {value.shape[1]:,} draws "
            f"against {chance.shape[1]:,}."
        )
        raise ValueError(message)
