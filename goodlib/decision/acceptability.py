"""Which levels hold when goods, relationships and weights are other than their means.

Rank acceptability (Lahdelma & Salminen 2001): the plan is made again in many draws, and how often a
candidate gets each level is said instead of one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from goodlib.decision.knapsack import InfeasiblePlan, settle

if TYPE_CHECKING:
    from goodlib.decision.investment import InvestmentModel


def levels(
    model: InvestmentModel,
    goods: Mapping[str, np.ndarray],
    *,
    draws: int,
    seed: int,
    concentration: float | None = 50.0,
) -> pd.DataFrame:
    """In which share of the draws each candidate keeps each level.

    In every draw the goods are another joint draw of what they may be, a relationship is strained
    or not by its chance, and the weights are one draw from a Dirichlet distribution around the
    chosen balance; the limits stay. The linear relaxation is solved, in which at most as many
    candidates as there are limits sit between two levels.

    Parameters
    ----------
    model : InvestmentModel
    goods : mapping of good to array, shape (candidates, any number of draws)
        Joint draws; a good that is not named stays at its mean. Draws are taken in order, again
        from the start when there are fewer than `draws`.
    draws, seed : int
    concentration : float or None
        Sum of the Dirichlet's parameters: 50 lets a weight of .60 vary between about .49 and .71
        (80 %). None keeps the chosen balance.

    Returns
    -------
    DataFrame, one row a candidate, one column a level
        Shares that sum to one.
    """
    if draws < 1:
        message = f"draws must be at least 1, got {draws}."
        raise ValueError(message)
    random = np.random.default_rng(seed)
    rows = np.arange(len(model.candidates))
    limits, allowed = list(model.programme()), model.allowed
    kept = np.zeros((len(rows), len(model.services)))
    centre = np.array([max(share, 1e-3) for share in model.balance.values()])
    weights = dict(model.balance)
    for draw in range(draws):
        drawn = {good: values[:, draw % values.shape[1]] for good, values in goods.items()}
        if concentration:
            sampled = random.dirichlet(concentration * centre)
            weights = dict(zip(model.balance, sampled, strict=True))
        mix = model.mix(weights, drawn)
        if model.limits.strained_level is not None:
            allowed = model.allowed_if(random.random(len(rows)))
        try:
            chosen = settle(mix, limits, allowed)
        except InfeasiblePlan:  # with so many strained no plan keeps all limits: as in the plan
            chosen = settle(mix, limits, model.allowed)
        kept[rows, chosen] += 1
    return pd.DataFrame(kept / draws, model.candidates.index, model.services.index)
