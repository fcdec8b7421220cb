"""What luck alone moves between tiers: the same customers, each at one pace, bought twice.

Whoever is on top in one window is there partly by a good window, and falls back in the next without
having changed: regression to the mean. How much of the moving between tiers is of this kind is read
off replicates: each customer gets a pace and a size of purchases as both windows together show
them, and buys in both windows anew, at that pace and size and without ever leaving. What moved
beyond that is change.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS
from goodlib.value.dispersion import fit_amounts
from goodlib.value.feature import Past, ordinal, stamp
from goodlib.value.purchase import NBD
from goodlib.value.score import list_size, places
from goodlib.value.tier import Luck, transition

CELLS = 4_000_000  # customers x replicates
WINDOWS = 200  # replicates at most


def by_luck(
    past: Past, between: str | pd.Timestamp, horizon: float, unit: str, draws: int, seed: int
) -> Luck:
    """What two windows of `horizon`, before and after `between`, would show if nobody had changed.

    Of the customers known at `between`. A first purchase inside the first window is taken as it
    was: that someone came is no luck of the second window's kind. Rates are gamma distributed
    (NBD), amounts Gamma-Gamma with the spread that is seen; both are learnt from the two windows.

    Raises
    ------
    ValueError
            Where nobody bought again in the two windows.
    """
    between, length = pd.Timestamp(between).normalize(), horizon * DAYS[unit]
    end = stamp(ordinal(between) + length)
    now, came = past.at(between, horizon, unit), past.after(between, horizon, unit)
    new = (now["T"] < horizon).to_numpy()
    exposed = np.column_stack([np.minimum(now["T"], horizon), np.full(len(now), horizon)])
    counts = now["window_purchases"].to_numpy() - new + came["purchases"].to_numpy()
    both = pd.DataFrame({"frequency": counts, "T": exposed.sum(axis=1)}, index=now.index)
    both["recency"] = np.where(counts > 0, both["T"], 0.0)
    rate = NBD(both).fit().params
    day = past.orders["date"]
    inside = (day > stamp(ordinal(between) - length)) & (day <= end)
    recent = Past(past.orders[inside & past.orders["customer_id"].isin(now.index)])
    spent = (now["window_spend"] + came["spend"]).clip(lower=0.0).to_numpy()
    paid = counts + new
    both["monetary_value"] = np.where(paid > 0, spent / np.maximum(paid, 1), np.nan)
    again = both[paid > 1].assign(frequency=paid[paid > 1])
    p, q, gamma = fit_amounts(recent, end, again[again["monetary_value"] > 0]).params
    times = max(20, min(draws, WINDOWS, CELLS // len(now)))
    rng, size = np.random.default_rng([seed, 41]), list_size(len(now), 0.2)
    moves, stays = 0.0, np.empty(times)
    for number in range(times):
        pace = rng.gamma(rate["r"] + counts, 1 / (rate["alpha"] + both["T"]))
        scale = rng.gamma(p * paid + q, 1 / (gamma + spent))
        bought = rng.poisson(pace[:, None] * exposed) + np.column_stack([new, np.zeros_like(new)])
        amounts = rng.standard_gamma(p * bought) / scale[:, None]
        first, second = (pd.Series(column, index=now.index) for column in amounts.T)
        moves = moves + transition(first, second) / times
        top = places(first.to_numpy(), size)
        stays[number] = top @ places(second.to_numpy(), size) / size
    lower, upper = np.quantile(stays, [0.025, 0.975])
    return Luck(moves, (float(stays.mean()), float(lower), float(upper)))
