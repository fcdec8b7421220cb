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
from goodlib.value.joint import Outlook, prepare
from goodlib.value.score import list_size, places
from goodlib.value.standing import Standing, describe, total_of

CELLS = 40_000_000  # customers x draws held in memory at once
CHUNK = 8_000_000  # customers x draws simulated at a time
CROWD = 10_000  # customers whose P(alive) is computed at a time
JURY = 25_000_000  # customers x draws that stand for all where not everybody can be held


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
        A purchase model's result, or a tuple of several that share the draws evenly, and
        GammaGamma's, whose covariates the summary must then hold.
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
        Variance of each customer's own change of pace beside that of all: what frequent buyers
        show beyond Poisson. What they have in common is the calendar's to say.
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
    if n * draws <= CELLS:
        counts, spends = outlook.draw(slice(0, n), _generator(seed, 11))
        held, standing = (counts, spends), Standing.of(spends, size, n)
        parts: Any = [(np.arange(n), counts, spends)]
    else:
        order, jury = _in_line(outlook, JURY // draws)
        spends = outlook.draw(jury, _generator(seed, 8))[1]
        held, standing = None, Standing.of(spends, size, n)
        parts = _chunks(outlook, order, seed)
    totals = np.zeros((draws, 2))
    frames = []
    for rows, counts, spends in parts:
        totals += np.column_stack([counts.sum(axis=1), spends.sum(axis=1, dtype=float)])
        frames.append(describe(counts, spends, standing, today, pd.Index(rows)))
    customers = pd.concat(frames).sort_index().set_axis(summary.index)
    frame = pd.DataFrame(totals, columns=["purchases", "spend"])
    total = pd.DataFrame({name: total_of(frame[name]) for name in frame}).T
    return Future(customers, total, frame, float(horizon), share, seed, held)


def fitted_summary(purchases: Any, spend: Any) -> pd.DataFrame:
    """The customers that both models were fitted to."""
    known = (purchases[0] if isinstance(purchases, tuple) else purchases).model.customers
    columns = {
        "frequency": known.x[known.row],
        "recency": known.recency[known.row],
        "T": known.T[known.row],
    }
    paid = spend.model.summary.reindex(known.index)
    if not getattr(spend.model, "effects", ()):  # with covariates, their columns come along
        paid = paid[["monetary_value"]]
    return paid.assign(**columns)


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
    outlook: Outlook, order: np.ndarray, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Draws of one chunk of customers after the other, each with random numbers of its own."""
    step = max(1, CHUNK // len(outlook.natural))
    for number, start in enumerate(range(0, len(order), step)):
        rows = order[start : start + step]
        yield rows, *outlook.draw(rows, _generator(seed, 11, number))


def _in_line(outlook: Outlook, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Customers with one history side by side; and some, evenly from the best to the least, who
    stand for all when places are given.
    """
    x, recency, T = (outlook.summary[name].to_numpy() for name in ("frequency", "recency", "T"))
    parts = np.array_split(np.arange(len(x)), 1 + len(x) // CROWD)
    alive = [outlook.laws[0].p_alive(*outlook.natural[0], x[i], recency[i], T[i]) for i in parts]
    usual = np.median(outlook.mean_amount[x > 0])
    amount = np.where(x > 0, outlook.mean_amount, usual) * outlook.tilt
    likely = np.argsort(
        np.concatenate(alive) * (x + 0.5) / (T + np.median(T)) * amount, kind="stable"
    )
    jury = likely[((np.arange(size) + 0.5) * len(x) / size).astype(int)]
    return np.lexsort((recency, T, x)), np.sort(jury)


def _generator(*seed: int) -> np.random.Generator:
    """The fastest of numpy's generators."""
    return np.random.Generator(np.random.SFC64(list(seed)))


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
        Risers stand outside today's top and are the most likely to enter; faders are the least
        likely to stay, and less likely than not.
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
    fading = inside & (frame["place"] > frame["rank_today"]) & (frame["p_top"] < 0.5)
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
