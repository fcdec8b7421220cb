"""The level of amounts: what one purchase brings, year after year, for the same customers.

Nominal amounts drift, and a forecast that averages twenty years of them is too low. Customers
differ more than years do, so the level is read within customers: amount = customer's mean x level
of the year, both by Poisson pseudo-likelihood (each is the ratio of what was paid to what the
other expects). The spend model is fitted to amounts at today's level; tomorrow's level wanders
from there, as the level of purchases does, but is not told to grow: on the World Bank that made
five years' amounts no better known (an RMS error of .25 for .26) and their range a fifth wider.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from goodlib.history.study import UNIT_DAYS as DAYS
from goodlib.value.feature import Past, ordinal
from goodlib.value.level import Level, fit_drifting

YEARS = 3  # of history before a level of amounts is read out of it
ROUNDS = 30


@dataclass(frozen=True, eq=False)
class Price:
    """Level of amounts by year before the end, smoothed, in units of that at the end; and how it
    may move on.

    curve : one row a year back from the end: end (last day), level, raw (unsmoothed), amounts
        (their number).
    refused : why there is none, or empty.
    """

    curve: pd.DataFrame
    refused: str
    ahead: Level
    unit: str

    def without(self, reason: str) -> Price:
        """No level at all: amounts as they are, and certain to stay so."""
        flat = Level.still()
        return Price(self.curve.assign(level=1.0), reason, flat, self.unit)

    def at_todays_level(self, past: Past) -> Past:
        """The same history with each amount divided by the level of its time."""
        day = past.orders["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        end = self.curve["end"].to_numpy().astype("datetime64[D]").astype(np.int64)
        known = np.r_[end - 183.0, end[-1]]
        level = np.exp(np.interp(day, known, np.log(np.r_[self.curve["level"].to_numpy(), 1.0])))
        return Past(past.orders.assign(amount=past.orders["amount"] / level))

    def future(self, horizon: float, draws: int, seed: int) -> np.ndarray:
        """Mean level of amounts over the next `horizon` relative to today's, one entry a draw."""
        years = horizon * DAYS[self.unit] / DAYS["Y"]
        steps = np.linspace(0, years, 13)[1:]
        return np.exp(self.ahead.draw(steps, draws, seed + 13)).mean(axis=1)


def fit_price(past: Past, end: str | pd.Timestamp, unit: str) -> Price:
    """The level of amounts up to `end`, year by year, where the history is long enough to tell
    it.
    """
    code, day, amount, _ = past.table
    last = ordinal(end)
    seen = day <= last
    code, day, amount = code[seen], day[seen], amount[seen].clip(0.0)
    back = ((last - day) // DAYS["Y"]).astype(int)
    count = int(back.max()) + 1
    year = count - 1 - back
    n = np.bincount(year, minlength=count).astype(float)
    repeat = (np.bincount(code) > 1)[code]
    few = float(np.median(n[-YEARS:])) < 20
    ends = pd.Timestamp(end).normalize() - pd.to_timedelta(
        (np.arange(count)[::-1] * DAYS["Y"]).round(), unit="D"
    )
    if count <= YEARS or few or not repeat.any():
        flat = pd.DataFrame({"end": ends, "level": 1.0, "raw": 1.0, "amounts": n})
        whole = (last - day.min()) / DAYS["Y"]
        refused = (
            f"a level of amounts is not read out of {whole:.1f} years of history: it takes {YEARS}"
        )
        if few and count > YEARS:
            refused = (
                f"a level of amounts is not read out of {np.median(n[-YEARS:]):.0f} purchases a "
                f"year"
            )
        return Price(
            flat, refused, fit_drifting(np.zeros(0), np.zeros(0), 1.0, grows=False)[1], unit
        )
    raw, noise = _levels(code[repeat], year[repeat], amount[repeat], count)
    known = np.flatnonzero(np.isfinite(raw))
    smooth, ahead = fit_drifting(np.log(raw[known]), noise[known], 1.0, grows=False)
    level = np.exp(np.interp(np.arange(count), known, smooth - ahead.end))
    curve = {"end": ends, "level": level, "raw": raw / np.exp(ahead.end), "amounts": n}
    return Price(pd.DataFrame(curve), "", ahead, unit)


def _levels(
    code: np.ndarray, year: np.ndarray, amount: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Level of each year and the variance of its log; missing where nothing was paid."""
    level = np.ones(count)
    with np.errstate(invalid="ignore", divide="ignore"):
        for _ in range(ROUNDS):
            mean = np.bincount(code, amount) / np.maximum(np.bincount(code, level[year]), 1e-300)
            level = np.bincount(year, amount, count) / np.bincount(year, mean[code], count)
            level = np.where(np.isfinite(level) & (level > 0), level, np.nan)
            level = level / np.nanmean(level)
            level = np.where(np.isnan(level), 1.0, level)
        expected = mean[code] * level[year]
        total = np.bincount(year, expected, count)
        noise = np.bincount(year, (amount - expected) ** 2, count) / total**2
    paid = np.bincount(year, amount, count) > 0
    return np.where(paid, level, np.nan), np.maximum(noise, 1e-6)
