"""Would it have worked? Prospects scored as of earlier days, against what came of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from goodlib.value.funnel import at_origin, read_funnel
from goodlib.value.period import fit_funnel
from goodlib.value.prospect import ProspectResults

YEARS_DIFFER = 0.1
"""How much the numbers won in two years differ beyond chance, before any year was tried."""


def replay(
    prospects: pd.DataFrame,
    origins: Sequence[str | pd.Timestamp],
    *,
    days: float,
    as_of: str | pd.Timestamp,
    fit: Callable[..., ProspectResults] = fit_funnel,
) -> pd.DataFrame:
    """Every prospect open at each origin: what the model said then, and what came of it.

    The model is fitted to the funnel as it stood on the origin (`at_origin`), never to what came
    later.

    Parameters
    ----------
    prospects : DataFrame
        As for `ProspectModel`.
    origins : dates
        Each at least `days` before `as_of`.
    days : float, > 0
        Length of the future.
    fit : callable
        `fit(prospects, as_of=origin)`; what it chooses, it chooses anew at each origin.

    Returns
    -------
    DataFrame, one row a prospect and origin
        origin, prospect_id, p_won, won (within `days`), age (days since first contact),
        expected_value (where known), undated (lost on a day that nobody noted, so perhaps before
        the origin: it looks open on every day).
    """
    end = pd.Timestamp(as_of)
    known = read_funnel(prospects, end)
    parts = []
    for origin in map(pd.Timestamp, origins):
        if origin + pd.Timedelta(days=days) > end:
            message = (
                f"an origin must lie at least {days:g} days before as_of: {origin:%Y-%m-%d} does "
                f"not, as_of is {end:%Y-%m-%d}. Take earlier origins or fewer days."
            )
            raise ValueError(message)
        frozen = at_origin(prospects, origin)
        said = fit(frozen, as_of=origin).p_won(days)
        after = known.loc[said.index]
        within = after["outcome_date"] <= origin + pd.Timedelta(days=days)
        part = said[["p_won"]].assign(
            origin=origin,
            won=((after["outcome"] == "won") & within).to_numpy(),
            age=(origin - after["first_contact"]).dt.days.to_numpy(),
            undated=((after["outcome"] == "lost") & after["outcome_date"].isna()).to_numpy(),
            expected_value=after.get("expected_value", pd.Series(np.nan, after.index)).to_numpy(),
        )
        parts.append(part.reset_index())
    return pd.concat(parts, ignore_index=True)


def judge(replayed: pd.DataFrame) -> pd.DataFrame:
    """The model against "newest first" and "largest first", origin by origin.

    Returns
    -------
    DataFrame, one row a method and origin
        method, origin, n (open prospects), won, expected (by the model), auc (chance that one who
        was won ranks above one who was not), brier (model only; beside that of the base rate).
    """
    rows = []
    for origin, frame in replayed.groupby("origin"):
        won = frame["won"].to_numpy(bool)
        scores = {
            "model": frame["p_won"],
            "newest first": -frame["age"],
            "largest first": frame["expected_value"].fillna(frame["expected_value"].median()),
        }
        for method, score in scores.items():
            own = method == "model"
            rows.append(
                {
                    "method": method,
                    "origin": origin,
                    "n": len(frame),
                    "won": int(won.sum()),
                    "expected": float(score.sum()) if own else np.nan,
                    "auc": area(score.to_numpy(float), won),
                    "brier": float(((score - won) ** 2).mean()) if own else np.nan,
                    "brier_base_rate": float(won.mean() * (1 - won.mean())) if own else np.nan,
                }
            )
    return pd.DataFrame(rows)


def draw_won(won: np.ndarray, judged: pd.DataFrame, seed: int) -> np.ndarray:
    """Draws of how many will be won in a year that may be a better or a worse one for all.

    The chances know nothing of the year. How much years differ is learnt from what came at the
    origins of `judged` beyond chance: the standard deviation of the number won, relative to the
    expected one; a tenth counts as one more origin, for few are ever tried. The level of the year
    is log-normal with Student's t of two degrees of freedom more than there are origins. Simulated
    with three origins and 300 expected, 80 % intervals hold 93, 89, 81 and 73 % where years differ
    by 0, 5, 10 and 20 %; by the chances alone they hold 82, 69, 51 and 29 %
    (benchmarks/prospect_recovery.py years).

    Parameters
    ----------
    won : array, shape (draws,)
        Draws of the number won by the chances alone.
    judged : DataFrame
        As of `judge`; without rows nothing has been tried.
    seed : int

    Returns
    -------
    array, shape (draws,)
        Numbers, not whole.
    """
    tried = judged[judged["method"] == "model"] if len(judged) else judged
    expected, came = (tried.get(name, pd.Series(dtype=float)) for name in ("expected", "won"))
    by_chance = won.var() / max(won.mean(), 1e-9) * expected
    beyond = ((came - expected) ** 2 - by_chance).sum() / max((expected**2).sum(), 1e-9)
    variance = max((YEARS_DIFFER**2 + len(tried) * beyond) / (1 + len(tried)), 0.0)
    t = np.random.default_rng(seed).standard_t(len(tried) + 2, len(won))
    return won * np.exp(np.sqrt(variance) * t)


def calibration(replayed: pd.DataFrame, groups: int = 5) -> pd.DataFrame:
    """Said against seen: groups of prospects by P(won), with the share that was won (95 % Wilson).

    Returns
    -------
    DataFrame, one row a group, lowest first
        n, p_won (mean said), won (share seen), lower, upper.
    """
    ranks = replayed["p_won"].rank(method="first")
    bins = np.ceil(ranks * groups / len(replayed)).clip(1, groups).astype(int).rename("group")
    frame = replayed.groupby(bins).agg(
        n=("won", "size"), p_won=("p_won", "mean"), won=("won", "mean")
    )
    z, n, share = 1.959964, frame["n"], frame["won"]
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return frame.assign(lower=(centre - reach).clip(0), upper=(centre + reach).clip(upper=1))


def area(score: np.ndarray, won: np.ndarray) -> float:
    """Chance that one won scores above one not won; ties count half, NaN without both."""
    score, won = np.asarray(score, float), np.asarray(won, bool)
    positive, negative = int(won.sum()), int((~won).sum())
    if not positive or not negative or np.isnan(score).all():
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[won].sum() - positive * (positive + 1) / 2) / (positive * negative))
