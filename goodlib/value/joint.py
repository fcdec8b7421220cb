"""One possible future of the whole base: who is still there, who buys how often, for how much.

Given the history and the parameters, everything about one customer's next purchases has a closed
form up to the first of them: a customer still there buys again within w with chance
1 - (A/(A + w))^P, where P = r + x and A = alpha + T. So one uniform number decides at once whether
a customer is there and buys, and when first; only those who do are drawn any further. In most bases
that is a minority, and nothing is spent on the others.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from goodlib.value.betageo import BetaGeo
from goodlib.value.calendar import Calendar
from goodlib.value.customers import read_customers
from goodlib.value.lifetime import draw_params
from goodlib.value.pareto import Pareto

FARTHEST = 10.0  # no mean amount is drawn above this many times the largest seen: some have no mean
PARAMETERS = (200, 500)  # distinct draws of the parameters: of a large base, of a small one
BLOCK = 65_536  # customers x draws at a time that share parameters: they stay in the cache
NODES = 6  # of the integral over times of leaving: seven digits of P(alive) on four histories


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a future is drawn from, ready for one chunk of customers after the other.

    laws, natural : the purchase process, and its parameters, one entry a draw.
    spend : parameters, one row a draw; design : covariates, one row a customer, where it has some.
    lengths : operational length of the horizon, a draw. price : level of amounts, a draw.
    drift : variance of each customer's own change of pace.
    tilt : factor on what each customer spends.
    """

    laws: list[Any]
    natural: list[tuple[float, ...]]
    spend: np.ndarray
    lengths: np.ndarray
    price: np.ndarray
    drift: float
    tilt: np.ndarray
    summary: pd.DataFrame
    mean_amount: np.ndarray
    design: np.ndarray | None = None

    def draw(
        self, rows: slice | np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Purchases and spend of these customers, shape (draws, customers)."""
        known = read_customers(self.summary.iloc[rows], observed=False)
        x, recency, T = (column[known.row] for column in (known.x, known.recency, known.T))
        paid, tilt = x * self.mean_amount[rows], self.tilt[rows]
        ceiling = FARTHEST * max(float(self.mean_amount.max()), 1e-12)
        draws, n = len(self.natural), len(x)
        counts = np.zeros((draws, n), dtype=np.int32)
        spends = np.zeros((draws, n), dtype=np.float32)
        before = None
        for block in self._blocks(n):
            natural, law = self.natural[block.start], self.laws[block.start]
            if natural is not before:
                alive = law.p_alive(*natural, known.x, known.recency, known.T)[known.row]
                before = natural
            pace = self.lengths[block][:, None]
            if self.drift > 0:
                # what all changes have in common is the level's, and counted there
                change = rng.standard_gamma(1 / self.drift, (pace.size, n))
                usual = alive * (natural[0] + x) / (natural[1] + T)
                pace = pace * change * (usual.sum() / (change @ usual))[:, None]
            drawn = draw_purchases(law, natural, alive, pace, x, recency, T, rng)
            cell, who, number = drawn
            p, q, gamma, *own = self.spend[block.start]  # shared, as the other parameters are
            if self.design is not None:
                gamma = gamma * np.exp(self.design[rows] @ np.array(own))
            scale = rng.standard_gamma((p * x + q)[who]) / (gamma + paid)[who]
            scale = np.maximum(scale, p / ceiling)
            amount = rng.standard_gamma(p * number) / scale
            amount *= np.outer(self.price[block], tilt).reshape(-1)[cell]
            counts[block].reshape(-1)[cell] = number.astype(counts.dtype)
            spends[block].reshape(-1)[cell] = amount.astype(spends.dtype)
        return counts, spends

    def _blocks(self, n: int) -> list[slice]:
        """Neighbouring draws that share parameters, as many as fit into the cache."""
        most, found, start = max(1, BLOCK // n), [], 0
        for draw in range(1, len(self.natural) + 1):
            full = draw - start >= most or draw == len(self.natural)
            if full or self.natural[draw] is not self.natural[start]:
                found.append(slice(start, draw))
                start = draw
        return found


def draw_purchases(
    law: Any,
    natural: tuple[float, ...],
    alive: np.ndarray,
    pace: np.ndarray,
    x: np.ndarray,
    recency: np.ndarray,
    T: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who buys, as places in the flattened table of draws and customers, and how often.

    Parameters
    ----------
    law, natural : purchase process and its parameters
        BetaGeo and Pareto are drawn as the module says, any other law by its own `draw`.
    alive : array (n,)
        P(still there) of each customer.
    pace : array (draws, n) or (draws, 1)
        Length of the future.
    x, recency, T : arrays (n,)
    rng : Generator

    Returns
    -------
    cell, who, number : arrays of one length
        draw * n + customer, the customer, and the purchases there, one or more.
    """
    shape = (len(pace), len(x))
    luck = rng.random(shape)
    if not (isinstance(law, Pareto) or (isinstance(law, BetaGeo) and law.k == 1)):
        cell = np.flatnonzero(luck < alive)
        who = cell % shape[1]
        length = np.broadcast_to(pace, shape).reshape(-1)[cell]
        found = law.draw(length, rng, np.ones(len(who)), *natural, x[who], recency[who], T[who])
        buys = found.purchases > 0
        return cell[buys], who[buys], found.purchases[buys]
    power, age = natural[0] + x, natural[1] + T
    # nobody buys more surely than in the longest of these futures: the others need no look
    bound = alive * -np.expm1(-power * np.log1p(pace.max(axis=0) / age))
    cell = np.flatnonzero(luck < bound)
    who = cell % shape[1]
    length = np.broadcast_to(pace, shape).reshape(-1)[cell]
    # 1 - luck/alive is uniform between P(silent) and one where someone buys: silent until now
    still = 1 - luck.reshape(-1)[cell] / alive[who]
    power, age = power[who], age[who]
    first = age * (np.exp(-np.log(still) / power) - 1)
    buys = first < length
    if not buys.all():
        cell, who, length = cell[buys], who[buys], length[buys]
        power, age, first = power[buys], age[buys], first[buys]
    if isinstance(law, Pareto):
        with np.errstate(over="ignore"):  # who hardly ever leaves may well stay for ever
            lived = np.exp(-np.log(1 - rng.random(len(cell))) / natural[2]) - 1
            lived *= natural[3] + T[who]
        there = first < lived
        cell, who, power, age = cell[there], who[there], power[there], age[there]
        first, length = first[there], np.minimum(length, lived)[there]
    rate = rng.standard_gamma(power + 1) / (age + first)
    number = 1 + rng.poisson(rate * np.maximum(length - first, 0.0))
    if isinstance(law, BetaGeo):
        _stop_after_some(law, natural, number, who, x, rng)
    return cell, who, number


def _stop_after_some(
    law: BetaGeo,
    natural: tuple[float, ...],
    number: np.ndarray,
    who: np.ndarray,
    x: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Leaving after a purchase: whoever leaves buys no more (changes `number`)."""
    a, b = natural[2:4]
    more = np.flatnonzero(number > 1)
    stay, bought = (b + x + law.extra)[who[more]], number[more]
    leaves = rng.random(len(more)) * (a + stay) >= stay
    number[more[leaves]] = 1
    on = ~leaves & (bought > 2)  # the second of two is bought whatever comes after it
    last = rng.geometric(np.maximum(rng.beta(a, stay[on] + 1), 1e-15))
    number[more[on]] = 1 + np.minimum(bought[on] - 1, last)


def prepare(
    purchases: Any,
    spend: Any,
    horizon: float,
    draws: int,
    seed: int,
    summary: pd.DataFrame,
    calendar: Calendar | None = None,
    price: np.ndarray | None = None,
    drift: float = 0.0,
    tilt: pd.Series | None = None,
    certain: bool = False,
) -> Outlook:
    """Checks the door and draws what all customers share; with `certain` at the estimates.

    purchases : a fitted model, or several of the same customers, each of which makes the same
        share of the draws.
    """
    if int(draws) != draws or draws < 100:
        message = f"draws must be a whole number of at least 100: got {draws!r}"
        raise ValueError(message)
    if not (np.isfinite(horizon) and horizon > 0):
        message = (
            f"horizon must be a positive length of time in the summary's unit: got {horizon!r}"
        )
        raise ValueError(message)
    if len(summary) < 30:
        message = (
            f"a joint future needs at least 30 customers: got {len(summary)}. For so few, "
            "look at each of them"
        )
        raise ValueError(message)
    if not (summary["frequency"] > 0).any():
        message = (
            f"a future needs repeat purchases: none of {len(summary):,} customers has bought twice"
        )
        raise ValueError(message)
    quick = [_quick(fit) for fit in (purchases if isinstance(purchases, tuple) else (purchases,))]
    effects = getattr(getattr(spend, "model", None), "effects", ())
    names = ["p", "q", "gamma", *(name for effect in effects for name in effect.names)]
    # refuses covariates, so all parameters are positive
    points = [(fit.model.law, fit.model.natural(fit.optimum.theta)) for fit in quick]
    if certain:
        each = np.arange(draws) * len(points) // draws
        amounts = np.tile(spend.params[names].to_numpy(dtype=float), (draws, 1))
    else:
        # the larger a base the better its parameters are known, and the dearer is P(alive) of all
        distinct = max(100, min(draws // 2, int(np.clip(40_000_000 // len(summary), *PARAMETERS))))
        each = np.arange(draws) * distinct // draws
        share = max(100, -(-distinct // len(quick)))
        params = [np.log(draw_params(fit, share, seed).params.to_numpy()) for fit in quick]
        # models take turns, so that any first part of the draws holds all of them alike
        points = [
            (fit.model.law, fit.model.natural(theta))
            for thetas in zip(*params, strict=True)
            for fit, theta in zip(quick, thetas, strict=True)
        ]
        amounts = spend.posterior(distinct, seed + 1).params[names].to_numpy()[each]
    lengths = np.full(draws, float(horizon))
    if calendar is not None:
        lengths = calendar.future(horizon, draws, seed)
    factor = (
        np.ones(len(summary)) if tilt is None else tilt.reindex(summary.index).to_numpy(dtype=float)
    )
    return Outlook(
        [points[i][0] for i in each],
        [points[i][1] for i in each],
        amounts,
        lengths,
        np.ones(draws) if price is None else np.asarray(price, dtype=float),
        float(drift),
        factor,
        summary,
        summary["monetary_value"].fillna(0.0).clip(lower=0.0).to_numpy(dtype=float),
        effects[0].matrix(summary) if effects else None,
    )


def _quick(purchases: Any) -> Any:
    """The same fit with as many nodes in its integrals as a draw can notice."""
    if not isinstance(purchases.model.law, Pareto):
        return purchases
    model = copy(purchases.model)
    model.law = Pareto(NODES)
    return replace(purchases, model=model)
