"""What today's customers are still worth, in the very futures of which every chapter speaks.

There is one source of expected value: the joint draws of `forecast`. A customer's spend in a draw,
times the margin, discounted as it is expected to come, is the customer's residual value in that
draw; its mean over the draws is the residual value, and sums of it are sums of the same draws.
`Worth.tables` hands the draws on, and `recall` gives them back as the `Future` they came from, so
that no chapter draws futures of its own.

Two totals are true of them and differ: what customers will spend (undiscounted) and what they are
worth (margin only, discounted to today). `kept` is what lies between: of each unit of currency a
customer spends within the horizon, so much stays and counts today.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS
from goodlib.value.feature import Past, ordinal, stamp
from goodlib.value.forecast import REACH, Fit, Forecast, fit_models
from goodlib.value.future import CELLS, Future
from goodlib.value.lifetime import discount_rate
from goodlib.value.standing import total_of

FUTURES = 400
"""Joint draws that a study's chapters share."""
STEPS = 12
"""Parts of the horizon within which money is discounted alike; twice as many change 1 in 10,000."""
CURVE = {
    **{"m": "pace", "season": "pace_season", "level": "pace_level"},
    **{"actual": "came", "expected": "would_come"},
    **{f"level_ahead{end}": f"pace_ahead{end}" for end in ("", "_lower_80", "_upper_80", "_until")},
}
"""A calendar's columns as the table `calendar` names them."""


def draws_for(customers: int, draws: int) -> int:
    """How many joint draws to share: as asked, at most 400, fewer where a base is very large."""
    return max(100, min(int(draws), FUTURES, CELLS // max(customers, 1)))


@dataclass(frozen=True, eq=False)
class Worth:
    """What each customer and the whole base will still bring.

    customers : one row a customer: p_alive; expected_purchases and expected_spend (of one of them)
        over the horizon; margin; kept (discounted margin of a unit of spend); residual_value, the
        mean of the customer's draws, with residual_value_lower_80 and _upper_80, the range that
        holds it in 80 of 100 futures. Its lower end is often 0: many will not come back at all.
    each : residual value of each customer (rows) in each draw (columns "0", "1", ...).
    total : residual value of the base, one entry a draw.
    """

    customers: pd.DataFrame
    each: pd.DataFrame
    total: np.ndarray
    ahead: Forecast

    def tables(self) -> dict[str, pd.DataFrame]:
        """What later chapters need of it: value, draws_value, future, draws_total, calendar."""
        clock = self.ahead.fit.calendar
        choice = self.ahead.choice
        horizon, seed = self.ahead.future.horizon, self.ahead.future.seed
        level = clock.level_ahead(horizon, 4000, seed)
        curve = clock.curve.assign(
            level_ahead=level.mean(),
            level_ahead_lower_80=np.quantile(level, 0.1),
            level_ahead_upper_80=np.quantile(level, 0.9),
            level_ahead_until=stamp(ordinal(clock.end) + horizon * UNIT_DAYS[clock.unit]),
            refused="\n".join(clock.refused),
            decided="" if choice is None else choice.why,
        )
        return {
            "value": self.customers,
            "draws_value": self.each,
            "future": self.ahead.future.customers,
            "draws_total": self.ahead.future.totals,
            "calendar": curve.rename(columns=CURVE),
        }


def worth(ahead: Forecast, margin: pd.Series, *, discount: float, periods_per_year: float) -> Worth:
    """The residual value of each customer, from the joint draws of a forecast.

    Parameters
    ----------
    ahead : Forecast
        With draws that were kept (`draws_for` asks for so many).
    margin : Series by customer
        Share of an amount that stays with the firm: `margins`.
    discount : float
        Effective annual rate.
    periods_per_year : float
        Units of the forecast in a year (52.18 for weeks).
    """
    future, fit = ahead.future, ahead.fit
    spend = future.spend.astype(float)
    rate = discount_rate(discount, periods_per_year)
    share = margin.reindex(spend.index)
    kept = share * arrival(fit, future.horizon, rate)
    each = spend.mul(kept, axis=0).astype(np.float32).rename(columns=str)
    values = each.to_numpy(dtype=float)
    lower, upper = np.quantile(values, [0.1, 0.9], axis=1)
    bought = future.customers["expected_purchases"]
    mean = future.customers["expected_spend"] / bought.where(bought > 0)
    columns = {
        "p_alive": fit.p_alive().reindex(spend.index),
        "expected_purchases": bought,
        "expected_spend": mean.fillna(fit.mean_amount()),
        "margin": share,
        "kept": kept,
        "residual_value": values.mean(axis=1),
        "residual_value_lower_80": lower,
        "residual_value_upper_80": upper,
    }
    frame = pd.DataFrame(columns, index=spend.index)
    return Worth(frame, each, values.sum(axis=0), ahead)


def arrival(fit: Fit, horizon: float, rate: float) -> pd.Series:
    """What a unit of each customer's spend within the horizon counts today, at a continuous rate.

    Money is discounted as the customer's purchases are expected to come: soon where somebody is
    about to leave, evenly where somebody stays.
    """
    ends = np.linspace(0, horizon, STEPS + 1)
    clock = [fit.calendar.expected_future(t) if t else 0.0 for t in ends]
    rows = fit.summary[["frequency", "recency", "T"]]
    reached = np.column_stack([fit.purchases.expected_purchases(u, rows) for u in clock])
    each = np.maximum(np.diff(reached, axis=1), 1e-300)
    middle = (ends[1:] + ends[:-1]) / 2
    return pd.Series(each @ np.exp(-rate * middle) / each.sum(axis=1), fit.summary.index)


class Recalled(NamedTuple):
    """A forecast as later chapters find it."""

    future: Future
    calendar: pd.DataFrame
    """As `Calendar.curve`, and the mean level over the horizon, the same in each row: level_ahead,
    level_ahead_lower_80, level_ahead_upper_80, and level_ahead_until, its last day."""
    refused: tuple[str, ...]
    """What the calendar was asked for and could not tell."""
    decided: str = ""
    """What trying it at earlier days said."""

    def moves(self, what: str) -> bool:
        """Whether the calendar knows a "season" or a "level"."""
        return bool(np.ptp(self.calendar[what]) > 0)


def recall(tables: dict[str, pd.DataFrame], horizon: float, share: float) -> Recalled:
    """The forecast behind a study's tables (`Worth.tables`): its draws, totals and calendar.

    A customer of whose spend nothing stays (margin 0) has lost the draws of it: they read 0.
    """
    kept = tables["value"]["kept"].to_numpy(dtype=float)[:, None]
    value = tables["draws_value"].to_numpy(dtype=float)
    spend = np.divide(value, kept, out=np.zeros_like(value), where=kept != 0)
    totals = tables["draws_total"]
    held = (np.empty((len(totals), 0), dtype=np.int32), spend.T)
    total = pd.DataFrame({name: total_of(draws) for name, draws in totals.items()}).T
    future = Future(tables["future"], total, totals, horizon, share, 0, held)
    back = {new: old for old, new in CURVE.items()}
    refused = tables["calendar"]["refused"].iloc[0]
    curve = tables["calendar"].rename(columns=back)
    reasons = tuple(refused.split("\n")) if refused else ()
    return Recalled(future, curve, reasons, tables["calendar"]["decided"].iloc[0])


def what_if(
    known: Worth,
    past: Past,
    fits: dict[str, Any],
    spends: dict[str, Any],
    *,
    discount: float,
    discounts: list[float],
    periods_per_year: float,
    top: int,
) -> pd.DataFrame:
    """What another model, other amounts, no calendar or another discount would make of the value.

    Each customer's value is moved by the ratio of what the two expect of that customer, between a
    fifth and five times.

    Parameters
    ----------
    known : Worth
    past : Past
        The history, for the same model without season and levels; left out where there are none.
    fits, spends : by name, other models of purchases (in the operational time of `known`) and of
        amounts (at today's level)
    discount, discounts : what the value was made with, and what else to try
    top : int
        Length of the list that is compared.

    Returns
    -------
    DataFrame, one row a change, the first none
        `change`, `kind` ("as reported", "purchases", "amounts", "calendar", "discount"), `total`
        (residual value of the base), `shared` (how many of the first `top` are among them still).
    """
    fit, horizon = known.ahead.fit, known.ahead.future.horizon
    value = known.customers["residual_value"]
    mine, each = fit.expected(horizon), fit.mean_amount()
    length = fit.calendar.expected_future(horizon)
    ratios = [("as reported", "as reported", pd.Series(1.0, value.index))]
    for name, other in fits.items():
        count = other.expected_purchases(length, fit.summary)
        ratios.append((name, "purchases", count / mine["purchases"]))
    for name, other in spends.items():
        ratios.append((name, "amounts", other.expected_spend(fit.summary) / each))
    if fit.calendar.kind != "none" or not fit.price.refused:
        plain = fit_models(past, fit.end, fit.unit, fit.name, "none", plain=True)
        alone = replace(fit, others=()).expected(horizon)["spend"]
        without = plain.expected(horizon)["spend"]
        ratios.append(("no season and no level", "calendar", without / alone))
    now = arrival(fit, horizon, discount_rate(discount, periods_per_year))
    for other in dict.fromkeys(d for d in discounts if d != discount):
        then = arrival(fit, horizon, discount_rate(other, periods_per_year))
        ratios.append((f"discounted at {other:.0%} a year", "discount", then / now))
    first = set(value.nlargest(top).index)
    rows = []
    for name, kind, ratio in ratios:
        moved = value * ratio.reindex(value.index).fillna(1.0).clip(1 / REACH, REACH)
        shared = len(first & set(moved.nlargest(top).index))
        rows.append((name, kind, float(moved.sum()), shared))
    return pd.DataFrame(rows, columns=["change", "kind", "total", "shared"])
