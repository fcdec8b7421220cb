"""How often intervals of a base's total hold where the truth is known.

    python benchmarks/level.py [histories a case]

Monthly purchases of a base: 15 or 150 a month, 1 to 40 years of history, a level that wanders by 0,
.1 or .2 a year, single months that scatter by .3, a season that two harmonics cannot follow. Then
the next 1, 2 and 5 years. Who is there to buy is known here: what is tried is the calendar alone.
"""

import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from goodlib.value.calendar import Calendar, _calendar, _Months, _regress
from goodlib.value.level import fit_level

YEARS = (1, 3, 6, 12, 40)
GROWTHS = (0.0, 0.05)
WANDERS = (0.0, 0.1, 0.2)
COUNTS = (15.0, 150.0)
AHEAD = (1, 2, 5)


def history(
    count: float, years: int, wander: float, growth: float, rng: np.random.Generator
) -> np.ndarray:
    """Purchases of each month, `years` of them and the five that come."""
    n = 12 * (years + AHEAD[-1])
    trend = rng.choice([-growth, growth]) * (np.arange(n) / 12 - years)
    walk = np.cumsum(rng.standard_normal(n)) * wander / np.sqrt(12)
    season = np.tile(0.3 * rng.standard_normal(12), n // 12)
    scatter = 0.3 * rng.standard_normal(n) - 0.045
    return rng.poisson(count * np.exp(walk + trend + season + scatter))


def read(actual: np.ndarray) -> tuple[Calendar, float]:
    """The calendar of this history, and purchases a month of its time."""
    month = pd.period_range("1980-01", periods=len(actual), freq="M")
    edges = (
        np.r_[0, np.cumsum(month.days_in_month)]
        + month[0].start_time.to_numpy().astype("datetime64[D]").astype(int)
        - 1.0
    )
    months = _Months(
        month,
        edges,
        np.diff(edges),
        actual.astype(float),
        np.zeros(1),
        np.ones(1),
        month[-1].end_time.normalize(),
    )
    base = months.days * actual.sum() / months.days.sum()
    years = len(actual) / 12
    found = (("season",) if years >= 2 else ()) + (("level",) if years >= 3 else ())
    season, level, lag = np.ones(len(actual)), np.ones(len(actual)), 0.0
    if found:
        season, level, lag = _regress(months, base, found)
    level = level * months.days.sum() / ((season * level) @ months.days)
    flat = _calendar(months, season, level, "M")
    rate = actual.sum() / flat.clock[-1]
    ahead = fit_level(
        months.actual, rate * season * months.days / 30.4375, months.days / 365.25, years >= 2
    )
    return replace(
        flat,
        ahead=ahead,
        kind="both" if years >= 3 else "season" if years >= 2 else "none",
        lag=lag,
    ), rate


def main() -> None:
    """Prints coverage by years ahead, of history and by how far the level wanders."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    rows, start = [], time.process_time()
    for count in COUNTS:
        for years in YEARS:
            for wander in WANDERS:
                for seed in range(times):
                    growth = GROWTHS[seed % 2]
                    rng = np.random.default_rng([seed, int(count), years, int(10 * wander)])
                    actual = history(count, years, wander, growth, rng)
                    calendar, rate = read(actual[: 12 * years])
                    for ahead in AHEAD:
                        lengths = calendar.future(12.0 * ahead, 2000, seed)
                        total = rng.poisson(rate * lengths)
                        came = actual[12 * years : 12 * (years + ahead)].sum()
                        luck = (total < came).mean() + rng.random() * (total == came).mean()
                        middle = np.median(total)
                        lower, upper = np.quantile(total, [0.025, 0.975])
                        rows.append(
                            (
                                count,
                                years,
                                wander,
                                growth,
                                ahead,
                                luck,
                                np.log((came + 0.5) / (middle + 0.5)),
                                np.log((upper + 0.5) / (lower + 0.5)) / 2,
                            )
                        )
    columns = ["count", "years", "wander", "growth", "ahead", "luck", "error", "half"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["held_95"] = frame["luck"].between(0.025, 0.975)
    frame["held_80"] = frame["luck"].between(0.1, 0.9)

    def line(part: pd.DataFrame) -> pd.Series:
        error = np.sqrt((part["error"] ** 2).mean())
        return pd.Series(
            {
                "95 %": part["held_95"].mean(),
                "80 %": part["held_80"].mean(),
                "rms": error,
                "half": part["half"].mean(),
                "half / rms": part["half"].mean() / error,
            }
        )

    print(pd.DataFrame({"all": line(frame)}).T.round(3).to_string())
    for by in ("years", "wander", "growth", "count", "ahead"):
        print(
            frame.groupby(by)[["held_95", "held_80", "error", "half"]]
            .apply(line)
            .round(3)
            .to_string()
        )
    print(f"{time.process_time() - start:.0f} CPU s")


if __name__ == "__main__":
    main()
