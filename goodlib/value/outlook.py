"""All open prospects of a firm: their chance, their worth, and their place among the customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from goodlib.value.forecast import Fit
from goodlib.value.funnel import already_customers, read_funnel
from goodlib.value.lifetime import margins
from goodlib.value.newcomer import new_customer_value, score_prospects, segment_factor
from goodlib.value.period import fit_funnel
from goodlib.value.prospect import ProspectResults

PEOPLE = ("name", "stage", "expected_amount", "age", "already_customer", "believable_amount")

SCORES = ("p_won", "p_won_lower_80", "p_won_upper_80", "value_if_won", "value_if_won_lower_80")
SCORES += ("value_if_won_upper_80", "expected_value", "expected_rank")


class Outlook(NamedTuple):
    """What may come of the open prospects."""

    fit: ProspectResults | None
    """The funnel's model; none where it was refused."""
    refusal: str
    """Why; empty where there is a fit."""
    people: pd.DataFrame
    """One row an open prospect, best first: the columns of `score_prospects` (missing where there
    is no fit), with name, stage, expected_amount (the firm's own), believable_amount (the same,
    missing where it exceeds every amount that was ever won), age (days since first contact),
    already_customer."""
    new_customer: np.ndarray
    """Draws of what a new customer is worth within the horizon; empty where nobody is new."""
    won: np.ndarray
    """Draws of how many of the open prospects are won within the days; empty without a fit."""


def look_ahead(
    prospects: pd.DataFrame,
    orders: pd.DataFrame,
    base: Fit,
    customers: pd.DataFrame | None = None,
    *,
    as_of: str | pd.Timestamp,
    days: float,
    horizon: float,
    discount: float,
    periods_per_year: float,
    margin: float | None,
    draws: int,
    seed: int,
) -> Outlook:
    """Chance, worth and rank of each open prospect within the next `days`.

    One who would be a new customer is worth what the models of the base say of a new
    customer within the horizon, more or less by industry where industries differ. One who is a
    customer already offers one more engagement, worth the firm's own estimate of it (drawn from the
    known ones where there is none, or none to believe): a part of that customer's value, not an
    addition to it.

    Parameters
    ----------
    prospects, orders : canonical tables
    base : Fit
        Models of the customers with season and levels (`fit_models`), so that a new customer is
        valued as the known ones are: at today's pace and prices.
    customers : DataFrame, customers x draws, optional
        Residual values to be ranked with.
    as_of : date
    days : float
        Within how many days a prospect must be won.
    horizon, discount, periods_per_year
        As in `residual_value`.
    margin : float or None
        Of the study; none: from the orders' cost or margin.
    draws, seed : int
    """
    try:
        frame = read_funnel(prospects, pd.Timestamp(as_of))
    except ValueError as error:
        nobody = pd.DataFrame(columns=[*PEOPLE, *SCORES], index=pd.Index([], name="prospect_id"))
        return Outlook(None, str(error), nobody, np.empty(0), np.empty(0))
    waiting = frame[frame["outcome"] == ""]
    already = already_customers(waiting, orders["customer_id"].unique())
    people = pd.DataFrame(
        {
            "name": waiting.get("name", waiting.index.to_series()),
            "stage": waiting.get("stage", pd.Series("", waiting.index)),
            "expected_amount": waiting.get("expected_value", pd.Series(np.nan, waiting.index)),
            "age": (pd.Timestamp(as_of) - waiting["first_contact"]).dt.days,
            "already_customer": already,
        }
    )
    amounts = _amounts(frame)
    most = amounts[frame["outcome"].reindex(amounts.index) == "won"].max()
    beyond = people["expected_amount"] > (most if most > 0 else np.inf)
    people["believable_amount"] = people["expected_amount"].mask(beyond)
    share, new = float(margins(orders, margin).mean()), np.empty(0)
    try:
        fit = fit_funnel(frame.reset_index(), as_of=as_of)
        if not already.all():
            # a longer horizon on the base's clock is not a later one: its year is as much longer
            clock = base.calendar.expected_future(horizon)
            new = new_customer_value(
                base.purchases,
                base.spend,
                share,
                largest=float(base.summary["monetary_value"].max()),
                horizon=clock,
                discount=discount,
                periods_per_year=periods_per_year * clock / horizon,
                draws=max(draws, 1000),
                seed=seed,
            )
    except ValueError as error:
        unknown = people.assign(**dict.fromkeys(SCORES, np.nan))
        return Outlook(None, str(error), unknown, np.empty(0), np.empty(0))
    chance = fit.draw_p_won(days, draws, seed).loc[people.index]
    worth = _worth(waiting, people, frame, orders, new, share, draws, seed)
    scored = score_prospects(chance, worth, customers=customers, seed=seed)
    random = np.random.default_rng(seed + 2)
    won = (random.random(chance.shape) < chance.to_numpy()).sum(axis=0)
    return Outlook(fit, "", people.loc[scored.index].join(scored), new, won)


def _worth(
    waiting: pd.DataFrame,
    people: pd.DataFrame,
    frame: pd.DataFrame,
    orders: pd.DataFrame,
    new: np.ndarray,
    share: float,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Draws of each open prospect's value if won."""
    random = np.random.default_rng(seed + 1)
    table = np.empty((len(people), draws))
    known = people["believable_amount"].to_numpy(float)
    amounts = _amounts(frame).to_numpy()
    factor = _factor(orders, waiting, draws, random) if new.size else np.ones((len(people), 1))
    for row, (old, amount) in enumerate(zip(people["already_customer"], known, strict=True)):
        if not old:
            table[row] = factor[row] * random.choice(new, draws)
        elif np.isfinite(amount):
            table[row] = share * amount
        else:
            table[row] = share * random.choice(amounts, draws) if len(amounts) else 0.0
    return pd.DataFrame(table, index=people.index)


def _amounts(frame: pd.DataFrame) -> pd.Series:
    """What the firm expected of each prospect, where it said so."""
    return frame["expected_value"].dropna() if "expected_value" in frame else pd.Series(dtype=float)


def _factor(
    orders: pd.DataFrame, waiting: pd.DataFrame, draws: int, random: np.random.Generator
) -> np.ndarray:
    """How much more or less a customer of each prospect's industry spends in the first year.

    Drawn once for all prospects of an industry, for what is not known of it they share.
    """
    if "industry" not in orders or "industry" not in waiting:
        return np.ones((len(waiting), 1))
    first = orders.groupby("customer_id")["date"].transform("min")
    year = orders[(orders["date"] - first).dt.days < 365]
    spent = year.groupby("customer_id")["amount"].sum()
    industry = orders.groupby("customer_id")["industry"].first()
    factor = segment_factor(spent, industry)
    centre, error = factor["factor"].to_numpy()[:, None], factor["std_err"].to_numpy()[:, None]
    drawn = np.maximum(centre + error * random.standard_normal((len(factor), draws)), 0.0)
    each = pd.DataFrame(drawn, index=factor.index).reindex(waiting["industry"])
    return each.fillna(1.0).to_numpy(float)
