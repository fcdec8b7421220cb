"""Good for others in money: only at a rate that the firm gives, and then at other rates too.

Nobody knows what an hour that did others good is worth. A firm may say what it would pay for one;
then money and good for others stand on one scale, and every decision that another rate would turn
round is named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from goodlib.decision.goods import Goods
from goodlib.decision.rubric import Rated
from goodlib.history.study import Rate

MULTIPLES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Rates that are tried, as multiples of the firm's own; zero is money alone."""


def in_money(goods: Goods, rate: Rate, outcome: Rated | None = None) -> np.ndarray:
    """Each customer's good for others in money at the firm's rate, customers x draws.

    Per hour: of each hour (or engagement) that did others good. Per point: of each point of the
    rubric above its lowest score, for customers on whom effort was spent.
    """
    if rate.per_hour is not None:
        return rate.per_hour * goods.draws["others"]
    if outcome is None:
        message = "A rate per point needs ratings on a rubric of good for others: there are none."
        raise ValueError(message)
    spent = (goods.customers["hours_all"] > 0).to_numpy()[:, None]
    return rate.per_point * (outcome.score - outcome.lowest) * spent


def sweep(
    goods: Goods, money: np.ndarray, share: float, multiples: Sequence[float] = MULTIPLES
) -> pd.DataFrame:
    """Each customer's place by money and good for others together, at every rate that is tried.

    Parameters
    ----------
    goods : Goods
    money : array, customers x draws
        As `in_money` makes it.
    share : float
        Who counts as best.
    multiples : multiples of the firm's rate

    Returns
    -------
    DataFrame, one row a customer who is among the best at one of the rates at least, one column a
    multiple: places, 1 the best.
    """
    own = goods.customers["pays_now"] + goods.customers["may_pay_later"]
    extra = money.mean(axis=1)
    places = pd.DataFrame(
        {m: (own + m * extra).rank(ascending=False, method="first") for m in multiples}
    ).astype(int)
    return places[(places <= best(len(own), share)).any(axis=1)].sort_values(multiples[0])


def best(count: int, share: float) -> int:
    """How many the best are: at least one."""
    return max(1, round(count * share))


def hanging(places: pd.DataFrame, count: int) -> pd.Series:
    """Who is among the best `count` at some of the rates and not at others."""
    among = places <= count
    return among.any(axis=1) & ~among.all(axis=1)
