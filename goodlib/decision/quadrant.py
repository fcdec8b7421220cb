"""Valuable or modest, warm or strained: quadrants as probabilities, not as boxes.

Every customer has an interval of value and one of relationship, and both may straddle a cut. So a
customer belongs to each quadrant with a probability; to one of them only when that is large enough,
and to none where nobody has rated the relationship.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from goodlib.decision.comparison import Sides

QUADRANTS = ("valuable and warm", "valuable but strained", "modest but warm", "modest and distant")
UNDECIDED, UNKNOWN = "undecided", "unknown"


def value_cut(value: pd.Series, held: float = 0.8) -> float:
    """The value from which a customer counts as valuable.

    Valuable are the fewest customers that together hold the share `held` of all expected value; the
    cut is the value of the last of them.

    Examples
    --------
    >>> value_cut(pd.Series([70.0, 20.0, 6.0, 4.0]), held=0.8)
    20.0
    """
    if not 0 < held < 1:
        message = f"held is a share of all value between 0 and 1, got {held!r}."
        raise ValueError(message)
    best = np.sort(value.to_numpy(float))[::-1]
    if not len(best) or not best.sum() > 0:
        message = f"No value to divide: {len(best):,} customers hold {best.sum():,.6g} together."
        raise ValueError(message)
    return float(best[np.searchsorted(best.cumsum(), held * best.sum() * (1 - 1e-12))])


def quadrants(
    draws_value: pd.DataFrame,
    draws_relationship: pd.DataFrame,
    *,
    value_cut: float,
    warm_cut: float,
    rated: pd.Index | None = None,
    decided: float = 0.6,
) -> pd.DataFrame:
    """The probability of each quadrant for each customer, and the quadrant where one is likely.

    The two sides are drawn independently given the data, so the probability of a quadrant is the
    product of the two sides' probabilities.

    Parameters
    ----------
    draws_value, draws_relationship : DataFrame, customers x draws
        Indexed by customer_id.
    value_cut : float
        In money: valuable is at or above it (`value_cut`).
    warm_cut : float
        On the latent scale of the relationship: warm is above it.
    rated : index of customer_id, optional
        Whom somebody rated. Default: everybody in `draws_relationship`.
    decided : float in (0.25, 1)
        Smallest probability at which a customer is put into a quadrant.

    Returns
    -------
    DataFrame, one row a customer of `draws_value`
        `p_valuable`, `p_warm`, `strained` (one less `p_warm`), `p_valuable_warm`,
        `p_valuable_strained`, `p_modest_warm`, `p_modest_distant`, `quadrant` (one of QUADRANTS,
        "undecided" or "unknown") and `p_quadrant`, the probability of that quadrant. All but
        `p_valuable` are missing for the unknown.
    """
    if not 0.25 < decided < 1:
        message = (
            f"decided is a probability above 0.25 (blind chance) and below 1, got {decided!r}."
        )
        raise ValueError(message)
    customers = draws_value.index
    known = customers.isin(draws_relationship.index if rated is None else rated)
    known &= customers.isin(draws_relationship.index)
    valuable = (draws_value >= value_cut).mean(axis=1)
    warm = (draws_relationship > warm_cut).mean(axis=1).reindex(customers).where(known)
    cells = {
        "p_valuable_warm": valuable * warm,
        "p_valuable_strained": valuable * (1 - warm),
        "p_modest_warm": (1 - valuable) * warm,
        "p_modest_distant": (1 - valuable) * (1 - warm),
    }
    frame = pd.DataFrame({"p_valuable": valuable, "p_warm": warm, "strained": 1 - warm} | cells)
    each = frame[list(cells)].fillna(-1.0).to_numpy()
    best = each.max(axis=1)
    said = np.array(QUADRANTS, dtype=object)[each.argmax(axis=1)]
    said[best < decided] = UNDECIDED
    said[~known] = UNKNOWN
    frame["quadrant"] = pd.Categorical(said, [*QUADRANTS, UNDECIDED, UNKNOWN])
    frame["p_quadrant"] = np.where(known, best, np.nan)
    return frame


def rank_gap(both: Sides) -> pd.DataFrame:
    """By how many places money and people disagree about each customer, expected over the draws.

    Returns
    -------
    DataFrame, one row a customer with both sides
        `value_rank` and `relationship_rank`, expected places with 1 the best; `rank_gap`, the
        expected number of places by which money puts the customer higher than people do
        (negative: people put him higher), with `rank_gap_lower_80`, `rank_gap_upper_80`, and
        `p_money_first`, the chance that money puts him higher at all.
    """
    n = len(both.customers)
    places = [n + 1 - stats.rankdata(side, axis=0) for side in (both.value, both.relationship)]
    gap = places[1] - places[0]
    lower, upper = np.quantile(gap, [0.1, 0.9], axis=1)
    return pd.DataFrame(
        {
            "value_rank": places[0].mean(axis=1),
            "relationship_rank": places[1].mean(axis=1),
            "rank_gap": gap.mean(axis=1),
            "rank_gap_lower_80": lower,
            "rank_gap_upper_80": upper,
            "p_money_first": (gap > 0).mean(axis=1) + (gap == 0).mean(axis=1) / 2,
        },
        index=both.customers,
    )
