"""Which funnel serves: since when its pace holds, which law of time, and which groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from goodlib.value.doubt import doubts
from goodlib.value.prospect import FEW, ProspectModel, ProspectResults
from goodlib.value.waiting import FAMILIES

YEARS = (3, 6)  # lengths of the recent past that may stand for what comes
ENOUGH = 50  # prospects won within it
DOUBT = 0.01  # p-value below which the years before went otherwise
CERTAIN = 0.001  # p-value below which groups differ
GROUPS = 20  # groups of a column, at most
PENALTY = 0.25  # of groups in the logit of never: a spread of 2
EITHER = 3  # won, and not won, in each group
UNSOUND = ("not identified", "did not converge")


def fit_funnel(
    prospects: pd.DataFrame,
    *,
    as_of: str | pd.Timestamp,
    columns: Sequence[str] = ("source", "industry", "region"),
) -> ProspectResults:
    """The fit that describes the funnel best: its recent pace, a law of time, and its groups.

    All history teaches, unless the last three (or else six) years went otherwise than all: where 50
    or more were won in them, and the pace or the share that never converts differs beyond doubt
    from that of the whole (p < .01), they alone teach. Between Weibull and log-normal AIC decides;
    so it does on whether one column of `columns` explains who never converts, how long the others
    take, or both, among those that beat no groups beyond doubt (likelihood ratio, p < .001, for
    many are tried) and have ten won for each parameter they add. Groups with fewer than three
    won or not won are put together. `problems` holds what there is to doubt
    (`goodlib.value.doubt`).

    Raises ValueError where no fit is identified.
    """
    plain = _plain(prospects, as_of, None)
    best = min(plain, key=_aic)
    if not np.isfinite(best.covariance).all():
        message = f"the funnel does not say when prospects are won. {plain[0].problems[0]}"
        raise ValueError(message)
    for years in YEARS:
        recent = _recent(prospects, pd.Timestamp(as_of), years, best)
        if recent:
            plain, best = recent, min(recent, key=_aic)
            break
    law = {"as_of": as_of, "time": best.model.time_law, "since": best.model.since}
    fits = [best]
    for column in (name for name in columns if name in best.model.frame):
        grouped = _grouped(prospects, column, best.model)
        if grouped is None:
            continue
        for place in ({"never": column}, {"when": column}, {"never": column, "when": column}):
            model = ProspectModel(grouped, **law, **place, penalty=PENALTY)
            if model.won.sum() < FEW * (len(model.names) - len(best.model.names)):
                continue
            fit = model.fit()
            rise = max(2 * (fit.llf - best.llf), 0.0)
            if chdtrc(len(model.names) - len(best.model.names), rise) < CERTAIN:
                fits.append(fit)
    best = min(fits, key=_aic)
    return replace(best, problems=(*best.problems, *doubts(best, plain)))


def _sound(fit: ProspectResults) -> bool:
    """Whether the data fix the parameters."""
    loose = any(problem.name in UNSOUND for problem in fit.problems)
    return not loose and bool(np.isfinite(fit.covariance).all())


def _aic(fit: ProspectResults) -> float:
    return fit.aic if _sound(fit) else np.inf


def _plain(
    prospects: pd.DataFrame, as_of: str | pd.Timestamp, since: pd.Timestamp | None
) -> list[ProspectResults]:
    return [ProspectModel(prospects, as_of=as_of, time=law, since=since).fit() for law in FAMILIES]


def _recent(
    prospects: pd.DataFrame, end: pd.Timestamp, years: int, whole: ProspectResults
) -> list[ProspectResults]:
    """Fits to the last years alone, where they went otherwise than the whole; else none."""
    since, frame = end - pd.DateOffset(years=years), whole.model.frame
    won = (frame["outcome"] == "won") & (frame["outcome_date"] > since)
    if won.sum() < ENOUGH or frame["first_contact"].min() > since - pd.DateOffset(years=years):
        return []
    fits = _plain(prospects, end, since)
    same = next(fit for fit in fits if fit.model.time_law == whole.model.time_law)
    if same.model.names != whole.model.names or not np.isfinite(same.covariance).all():
        return []
    return fits if _otherwise(same, whole) < DOUBT else []


def _otherwise(recent: ProspectResults, whole: ProspectResults) -> float:
    """P-value of the share that never converts and the pace being the same lately as ever.

    Their difference has the variance of the recent estimate less that of the whole, which uses all
    there is (Hausman 1978).
    """
    gap = (recent.optimum.theta - whole.optimum.theta)[:2]
    spread = (recent.covariance - whole.covariance)[:2, :2]
    if np.linalg.eigvalsh(spread)[0] <= 0:  # no more is known from all than from the last years
        spread = recent.covariance[:2, :2]
    return float(chdtrc(2, gap @ np.linalg.solve(spread, gap)))


def _grouped(prospects: pd.DataFrame, column: str, model: ProspectModel) -> pd.DataFrame | None:
    """Prospects with small groups of a column put together; None where no two groups are left."""
    kept = model.frame[column].astype(object)
    counts = pd.crosstab(kept.where(kept.notna(), "unknown"), model.won)
    if counts.shape[1] < 2:
        return None
    counts = counts[(counts >= EITHER).all(axis=1)]
    names = prospects[column].astype(object)
    names = names.where(names.notna(), "unknown")
    known = names.isin(counts.index)
    rest = kept.where(kept.notna(), "unknown")
    lone = pd.Series(model.won, index=kept.index)[~rest.isin(counts.index)]
    few = min(int(lone.sum()), int((~lone).sum())) < EITHER
    if not 2 <= len(counts) + (not few) <= GROUPS or counts.empty:
        return None
    others = counts.sum(axis=1).idxmax() if few else "others"
    return prospects.assign(**{column: names.where(known, others)})
