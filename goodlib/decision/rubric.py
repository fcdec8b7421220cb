"""How much good the work does, as people rate it on a rubric whose scores have anchors in words.

Raters differ here as they do about relationships, so the same model is used: each customer's work
has a latent good, a strict rater's scores are lower, and few scores leave a wide interval. Of a
rubric two things are said: the score that an average rater would give, and the chance that it is
one that says the work did good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit

from goodlib.history.study import Rubric, Table
from goodlib.relationship.rating import RatingModel
from goodlib.relationship.scores import points
from goodlib.relationship.standing import Relationship

FEWEST = 20
"""From fewer scores than this nothing is read."""
NODES, WEIGHTS = hermegauss(15)


class Rated(NamedTuple):
    """What the ratings on a rubric say of the work for every customer."""

    customers: pd.DataFrame
    """One row a customer: `rated` (the score an average rater would give) and `chance` (that it
    says the work did good), each with its 80 % bounds; `n_scores`, `n_raters`."""
    chance: np.ndarray
    """Draws of `chance`, customers x draws."""
    score: np.ndarray
    """Draws of `rated`, customers x draws."""
    raters: pd.DataFrame
    """`RatingModel`'s raters: who is strict, and by how much."""
    lowest: float
    highest: float
    """The worst and the best score of the scale."""
    good_from: float
    """The lowest score that says the work did good."""
    items: tuple[str, ...]
    problems: tuple[str, ...]


def rated(
    ratings: pd.DataFrame,
    rubrics: dict[str, Rubric],
    good: str,
    sources: Sequence[Table],
    *,
    customers: pd.Index,
    years: int | None = None,
    good_from: float | None = None,
    draws: int,
    seed: int,
) -> Rated | None:
    """What the items that rate this good say of every customer, severity of the raters taken out.

    Parameters
    ----------
    ratings : DataFrame, one row a score
        `customer_id`, `rater`, `item`, `score`, optionally `date` and `occasion`; of one side.
    rubrics : by item, as the study has them; those on the scale of the first are taken
    good : "others" or "skill"
    sources : where the study's ratings come from, with their scales
    customers : index of customer_id
    years : int, optional
        Length of the periods whose general level is taken out.
    good_from : float, optional
        The anchor; default: the rubric's own, else the upper half of the scale.
    draws, seed : int

    Returns
    -------
    Rated, or None where no item rates this good, or too few or no different scores were given.
    """
    named = {name: rubric for name, rubric in rubrics.items() if rubric.good == good}
    words = next((scale_of(rubric, sources) for rubric in named.values()), None)
    items = tuple(name for name, rubric in named.items() if scale_of(rubric, sources) == words)
    rows = ratings[ratings["item"].isin(items) & ratings["score"].notna()]
    if len(rows) < FEWEST or rows["score"].nunique() < 2:
        return None
    scale = points(words, rows)
    least = good_from if good_from is not None else _anchor(named[items[0]], words, scale)
    everybody = pd.Index(pd.unique(pd.Series([*customers, *rows["customer_id"]])))
    found = RatingModel(rows, scale, customers=everybody, years=years).fit()
    latent = found.draws(draws, seed).loc[customers].to_numpy()
    chance, score = chance_of(found, latent, least), found.expected_score(latent)
    known = found.customers.loc[customers]
    frame = pd.DataFrame({"n_scores": known["n_ratings"], "n_raters": known["n_raters"]}, customers)
    for name, drawn in (("rated", score), ("chance", chance)):
        frame[name] = drawn.mean(axis=1)
        bounds = np.quantile(drawn, [0.1, 0.9], axis=1)
        frame[f"{name}_lower_80"], frame[f"{name}_upper_80"] = bounds
    ends = float(scale[0]), float(scale[-1])
    return Rated(frame, chance, score, found.raters, *ends, float(least), items, found.problems)


def chance_of(found: Relationship, latent: np.ndarray, least: float) -> np.ndarray:
    """The chance of a score of at least `least` by an average rater, at each latent good.

    P(score >= k) = E F(latent - difficulty - theta[k] + view), over the raters' own views and
    days, averaged over the items.
    """
    parts = found.params
    theta = {float(name.split("|")[1]): at for name, at in parts.items() if "|" in str(name)}
    above = [score for score in sorted(theta) if score >= least]
    if not above:
        return np.zeros_like(latent)
    if least <= found.model.scale[0]:
        return np.ones_like(latent)
    spread = np.sqrt(sum(parts.get(f"sd[{name}]", 0.0) ** 2 for name in ("pair", "occasion")))
    wide = np.atleast_1d(spread * NODES)
    eta = latent - theta[above[0]]
    chance = np.zeros_like(latent)
    for difficulty in found.items["difficulty"]:
        for at, weight in zip(wide, WEIGHTS / WEIGHTS.sum(), strict=True):
            chance += weight * expit(eta - difficulty + at)
    return chance / len(found.items)


def scale_of(rubric: Rubric, sources: Sequence[Table]) -> list | None:
    """The scale of the source that has all scores of which the rubric speaks, worst first."""
    scales = [s for part in sources for s in (part.scale, *part.item_scales.values()) if s]
    said = {str(score) for score in rubric.anchors}
    return next((s for s in scales if said <= set(map(str, s))), scales[0] if scales else None)


def _anchor(rubric: Rubric, words: list | None, scale: list) -> float:
    """The lowest score that says the work did good, as the ratings hold it."""
    if rubric.good_from is None:
        return (scale[0] + scale[-1]) / 2
    named = [str(word) for word in (words or scale)]
    return float(scale[named.index(str(rubric.good_from))])
