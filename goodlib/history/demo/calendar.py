"""The simulated firm's calendar: season and level that all clients share, and the rise of its fees.

The truth that the calendar of the value room should find again: quiet in August, busy before
the year ends; a base that warms until 2022, cools until 2025, and stays where it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2020-01-01")
AS_OF = pd.Timestamp("2025-12-31")
END = pd.Timestamp("2026-12-30")  # 52 weeks later: what the firm will know a year from now
DAYS = (END - START).days + 1
TODAY = (AS_OF - START).days
KNOTS = {2020.0: 0.80, 2022.0: 1.25, 2025.0: 0.90, 2027.0: 0.90}  # the base's level
INFLATION = 0.03  # of fees, a year


def curve() -> pd.DataFrame:
    """Season, level and fee index of each day: factors of everybody's rate and of all fees."""
    date = pd.date_range(START, END)
    year = 2020 + np.arange(DAYS) / 365.25
    turn = 2 * np.pi * (year % 1)
    season = np.exp(0.25 * np.cos(turn - 5.9) + 0.16 * np.cos(2 * turn - 3.4))
    level = np.interp(year, list(KNOTS), list(KNOTS.values()))
    frame = pd.DataFrame({"season": season / season[:1461].mean(), "level": level})
    frame["fee_index"] = (1 + INFLATION) ** (year - 2020)
    return frame.round(6).assign(date=date)[["date", "season", "level", "fee_index"]]


def day(number: np.ndarray | pd.Series) -> pd.Series:
    """Dates as text of the days since the firm began."""
    dates = START + pd.to_timedelta(np.floor(np.asarray(number, float)), unit="D")
    return pd.Series(dates).dt.strftime("%Y-%m-%d")
