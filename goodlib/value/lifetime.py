"""Lifetime value: what a customer is still worth, purchases times spend times margin.

Only the future counts: what was paid already is gone (it is why a customer is known, not what the
customer is worth). Over a finite horizon by the model's expected purchases, discounted as they
come; without end by DERT, the discounted expected residual transactions of Fader, Hardie & Lee
(2005), for the models that have it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

STEPS = 24
"""Parts of the horizon within which money is discounted alike; twice as many change 1 in 10,000."""
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
        Length of the future, in the unit of the summary.
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
    ends = np.linspace(0, horizon, STEPS + 1)[1:]
    reached = np.column_stack([purchases.expected_purchases(t, summary) for t in ends])
    coming = np.diff(reached, axis=1, prepend=0.0)
    discounted = coming @ np.exp(-rate * (ends - horizon / STEPS / 2))
    alive = purchases.p_alive(summary)
    amount = spend.expected_spend(summary).reindex(alive.index)
    share = margin if isinstance(margin, float) else margin.reindex(alive.index)
    return pd.DataFrame(
        {
            "p_alive": alive,
            "expected_purchases": reached[:, -1],
            "expected_spend": amount,
            "margin": share,
            "residual_value": discounted * amount * share,
        },
        index=alive.index,
    )
