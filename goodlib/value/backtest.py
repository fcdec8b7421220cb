"""How well would it have worked? Every method tried at days in the past, on what then came.

At each origin a method sees the history up to it and nothing else, names tomorrow's best and says
how sure it is; then the next `horizon` is opened. Models, one-line rules, a regression and their
combination stand side by side, with the same customers, the same outcomes and the same scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS
from goodlib.value import heuristic
from goodlib.value import score as scores
from goodlib.value.choice import MODELS
from goodlib.value.feature import Past, days_of, ordinal, stamp, teaches
from goodlib.value.forecast import earlier, expectations, fit_models, forecast, train
from goodlib.value.future import Future

COMBINATION = "combination"
REGRESSION = "regression on history"
HIATUS = "hiatus rule"
PLAIN = tuple(MODELS)
WITH_CALENDAR = tuple(f"{name} with calendar" for name in MODELS)
METHODS = (COMBINATION, *WITH_CALENDAR, *PLAIN, REGRESSION, *heuristic.RULES, HIATUS)
"""All methods, by name."""
RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class Backtest:
    """Every method at every origin, held against what came.

    table : one row a method and origin. hit_rate and value_captured at 10 and 20 % (`_20`),
        auc_active, bias
        (of the total of purchases) and spend_bias; for methods that forecast distributions
        log_score, crps (in mean spends), pit_95 (customers inside their 95 % interval),
        purchases_in and spend_in (was the total inside its own), purchases_width (upper over
        lower, as a log), promised and realised (P(top) on its own list), calibration_active and
        calibration_top (mean gap). Empty where a method makes no such forecast.
    reliability : groups of customers by promised P(top): method, origin, promised, happened, n.
    top : one row an origin and customer: p_top and score (what the list goes by) of the
        combination; place in the top of the window before (top_then) and of that which came (top),
        1, 0, or shared; spend.
    differences : the combination's hit rate less each other method's, per origin, with 95 %
        interval.
    """

    table: pd.DataFrame
    reliability: pd.DataFrame
    top: pd.DataFrame
    differences: pd.DataFrame
    horizon: float
    unit: str

    def means(self) -> pd.DataFrame:
        """Mean over origins, one row a method, best hit rate first."""
        numbers = self.table.drop(columns=["origin", "horizon", "customers"])
        return (
            numbers.groupby("method").mean().astype(float).sort_values("hit_rate", ascending=False)
        )


def backtest(
    orders: pd.DataFrame | Past,
    origins: Sequence[str | pd.Timestamp],
    horizon: float,
    methods: Sequence[str] = METHODS,
    *,
    unit: str,
    draws: int = 400,
    seed: int = 1,
    share: float = 0.10,
    end: str | pd.Timestamp | None = None,
) -> Backtest:
    """Every method at every origin, held against what came in the `horizon` after it.

    Parameters
    ----------
    orders : DataFrame
        customer_id, date, amount: the whole history, holdouts included.
    origins : dates
        Days in the past at which to try. `rolling_origins` finds them.
    horizon, unit
        How far ahead: 52 with unit "W" is a year.
    methods : names out of METHODS
    draws, seed : int
        Joint futures at each origin, at least 100.
    share : float
        Who counts as top; 20 % is always reported as well.
    end : date, optional
        The last day that the orders know: after the last order the base may have been quiet.
        Default: the day of the last order.

    Raises
    ------
    ValueError
        An unknown method, no origin, a horizon that reaches beyond `end`, fewer than 30 "
        "customers or nobody with a repeat purchase at an origin.
    """
    past = orders if isinstance(orders, Past) else Past(orders)
    unknown = [name for name in methods if name not in METHODS]
    if unknown:
        message = f"unknown method {unknown[0]!r}: choose from {', '.join(METHODS)}"
        raise ValueError(message)
    if not len(origins):
        message = "a backtest needs at least one origin: got none. rolling_origins() finds them"
        raise ValueError(message)
    length, known = days_of(horizon, unit), past.last_day
    if end is not None:
        known = max(known, pd.Timestamp(end))
    rows, groups, tops, gaps = [], [], [], []
    for origin in map(pd.Timestamp, origins):
        if ordinal(origin) + length > ordinal(known) + DAYS[unit]:
            message = (
                f"a holdout needs orders to its end: {horizon:g} {unit} after {origin:%Y-%m-%d} "
                f"reach beyond "
                f"the last order on {past.last_day:%Y-%m-%d}. Take an earlier origin, a shorter "
                f"horizon, or say by `end` up to when orders are known"
            )
            raise ValueError(message)
        trial = _Trial(past, origin, horizon, unit, draws, seed, share)
        claims = {name: trial.claim(name) for name in methods}
        for name, claim in claims.items():
            rows.append({"method": name, "origin": origin, "horizon": horizon} | trial.judge(claim))
            if claim.future is not None:
                groups.append(trial.reliability(claim).assign(method=name, origin=origin))
        if COMBINATION in claims:
            tops.append(trial.top(claims[COMBINATION]))
            gaps.extend(trial.gaps(claims, seed))
    reliability = pd.concat(groups, ignore_index=True) if groups else pd.DataFrame()
    top = pd.concat(tops) if tops else pd.DataFrame()
    return Backtest(pd.DataFrame(rows), reliability, top, pd.DataFrame(gaps), horizon, unit)


def rolling_origins(
    past: Past, end: str | pd.Timestamp, horizon: float, unit: str, count: int
) -> list[pd.Timestamp]:
    """Up to `count` origins before `end`, latest first, half a horizon apart, each with a full
    holdout.

    An origin needs a history of at least a horizon before it, 30 customers and someone who came
    back; where there is none, ValueError says so.
    """
    last, first = ordinal(end), ordinal(past.first_day)
    length = days_of(horizon, unit)
    found = []
    for number in range(count):
        origin = last - length * (1 + number / 2)
        if origin - first < length - 1:
            break
        if not teaches(past.at(stamp(origin), horizon, unit)):
            break
        found.append(stamp(origin))
    if not found:
        message = (
            f"no holdout is possible: a horizon of {horizon:g} {unit} must fit twice into the "
            f"history from "
            f"{past.first_day:%Y-%m-%d} to {stamp(last):%Y-%m-%d}, with 30 customers and 10 who "
            f"came back before "
            "it. Shorten the horizon"
        )
        raise ValueError(message)
    return found


@dataclass(frozen=True, eq=False)
class _Claim:
    """What a method said at an origin: a score for each customer, perhaps amounts, perhaps
    draws.
    """

    score: np.ndarray
    active: np.ndarray | None = None
    spend: np.ndarray | None = None
    future: Future | None = None


@dataclass(frozen=True, eq=False)
class _Trial:
    """One origin: what was known, what came."""

    past: Past
    origin: pd.Timestamp
    horizon: float
    unit: str
    draws: int
    seed: int
    share: float

    def __post_init__(self) -> None:
        now = self.past.at(self.origin, self.horizon, self.unit)
        object.__setattr__(self, "now", now)
        object.__setattr__(self, "came", self.past.after(self.origin, self.horizon, self.unit))

    now: Any = None
    came: Any = None

    def claim(self, name: str) -> _Claim:
        """What the method says."""
        if name in heuristic.RULES:
            score = heuristic.RULES[name](self.now)
            amounts = score if name == "window spend" else None
            return _Claim(score, score, amounts)
        special: dict[str, Callable[[], _Claim]] = {
            COMBINATION: self._combination,
            REGRESSION: self._regression,
            HIATUS: self._hiatus,
        }
        if name in special:
            return special[name]()
        model, calendar = name.removesuffix(" with calendar"), name.endswith("calendar")
        kind = "both" if calendar else "none"
        fit = fit_models(self.past, self.origin, self.unit, model, kind, plain=not calendar)
        future = fit.simulate(self.horizon, self.draws, self.seed, share=self.share, shock=calendar)
        return self._drawn(future, expectations(fit, self.horizon, None, future.totals))

    def _drawn(self, future: Future, expected: pd.DataFrame) -> _Claim:
        spend = expected["spend"].to_numpy()
        return _Claim(spend, future.customers["p_active"].to_numpy(), spend, future)

    def _combination(self) -> _Claim:
        """With the purchase models that would have been believed that day, as in the report."""
        found = forecast(
            self.past, self.origin, self.horizon, self.unit, self.draws, self.seed, share=self.share
        )
        return self._drawn(found.future, found.expected)

    def _regression(self) -> _Claim:
        _, length = earlier(self.past, self.origin, self.horizon, self.unit)
        learnt = train(self.past, self.origin, self.horizon, self.unit)
        score = learnt.predict(self.past.at(self.origin, length, self.unit))
        return _Claim(score, score, score)

    def _hiatus(self) -> _Claim:
        before, length = earlier(self.past, self.origin, self.horizon, self.unit)
        active = self.past.after(before, length, self.unit)["purchases"] > 0
        limit = heuristic.best_hiatus(self.past.at(before, length, self.unit), active.to_numpy())
        score = heuristic.hiatus(self.now, limit)
        return _Claim(score, score)

    def judge(self, claim: _Claim) -> dict[str, float]:
        """Scores of one claim against what came."""
        spend, count = self.came["spend"].to_numpy(), self.came["purchases"].to_numpy()
        found = {
            "customers": len(spend),
            "hit_rate": scores.hit_rate(claim.score, spend, self.share),
            "hit_rate_20": scores.hit_rate(claim.score, spend, 0.2),
            "value_captured": scores.value_captured(claim.score, spend, self.share),
            "value_captured_20": scores.value_captured(claim.score, spend, 0.2),
            "auc_active": scores.auc(claim.active, count > 0),
        }
        if claim.spend is not None:
            found["spend_bias"] = scores.bias(claim.spend, spend)
        return found if claim.future is None else found | self._judge_draws(claim.future)

    def _judge_draws(self, future: Future) -> dict[str, float]:
        spend, count = self.came["spend"].to_numpy(), self.came["purchases"].to_numpy()
        drawn, amounts = future.purchases.to_numpy(), future.spend.to_numpy()
        customers, rng = future.customers, np.random.default_rng([self.seed, 3])
        pits = scores.pit(drawn, count, rng)
        place = scores.places(spend, scores.list_size(len(spend), self.share))
        p_top, p_active = customers["p_top"].to_numpy(), customers["p_active"].to_numpy()
        own = scores.places(p_top, scores.list_size(len(spend), self.share))
        totals = {"purchases": count.sum(), "spend": spend.sum()}
        found = {
            "bias": scores.bias(customers["expected_purchases"], count),
            "log_score": float(scores.log_score(drawn, count).mean()),
            "crps": float(scores.crps(amounts, spend).mean() / max(spend.mean(), 1e-12)),
            "pit_95": scores.coverage(pits, 0.95),
            "promised": float(own @ p_top / own.sum()),
            "realised": float(own @ place / own.sum()),
            "calibration_active": scores.calibration_error(p_active, count > 0),
            "calibration_top": scores.calibration_error(p_top, place),
        }
        for name, actual in totals.items():
            line = future.total.loc[name]
            found[name] = float(actual)
            found[f"{name}_lower_95"], found[f"{name}_upper_95"] = (
                line["lower_95"],
                line["upper_95"],
            )
            found[f"{name}_in"] = float(line["lower_95"] <= actual <= line["upper_95"])
            found[f"{name}_width"] = float(np.log(line["upper_95"] / max(line["lower_95"], 1e-12)))
        return found

    def reliability(self, claim: _Claim) -> pd.DataFrame:
        """P(top) promised and what happened, by group."""
        spend = self.came["spend"].to_numpy()
        place = scores.places(spend, scores.list_size(len(spend), self.share))
        return scores.reliability(claim.future.customers["p_top"], place, bins=5)

    def top(self, claim: _Claim) -> pd.DataFrame:
        """Who was promised a place, and who took one."""
        spend = self.came["spend"]
        size = scores.list_size(len(spend), self.share)
        columns = {
            "origin": self.origin,
            "p_top": claim.future.customers["p_top"],
            "score": claim.score,
            "top_then": scores.places(self.now["window_spend"], size),
            "top": scores.places(spend, size),
            "spend": spend,
        }
        return pd.DataFrame(columns, index=spend.index)

    def gaps(self, claims: dict[str, _Claim], seed: int) -> list[dict[str, Any]]:
        """The combination's hit rate less each other's, by paired bootstrap."""
        actual, mine = self.came["spend"].to_numpy(), claims[COMBINATION].score
        others = {name: claim.score for name, claim in claims.items() if name != COMBINATION}
        gaps = scores.paired_differences(
            mine, list(others.values()), actual, self.share, RESAMPLES, seed
        )
        return [
            {"method": name, "origin": self.origin} | gap
            for name, gap in zip(others, gaps, strict=True)
        ]
