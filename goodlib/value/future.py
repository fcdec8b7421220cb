"""Each customer's future, drawn jointly with everybody else's.

One draw is one possible future of the whole base: parameters from the posterior, the base's level
from the calendar, then each customer's purchases and spend, exactly (given the history the latent
rate, dropout and spend are conjugate, so there is no MCMC). Who is on top is decided within a
draw, so chances to be among the best add up to the places there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from goodlib.value.calendar import Calendar
from goodlib.value.customers import read_customers
from goodlib.value.score import list_size, places

CELLS = 40_000_000  # customers x draws held in memory at once
CHUNK = 16_000_000  # customers x draws simulated at a time
FARTHEST = 10.0  # no mean amount is drawn above this many times the largest seen: some have no mean
PARAMETERS = 1000  # distinct draws of the parameters; each serves several futures beyond that
LEVELS = {"lower_95": 0.025, "lower_80": 0.1, "upper_80": 0.9, "upper_95": 0.975}


@dataclass(frozen=True, eq=False)
class Future:
    """Joint draws of the next `horizon`, and what they say about each customer and the total.

    customers : one row a customer: p_active (buys at least once), expected_purchases,
        expected_spend,
        their 80 and 95 % intervals, p_top (among the `share` that will spend most), expected_rank
        (1 is best) with its 80 % interval, p_above_today (P(spend above what the top of the last
        window spent)).
    total : rows purchases and spend: mean, median and intervals of the whole base, with the common
        shock.
    totals : one row a draw: purchases and spend of the base.
    """

    customers: pd.DataFrame
    total: pd.DataFrame
    totals: pd.DataFrame
    horizon: float
    share: float
    seed: int
    held: tuple[np.ndarray, np.ndarray] | None = field(repr=False)

    @property
    def draws(self) -> int:
        """Number of joint draws."""
        return len(self.totals)

    @property
    def purchases(self) -> pd.DataFrame:
        """Purchases of each customer (rows) in each draw (columns)."""
        return self._frame(0)

    @property
    def spend(self) -> pd.DataFrame:
        """Spend of each customer (rows) in each draw (columns)."""
        return self._frame(1)

    def _frame(self, which: int) -> pd.DataFrame:
        if self.held is None:
            message = (
                f"{len(self.customers):,} customers x {self.draws:,} draws were streamed, not "
                f"kept: ask for "
                f"fewer draws (at most {CELLS // len(self.customers):,}) to hold each of them"
            )
            raise ValueError(message)
        return pd.DataFrame(self.held[which].T, index=self.customers.index)


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a future is drawn from, ready for one chunk of customers after the other.

    purchases, spend : parameters, one row a draw. lengths : operational length of the horizon, a
        draw.
    price : level of amounts, a draw. drift : variance of each customer's own change of pace. tilt
    : factor on what each customer spends.
    """

    law: Any
    natural: list[tuple[float, ...]]
    spend: np.ndarray
    lengths: np.ndarray
    price: np.ndarray
    drift: float
    tilt: np.ndarray
    summary: pd.DataFrame
    mean_amount: np.ndarray

    def draw(self, rows: slice, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Purchases and spend of these customers, shape (draws, customers)."""
        known = read_customers(self.summary.iloc[rows], observed=False)
        x, recency, T = (column[known.row] for column in (known.x, known.recency, known.T))
        paid = x * self.mean_amount[rows]
        ceiling = FARTHEST * max(float(self.mean_amount.max()), 1e-12)
        counts = np.zeros((len(self.natural), len(x)), dtype=np.int32)
        spends = np.zeros((len(self.natural), len(x)), dtype=np.float32)
        for draw, natural in enumerate(self.natural):
            if draw == 0 or natural is not self.natural[draw - 1]:
                alive = self.law.p_alive(*natural, known.x, known.recency, known.T)[known.row]
            on = np.flatnonzero(rng.random(len(x)) < alive)
            pace = np.full(len(on), self.lengths[draw])
            if self.drift > 0:
                pace = pace * rng.gamma(1 / self.drift, self.drift, len(on))
            found = self.law.draw(pace, rng, np.ones(len(on)), *natural, x[on], recency[on], T[on])
            buys = found.purchases > 0
            on, number = on[buys], found.purchases[buys]
            p, q, gamma = self.spend[draw]
            scale = rng.standard_gamma(p * x[on] + q) / (gamma + paid[on])
            scale = np.maximum(scale, p / ceiling)
            counts[draw, on] = number
            spends[draw, on] = rng.standard_gamma(p * number) / scale * self.price[draw]
        return counts, spends * self.tilt[rows].astype(np.float32)


def simulate_future(
    purchases: Any,
    spend: Any,
    horizon: float,
    draws: int,
    seed: int,
    *,
    summary: pd.DataFrame | None = None,
    calendar: Calendar | None = None,
    price: np.ndarray | None = None,
    drift: float = 0.0,
    tilt: pd.Series | None = None,
    share: float = 0.10,
    today: float | None = None,
) -> Future:
    """Joint draws of every customer's next `horizon`: purchases, spend and rank.

    Parameters
    ----------
    purchases, spend : fitted models
        A purchase model's result and GammaGamma's.
    horizon : float
        Length of the future in the summary's unit.
    draws, seed : int
        Joint futures, at least 100, and the seed of all random numbers.
    summary : DataFrame of n customers, optional
        frequency, recency, T, monetary_value, in the operational time of `calendar` when one is
        given. Default: the customers the models were fitted to.
    calendar : Calendar, optional
        Its future season and uncertain level. Without it the base's level is held fixed, and the
        intervals of totals are then too narrow in practice.
    price : array of one factor a draw, optional
        Level of amounts.
    drift : float, >= 0
        Variance of each customer's own change of pace: what frequent buyers show beyond Poisson.
    tilt : Series by customer, optional
        Factor on what each customer spends: another forecast's correction.
    share : float
        Who counts as top: this share of the customers.
    today : float, optional
        Today's threshold, for p_above_today.

    Raises
    ------
    ValueError
        For fewer than 100 draws, fewer than 30 customers, no repeat purchase, no horizon.
    """
    summary = fitted_summary(purchases, spend) if summary is None else summary
    outlook = prepare(purchases, spend, horizon, draws, seed, summary, calendar, price, drift, tilt)
    n, size = len(summary), list_size(len(summary), share)
    step = max(1, CHUNK // draws)
    if n * draws <= CELLS:
        parts = list(_chunks(outlook, range(0, n, step), step, n, seed))
        counts = np.concatenate([part[1] for part in parts], axis=1)
        spends = np.concatenate([part[2] for part in parts], axis=1)
        held, reference = (counts, spends), np.sort(spends, axis=1)
        parts = [(slice(0, n), counts, spends)]
    else:
        # ranks are read off the draws of a sample of customers: the law of a large base
        rows = np.sort(np.random.default_rng([seed, 7]).permutation(n)[: CELLS // 4 // draws])
        reference = np.sort(outlook.draw(rows, np.random.default_rng([seed, 8]))[1], axis=1)
        held, parts = None, _chunks(outlook, range(0, n, step), step, n, seed)
    threshold = reference[:, -max(1, round(size * reference.shape[1] / n))]
    totals = np.zeros((draws, 2))
    frames = []
    for rows, counts, spends in parts:
        totals += np.column_stack([counts.sum(axis=1), spends.sum(axis=1, dtype=float)])
        top = _top(spends, threshold, reference, size / n)
        frames.append(_describe(counts, spends, top, reference, n, today, summary.index[rows]))
    frame = pd.DataFrame(totals, columns=["purchases", "spend"])
    total = pd.DataFrame({name: _interval(frame[name]) for name in frame}).T
    return Future(pd.concat(frames), total, frame, float(horizon), share, seed, held)


def fitted_summary(purchases: Any, spend: Any) -> pd.DataFrame:
    """The customers that both models were fitted to."""
    known = purchases.model.customers
    columns = {
        "frequency": known.x[known.row],
        "recency": known.recency[known.row],
        "T": known.T[known.row],
    }
    amounts = spend.model.summary["monetary_value"].reindex(known.index)
    return pd.DataFrame(columns, index=known.index).assign(monetary_value=amounts)


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
) -> Outlook:
    """Checks the door and draws what all customers share."""
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
    if getattr(getattr(spend, "model", None), "effects", ()):
        message = (
            "a joint future does not know covariates of spend, which set customers' gamma apart: "
            "give it a fit without formula, or take draw_value() of goodlib.value.lifetime"
        )
        raise ValueError(message)
    distinct = min(draws, PARAMETERS)
    each = np.arange(draws) * distinct // draws
    params = purchases.posterior(distinct, seed).params.to_numpy()
    natural = [purchases.model.natural(purchases.model.to_theta(row)) for row in params]
    amounts = spend.posterior(distinct, seed + 1).params[["p", "q", "gamma"]].to_numpy()
    lengths = np.full(draws, float(horizon))
    if calendar is not None:
        lengths = calendar.future(horizon, draws, seed)
    factor = (
        np.ones(len(summary)) if tilt is None else tilt.reindex(summary.index).to_numpy(dtype=float)
    )
    return Outlook(
        purchases.model.law,
        [natural[i] for i in each],
        amounts[each],
        lengths,
        np.ones(draws) if price is None else np.asarray(price, dtype=float),
        float(drift),
        factor,
        summary,
        summary["monetary_value"].fillna(0.0).clip(lower=0.0).to_numpy(dtype=float),
    )


def tomorrows_best(future: Future, share: float) -> pd.DataFrame:
    """The customers most likely to be among the best `share`, best first.

    As many rows as there are places. Columns p_top, expected_rank, expected_rank_lower_80,
    expected_rank_upper_80, expected_spend; the mean of p_top is the share of the list that will be
    right (`attrs["expected_hits"]` is their number).
    """
    customers = future.customers
    if share != future.share:
        spends = future.spend.to_numpy()
        size = list_size(len(customers), share)
        top = np.mean([places(column, size) for column in spends.T], axis=0)
        customers = customers.assign(p_top=top)
    size = list_size(len(customers), share)
    columns = [
        "p_top",
        "expected_rank",
        "expected_rank_lower_80",
        "expected_rank_upper_80",
        "expected_spend",
    ]
    best = customers.sort_values(["p_top", "expected_spend"], ascending=False, kind="stable")
    best = best[columns].head(size)
    best.attrs["expected_hits"] = float(best["p_top"].sum())
    return best


def _chunks(
    outlook: Outlook, starts: range, step: int, n: int, seed: int
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Draws of one chunk of customers after the other, each with random numbers of its own."""
    for number, start in enumerate(starts):
        rows = slice(start, min(start + step, n))
        yield rows, *outlook.draw(rows, np.random.default_rng([seed, 11, number]))


def _top(
    spends: np.ndarray, threshold: np.ndarray, reference: np.ndarray, share: float
) -> np.ndarray:
    """P(top) of each customer: above the last place's spend, ties sharing what is left."""
    above = spends > threshold[:, None]
    equal = spends == threshold[:, None]
    left = share - (reference > threshold[:, None]).mean(axis=1)
    ties = np.maximum((reference == threshold[:, None]).mean(axis=1), 1e-12)
    return (above + equal * np.clip(left / ties, 0, 1)[:, None]).mean(axis=0)


def _describe(
    counts: np.ndarray,
    spends: np.ndarray,
    top: np.ndarray,
    reference: np.ndarray,
    n: int,
    today: float | None,
    index: pd.Index,
) -> pd.DataFrame:
    """One row a customer from draws of shape (draws, customers)."""
    columns = {
        "p_active": (counts > 0).mean(axis=0),
        "expected_purchases": counts.mean(axis=0),
        "expected_spend": spends.mean(axis=0, dtype=float),
    }
    columns |= _quantiles(counts, "purchases") | _quantiles(spends, "spend")
    rank = _ranks(spends, reference, n)
    columns |= {"p_top": top, "expected_rank": rank.mean(axis=0, dtype=float)}
    both = _quantiles(rank, "expected_rank")
    columns |= {name: both[name] for name in both if name.endswith("80")}
    if today is not None:
        columns["p_above_today"] = (spends > today).mean(axis=0)
    return pd.DataFrame(columns, index=index)


def _ranks(spends: np.ndarray, reference: np.ndarray, n: int) -> np.ndarray:
    """Rank of each spend within its draw, 1 for the largest, ties at their mean rank."""
    rank = np.empty(spends.shape, dtype=np.float32)
    scale = n / reference.shape[1]
    for draw, values in enumerate(spends):
        line = reference[draw]
        nobody = np.searchsorted(line, 0.0, side="right")
        right = np.searchsorted(line, values)
        rank[draw] = (reference.shape[1] - right) * scale
        rank[draw][values <= 0] = n - (nobody - 1) / 2 * scale
    return np.maximum(rank, 1.0)


def _quantiles(draws: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Interval columns of one quantity; quantiles are draws, so that a count's are counts."""
    ordered = np.sort(np.ascontiguousarray(draws.T), axis=1)
    last = ordered.shape[1] - 1
    where = {label: round(q * last) for label, q in LEVELS.items()}
    return {f"{name}_{label}": ordered[:, place].astype(float) for label, place in where.items()}


def _interval(draws: pd.Series) -> pd.Series:
    """Mean, median and intervals of a total."""
    quantiles = {label: draws.quantile(q) for label, q in LEVELS.items()}
    return pd.Series({"mean": draws.mean(), "median": draws.median()} | quantiles)


def movers(future: Future, today: pd.Series, count: int) -> pd.DataFrame:
    """Who is likely to rise among the best, and who of today's best is likely to leave them.

    Parameters
    ----------
    future : Future
    today : Series by customer
        What each customer spent in the last window: today's order.
    count : int
        Rows of each kind, at most.

    Returns
    -------
    DataFrame, indexed by customer_id
        `move` (riser or fader), `rank_today`, `expected_rank` and its 80 % interval, `p_top`.
        Risers stand outside today's top and are the most likely to enter, faders the least likely
        to stay.
    """
    customers = future.customers
    spent = today.reindex(customers.index).fillna(0.0)
    inside = places(spent.to_numpy(), list_size(len(spent), future.share)) > 0.5
    columns = ["expected_rank", "expected_rank_lower_80", "expected_rank_upper_80", "p_top"]
    frame = customers[columns].assign(
        rank_today=spent.rank(ascending=False, method="average"),
        place=customers["p_top"].rank(ascending=False, method="first"),
    )
    rising = ~inside & (frame["place"] < frame["rank_today"])
    fading = inside & (frame["place"] > frame["rank_today"])
    risers = frame[rising].sort_values("p_top", ascending=False, kind="stable").head(count)
    faders = frame[fading].sort_values("p_top", kind="stable").head(count)
    return pd.concat([risers.assign(move="riser"), faders.assign(move="fader")])


def overlap(future: Future, today: pd.Series) -> dict[str, float]:
    """Share of today's best who will be among tomorrow's: mean and 80 % interval over the draws."""
    spent = today.reindex(future.customers.index).fillna(0.0).to_numpy()
    size = list_size(len(spent), future.share)
    inside = places(spent, size)
    shares = [inside @ places(draw, size) / size for draw in future.spend.to_numpy().T]
    lower, upper = np.quantile(shares, [0.1, 0.9])
    return {"overlap": float(np.mean(shares)), "lower_80": float(lower), "upper_80": float(upper)}


def discounted(
    future: Future, margin: pd.Series, discount: float, periods_per_year: float, draws: int
) -> pd.DataFrame:
    """Residual value of each customer (rows) in each joint draw (columns "0", "1", ...), in
    currency.

    Spend of the horizon times the customer's margin, discounted to today as if it came evenly; past
    payments excluded. At most `draws` draws, in single precision.
    """
    delta = np.log1p(discount) / periods_per_year * future.horizon
    factor = -np.expm1(-delta) / delta if delta > 0 else 1.0
    spend = future.spend.iloc[:, :draws]
    value = spend.mul(margin.reindex(spend.index), axis=0) * factor
    return value.astype(np.float32).rename(columns=str)
