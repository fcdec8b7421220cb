"""Lifetime value: what a customer is still worth, purchases times spend times margin.

Only the future counts: what was paid already is gone (it is why a customer is known, not what the
customer is worth). Over a finite horizon by the model's expected purchases, discounted as they
come; without end by DERT, the discounted expected residual transactions of Fader, Hardie & Lee
(2005), for the models that have it. This is what fitted models say as they are; a study's values,
with calendar, ranges and totals, come from joint draws (worth.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goodlib.value.posterior import Posterior, PosteriorError

STEPS = 24
"""Parts of the horizon within which money is discounted alike; twice as many change 1 in 10,000."""
FUTURES = 8_000_000
"""Customers times draws in one set of draws."""
PSEUDO_ORDERS = 5.0
"""Orders at the firm's margin that each customer's own margin is drawn towards."""


def discount_rate(discount: float, periods_per_year: float) -> float:
    """The continuous rate a period of an effective annual rate: delta = ln(1 + d) / periods."""
    if not discount >= 0 or not periods_per_year > 0:
        message = (
            "discount must be 0 or more and periods_per_year above 0, "
            f"got {discount!r} and {periods_per_year!r}."
        )
        raise ValueError(message)
    return float(np.log1p(discount) / periods_per_year)


def margins(orders: pd.DataFrame, margin: float | None = None) -> pd.Series:
    """The share of an amount that stays with the firm, of each customer.

    From the orders' `margin` or `cost` where they have one: the customer's own share, drawn towards
    the firm's as if five more orders of the mean size had come at it. Else `margin` for everybody.

    Returns
    -------
    Series, shape (customers,), name `margin`
        Shares; negative for a customer who costs more than is paid.

    Raises
    ------
    ValueError
        Neither margin nor cost is known.
    """
    customers = pd.Index(sorted(orders["customer_id"].unique()), name="customer_id")
    if "margin" in orders or "cost" in orders:
        kept = orders["margin"] if "margin" in orders else orders["amount"] - orders["cost"]
        known = orders.assign(kept=kept).dropna(subset=["kept", "amount"])
        sums = known.groupby("customer_id")[["kept", "amount"]].sum()
        firm = sums["kept"].sum() / sums["amount"].sum()
        more = PSEUDO_ORDERS * known["amount"].mean()
        sums = sums.reindex(customers, fill_value=0.0)
        share = (sums["kept"] + firm * more) / (sums["amount"] + more)
        return share.rename("margin")
    if margin is None:
        message = (
            "Value needs a margin: orders have neither `cost` nor `margin`, and the study gives "
            "none. Map one of the columns, or set `margin` to the share that stays with the firm."
        )
        raise ValueError(message)
    return pd.Series(float(margin), index=customers, name="margin")


def residual_value(
    purchases: Any,
    spend: Any,
    margin: pd.Series | float,
    *,
    horizon: float,
    discount: float,
    periods_per_year: float,
    summary: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What each customer will still bring within the horizon, discounted to today.

    Parameters
    ----------
    purchases : fitted purchase model
        ParetoNBD, BetaGeoNBD, ... : `p_alive`, `expected_purchases`.
    spend : fitted spend model
        `expected_spend`.
    margin : Series by customer, or float
        Share of an amount that stays with the firm.
    horizon : float, > 0
        Length of the future, in the unit of the summary. Infinite: without an end, by `dert`,
        for the models that have it; `expected_purchases` is then left out.
    discount : float
        Effective annual rate.
    periods_per_year : float
        Units of the summary in a year (52.18 for weeks).
    summary : DataFrame, optional
        Customers to value; default those the purchase model was fitted to, whose summary the spend
        model must have had too.

    Returns
    -------
    DataFrame, one row a customer
        `p_alive`, `expected_purchases` (over the horizon), `expected_spend` (currency a purchase),
        `margin` (share), `residual_value` (currency, discounted, past excluded).
    """
    rate = discount_rate(discount, periods_per_year)
    if not horizon > 0:
        message = f"horizon must be above 0, got {horizon!r}."
        raise ValueError(message)
    alive = purchases.p_alive(summary)
    amount = spend.expected_spend(summary).reindex(alive.index)
    share = margin if isinstance(margin, float) else margin.reindex(alive.index)
    if np.isinf(horizon):
        if not hasattr(purchases, "dert"):
            name = type(purchases.model).__name__
            message = f"{name} has no value without an end: give a finite horizon, not {horizon!r}."
            raise ValueError(message)
        coming = {"dert": purchases.dert(discount, periods_per_year, summary)}
    else:
        coming = _coming(purchases, horizon, rate, summary)
    discounted = coming.pop("dert")
    columns = {"p_alive": alive, **coming, "expected_spend": amount, "margin": share}
    return pd.DataFrame(
        columns | {"residual_value": discounted * amount * share}, index=alive.index
    )


def _coming(
    purchases: Any, horizon: float, rate: float, summary: pd.DataFrame | None
) -> dict[str, np.ndarray]:
    """Expected purchases of each customer within the horizon, plain and discounted."""
    ends = np.linspace(0, horizon, STEPS + 1)[1:]
    reached = np.column_stack([purchases.expected_purchases(t, summary) for t in ends])
    each = np.diff(reached, axis=1, prepend=0.0)
    middle = ends - horizon / STEPS / 2
    return {"expected_purchases": each.sum(axis=1), "dert": each @ np.exp(-rate * middle)}


@dataclass(frozen=True, eq=False)
class ValueDraws:
    """What the future may bring beside what it brings on average.

    customers : one row a customer: residual_value_lower_80, residual_value_upper_80, the range
        that holds a customer's value in 80 of 100 futures; its ends are often 0, because many
        customers will not come back at all.
    total : value of the whole base in each draw.
    khat : Pareto k-hat of the two posteriors, purchases and spend.
    each : value of each customer in each draw, where it was asked for.
    """

    customers: pd.DataFrame
    total: np.ndarray
    khat: tuple[float, float]
    each: pd.DataFrame | None = None


def draw_value(
    purchases: Any,
    spend: Any,
    margin: pd.Series | float,
    *,
    horizon: float,
    discount: float,
    periods_per_year: float,
    draws: int,
    seed: int,
    summary: pd.DataFrame | None = None,
    keep: bool = False,
) -> ValueDraws:
    """Ranges of the residual value: parameters from their posteriors, then each customer.

    For fits with covariates, or without a history to learn a calendar from; else see `worth`.

    Every draw takes one row of both posteriors and draws each customer's purchases and what they
    cost exactly; money is discounted as `residual_value` expects it to come, customer by customer.
    A base of very many customers is drawn fewer times (at most 8 million customer futures, and at
    least 200 draws).

    Parameters
    ----------
    As `residual_value`; draws : int, >= 100, and seed : int; keep : whether to return each draw.
    """
    index = purchases.p_alive(summary).index
    rate = discount_rate(discount, periods_per_year)
    coming = _coming(purchases, horizon, rate, summary)
    share = margin if isinstance(margin, float) else margin.reindex(index).to_numpy(float)
    factor = share * coming["dert"] / np.maximum(coming["expected_purchases"], 1e-300)
    size = max(min(int(draws), max(200, FUTURES // len(index))), 100)
    first, second = draw_params(purchases, size, seed), draw_params(spend, size, seed + 1)
    rng = np.random.default_rng([seed, 2])
    found = np.empty((size, len(index)), dtype=np.float32)
    with_rows = zip(first.params.iterrows(), second.params.iterrows(), strict=True)
    for row, ((_, habit), (_, price)) in enumerate(with_rows):
        count = purchases.sample_purchases(habit, horizon, rng, summary).purchases
        found[row] = factor * spend.sample_spend(price, count, rng, summary)
    lower, upper = np.quantile(found, [0.1, 0.9], axis=0)
    columns = {"residual_value_lower_80": lower, "residual_value_upper_80": upper}
    total = found.sum(axis=1, dtype=float)
    each = pd.DataFrame(found.T, index=index) if keep else None
    return ValueDraws(pd.DataFrame(columns, index=index), total, (first.khat, second.khat), each)


def draw_params(results: Any, draws: int, seed: int) -> Posterior:
    """The posterior of a fit; by Metropolis where importance sampling refuses to answer."""
    try:
        return results.posterior(draws, seed)
    except PosteriorError:
        return results.posterior(draws, seed, method="metropolis")
