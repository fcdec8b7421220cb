"""What to doubt in a fitted funnel: follow-up, law, plain count, pace, season."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from goodlib.value.problem import Problem
from goodlib.value.prospect import ProspectResults

CLOSE = 10.0  # difference of AIC within which another law may as well hold
RARE = 0.001  # p-value below which a pace or a season is said to differ
EXPECTED = 20.0  # prospects expected to be won below which neither is tested
SHORT = "never or late cannot be told apart"
SEASON = "prospects are won by season"


def doubts(fit: ProspectResults, plain: Sequence[ProspectResults]) -> list[Problem]:
    """Everything a reader must know of `fit`; `plain` holds one fit a law, without groups."""
    found = _too_short(fit, plain) + _hangs_on_law(plain) + _misfit(fit)
    return found + _pace(fit) + _season(expected_by_month(fit))


def rivals(plain: Sequence[ProspectResults]) -> list[ProspectResults]:
    """The laws that describe the funnel about as well as the best of them, the best first."""
    sound = [fit for fit in plain if np.isfinite(fit.covariance).all()]
    best = min((fit.aic for fit in sound), default=0.0)
    return sorted((f for f in sound if f.aic < best + CLOSE), key=lambda f: f.aic)


def _too_short(fit: ProspectResults, plain: Sequence[ProspectResults]) -> list[Problem]:
    """The trap of cure models: a law that may hold says late where the fit says never."""
    if any(problem.name == SHORT for problem in fit.problems):
        return []
    others = [problem for other in rivals(plain) for problem in other.problems]
    return [problem for problem in others if problem.name == SHORT][:1]


def _hangs_on_law(plain: Sequence[ProspectResults]) -> list[Problem]:
    """Whether another law describes the funnel nearly as well and promises another share."""
    first, *others = rivals(plain)
    share = first.never
    for other in others:
        theirs = other.never["estimate"]
        if not share["lower"] <= theirs <= share["upper"]:
            evidence = (
                f"{share['estimate']:.0%} never convert by the {first.model.time_law} law, "
                f"{theirs:.0%} by the {other.model.time_law} law, and the history hardly tells "
                "which of them holds"
            )
            cure = "Take both as the range; trust near dates only"
            return [Problem("the share that never converts hangs on the law", evidence, cure)]
    return []


def _misfit(fit: ProspectResults) -> list[Problem]:
    """Whether the curve of the fit leaves the plain count further than chance would."""
    seen = fit.model.counted
    times, error = np.asarray(seen.surv_times, float), np.asarray(seen.surv_prob_se, float)
    sound = np.flatnonzero(np.isfinite(error) & (error > 0) & (np.asarray(seen.n_risk) >= 20))
    if not sound.size:
        return []
    days = times[sound[np.linspace(0, len(sound) - 1, 12).astype(int)]]
    table = fit.curve(days)
    off = (table["won"] - table["kaplan_meier"]).to_numpy()
    spread = error[np.searchsorted(times, days)]
    worst = int(np.argmax(np.abs(off) / spread))
    if abs(off[worst]) < 4 * spread[worst] or abs(off[worst]) < 0.03:
        return []
    evidence = (
        f"{table['kaplan_meier'].iloc[worst]:.0%} were won within {days[worst]:,.0f} days of first "
        f"contact by a plain count, {table['won'].iloc[worst]:.0%} by the model"
    )
    return [Problem("the law does not fit the count", evidence, "Where they part, believe it")]


def expected_by_month(fit: ProspectResults) -> pd.DataFrame:
    """Prospects won in each month that the fit looked at, beside those it expects.

    A prospect not won by the age a is won by the age b with the hazard -log of the share not won,
    from a to b; as for Kaplan-Meier the lost stay at risk.

    Returns
    -------
    DataFrame, one row a month: month (first day), won, expected.
    """
    model, known = fit.model, fit.model.frame
    won = model.won
    start = known["first_contact"].to_numpy("datetime64[D]").astype(float)
    end = known["outcome_date"].where(won, model.as_of).to_numpy("datetime64[D]").astype(float)
    first = start.min() if model.since is None else np.datetime64(model.since, "D").astype(float)
    months = pd.period_range(
        pd.Timestamp(first, unit="D"), model.as_of.to_period("M"), freq="M", name="month"
    )
    edges = np.array([month.start_time.to_datetime64() for month in months]).astype("datetime64[D]")
    edges = np.r_[edges.astype(float), np.datetime64(model.as_of, "D").astype(float) + 1]
    edges[0] = max(edges[0], first)
    hazard = np.column_stack(
        [fit.hazard(np.clip(np.minimum(edge, end + 1) - start, 0.0, None)) for edge in edges]
    )
    counted = np.histogram(end[won], edges)[0]
    return pd.DataFrame(
        {
            "month": months.to_timestamp(),
            "won": counted,
            "expected": np.diff(hazard, axis=1).sum(axis=0),
        }
    )


def _pace(fit: ProspectResults) -> list[Problem]:
    """Whether the last twelve months went otherwise than the time the fit looked at, young or old.

    Old is who had been open for a year when they began.
    """
    model, year = fit.model, pd.Timedelta(days=365)
    start, end = model.frame["first_contact"], model.frame["outcome_date"]
    end = end.where(model.won, model.as_of)
    began = model.as_of - year
    if model.since is not None and model.since >= began - year:
        return []
    ages = [np.maximum((day - start).dt.days.to_numpy(float), 0.0) for day in (began, end)]
    expected = fit.hazard(np.maximum(ages[1], ages[0])) - fit.hazard(ages[0])
    expected[(end <= began).to_numpy()] = 0.0
    won = model.won & (end > began).to_numpy()
    for name, who in (("open for a year or more", ages[0] >= 365), ("newer", ages[0] < 365)):
        found, hoped = int(won[who].sum()), float(expected[who].sum())
        if hoped < EXPECTED / 4 or chdtrc(1, (found - hoped) ** 2 / hoped) > RARE:
            continue
        evidence = (
            f"of the prospects {name}, {found:,} were won in the last twelve months, where "
            f"{hoped:,.0f} were expected"
        )
        cure = "If that lasts, their chances here are too " + ("low" if found > hoped else "high")
        return [Problem("the pace has changed", evidence, cure)]
    return []


def _season(months: pd.DataFrame) -> list[Problem]:
    """Whether prospects are won in some quarters rather than in others."""
    table = months.groupby(months["month"].dt.quarter)[["won", "expected"]].sum()
    table["expected"] *= table["won"].sum() / table["expected"].sum()
    if len(table) < 4 or len(months) < 24 or table["expected"].min() < EXPECTED / 4:
        return []
    off = (table["won"] - table["expected"]) ** 2 / table["expected"]
    if chdtrc(3, off.sum()) > RARE:
        return []
    worst = off.idxmax()
    evidence = (
        f"{table.loc[worst, 'won']:,.0f} were won in the months of quarter {worst}, where "
        f"{table.loc[worst, 'expected']:,.0f} were expected"
    )
    cure = "The model knows no season: read chances over whole years only"
    return [Problem(SEASON, evidence, cure)]
