"""Portfolios that go wrong by name, computed from the firm's own figures.

Only for others: until the money runs out. Only to learn: at a price below the firm's own. Only for
revenue: with the skills and the sources of tomorrow's customers left to age.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from goodlib.decision.balance import GOODS
from goodlib.decision.skill import cells, scatter

SMALLEST = 20
"""From fewer customers prices per hour are not told apart."""


def money(orders: pd.DataFrame, margins: pd.Series | None) -> pd.DataFrame:
    """Amount, margin and cost of every customer.

    Parameters
    ----------
    orders : DataFrame
        `customer_id`, `amount`, optionally `margin` or `cost`.
    margins : Series, optional
        Share of an amount that stays, by customer, where orders have neither.

    Returns
    -------
    DataFrame, indexed by customer_id: `amount`, `margin`, `cost` (missing where nothing tells).
    """
    frame = orders.groupby("customer_id")[["amount"]].sum()
    if "cost" in orders or "margin" in orders:
        column = "margin" if "margin" in orders else "cost"
        sums = orders.groupby("customer_id")[column].sum()
        frame["margin"] = sums if column == "margin" else frame["amount"] - sums
        frame["cost"] = frame["amount"] - frame["margin"]
        return frame
    share = np.nan if margins is None else margins.reindex(frame.index)
    frame["margin"] = frame["amount"] * share
    frame["cost"] = np.nan
    return frame


def margin_share(value: pd.DataFrame, margin: float | None) -> pd.Series:
    """Share of an amount that stays with the firm, by customer, for orders without a cost."""
    if "margin" in value:
        return value["margin"]
    return pd.Series(np.nan if margin is None else margin, value.index)


def only_for_others(yearly_margin: float, yearly_cost: float) -> float:
    """Months that one year's margin pays for, when all work is given away and nothing comes in."""
    if not yearly_cost > 0:
        return np.nan
    return float(max(yearly_margin, 0.0) / (yearly_cost / 12))


def months_left(kept: pd.DataFrame, start: pd.Timestamp, as_of: pd.Timestamp) -> float:
    """`only_for_others` with the margin and cost of the time from `start`, brought to one year."""
    years = (as_of - start).days / 365.25
    return only_for_others(kept["margin"].sum() / years, kept["cost"].sum(min_count=1) / years)


def prices(
    efforts: pd.DataFrame, amount: pd.Series, *, resamples: int = 200, seed: int
) -> pd.DataFrame:
    """What an hour earns by the good it is for: amounts explained by hours, none below zero.

    Non-negative least squares over customers, weighted so that the error grows with a customer's
    size; the interval by bootstrap over customers.

    Parameters
    ----------
    efforts : DataFrame
        `customer_id`, `hours`, `good`.
    amount : Series
        What each customer paid in the same time.

    Returns
    -------
    DataFrame, one row a good: `hours`, `price`, `lower_80`, `upper_80`; and "all", the firm's own
    rate.
    """
    table = efforts.pivot_table(
        index="customer_id", columns="good", values="hours", aggfunc="sum", fill_value=0.0
    ).reindex(columns=list(GOODS), fill_value=0.0)
    paid = amount.reindex(table.index).fillna(0.0).to_numpy(float)
    hours = table.to_numpy(float)
    weight = 1 / np.sqrt(hours.sum(axis=1))[:, None]
    own = paid.sum() / hours.sum()
    frame = pd.DataFrame({"hours": [*hours.sum(axis=0), hours.sum()]}, [*GOODS, "all"])
    frame["price"], frame["lower_80"], frame["upper_80"] = [np.nan] * 4, np.nan, np.nan
    frame.loc["all", "price"] = own
    if len(table) < SMALLEST:
        return frame.rename_axis("good")
    random = np.random.default_rng(seed)
    found = nnls(hours * weight, paid * weight[:, 0])[0]
    again = np.array(
        [
            nnls((hours * weight)[pick], (paid * weight[:, 0])[pick])[0]
            for pick in random.integers(len(hours), size=(resamples, len(hours)))
        ]
    )
    frame.loc[list(GOODS), "price"] = np.where(hours.sum(axis=0) > 0, found, np.nan)
    frame.loc[list(GOODS), "lower_80"] = np.quantile(again, 0.1, axis=0)
    frame.loc[list(GOODS), "upper_80"] = np.quantile(again, 0.9, axis=0)
    return frame.rename_axis("good")


def skills(efforts: pd.DataFrame, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """How old, how scattered and how new the work is, by the good it is for.

    Returns
    -------
    DataFrame, one row a good and "all"
        `hours` since `start`; `age`, mean years since the firm first worked in a cell;
        `new_share`, the share of hours in cells first entered since `start`; `cells`, over how
        many cells it is spread; `learned` per 1,000 hours, in first engagements.
    """
    names = cells(efforts)
    known = efforts.dropna(subset=names).reset_index(drop=True)
    first = known.groupby(names)["date"].transform("min")
    known = known.assign(age=(known["date"] - first).dt.days / 365.25, new=first > start)
    recent = known[(known["date"] > start) & (known["date"] <= as_of)]
    rows = {}
    for good in (*GOODS, "all"):
        part = recent if good == "all" else recent[recent["good"] == good]
        hours = part["hours"].sum()
        if not hours:
            continue
        rows[good] = {
            "hours": hours,
            "age": (part["age"] * part["hours"]).sum() / hours,
            "new_share": part.loc[part["new"], "hours"].sum() / hours,
            "cells": scatter(part.groupby(names)["hours"].sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("good")


def sources(
    efforts: pd.DataFrame, value: pd.Series, referrals: pd.DataFrame | None
) -> pd.DataFrame:
    """Where the customers whose future value counts came from: how their first work began.

    Returns
    -------
    DataFrame, one row a beginning
        `customers`, `residual_value`, `value_share`: began with work given away, began with work to
        learn from, sent by others, began as paid work.
    """
    first = efforts.sort_values("date", kind="stable").groupby("customer_id")["good"].first()
    words = {"others": "work given away", "skill": "work to learn from", "you": "paid work"}
    began = first.reindex(value.index).map(words).fillna("nothing known")
    if referrals is not None:
        sent = value.index.isin(referrals["referred_id"])
        began = began.where(~(sent & (began == "paid work")), "paid work, sent by others")
    frame = value.groupby(began).agg(["size", "sum"])
    frame.columns = ["customers", "residual_value"]
    frame["value_share"] = frame["residual_value"] / frame["residual_value"].sum()
    return frame.sort_values("residual_value", ascending=False).rename_axis("began_as")
