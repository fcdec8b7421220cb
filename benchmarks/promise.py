"""Are chances of a place among the best kept, before and after they are mended?

    python benchmarks/promise.py FOLDER [history ...]

At each day the forecast is made with and without what the trial at an earlier day says of its
chances. FOLDER holds the optional real data; histories are those of benchmarks/backtest.py and
firm0, firm1, ...: simulated ones whose customers change pace (odd numbers) and amounts (2, 3, 6, 7)
from half-year to half-year, or do not. Last it fits how far slopes of log odds differ between
histories and between the days of one: the constants of goodlib/value/promise.py.
"""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from backtest import read
from scipy.optimize import minimize

from goodlib.value.feature import DAYS, Past, ordinal
from goodlib.value.forecast import forecast
from goodlib.value.promise import hold_against, mend
from goodlib.value.score import list_size, places


def ends(first: str, last: str, step: str) -> list[str]:
    """Last days of periods."""
    return [str(day.date()) for day in pd.date_range(first, last, freq=step)]


CASES = {
    "cdnow": ("W", ends("1997-06-30", "1998-03-31", "ME"), (13, 26, 39)),
    "retail": ("W", ends("2011-05-31", "2011-09-30", "ME"), (9, 13, 17, 26)),
    "demo": ("W", ends("2021-12-31", "2025-06-30", "QE"), (26, 52)),
    "worldbank": ("M", ends("1974-12-31", "2019-06-30", "2YE"), (60,)),
}
FIRM = ("M", ["2019-12-31", "2020-12-31"], (12, 24))
KNOWN = 1.0  # slopes with a larger standard error tell nothing


def firm(number: int) -> pd.DataFrame:
    """600 customers who come within four years of seven."""
    rng, rows = np.random.default_rng(number), []
    change, move = 0.3 * (number % 2), 0.15 * (number % 4 > 1)
    for who in range(600):
        day, rate = rng.uniform(0, 4 * 365), rng.gamma(0.8, 1 / 60)
        until = min(7 * 365, day + rng.exponential(4 * 365))
        amount, pace, turn = rng.normal(6, 0.8), 1.0, day + 182
        while day < until:
            rows.append((f"C{who:03}", int(day), np.exp(amount + 0.5 * rng.standard_normal())))
            day += rng.exponential(1 / (rate * pace))
            while day > turn:
                turn += 182
                pace = pace**0.7 * rng.gamma(1 / change, change) if change else 1.0
                amount += move * rng.standard_normal()
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    date = pd.Timestamp("2015-01-01") + pd.to_timedelta(frame["day"], unit="D")
    return frame.assign(date=date)


def spreads(slopes: pd.DataFrame) -> tuple[float, float]:
    """How far slopes differ between histories, and within one from day to day: most likely values.

    slopes : history, slope, error. A history has a slope of its own around 1, each of its days one
        around that, seen with an error; all normal.
    """
    groups = [(g["slope"].clip(0.3, 3) - 1, g["error"] ** 2) for _, g in slopes.groupby("history")]

    def loss(logs: np.ndarray) -> float:
        between, within = np.exp(2 * logs)
        total = 0.0
        for off, error in groups:
            variance = between + np.diag(within + error)
            total += np.linalg.slogdet(variance)[1] + off @ np.linalg.solve(variance, off)
        return total

    fits = [minimize(loss, np.log(at), method="Nelder-Mead") for at in ([0.1, 0.1], [0.2, 0.05])]
    between, within = np.exp(min(fits, key=lambda fit: fit.fun).x)
    return float(between), float(within)


def trials(folder: Path, names: list[str]) -> Iterator[tuple[str, Past, pd.Timestamp, float, str]]:
    """History, its past, day, length and unit of every trial whose holdout is known."""
    for name in names or [*CASES, *(f"firm{number}" for number in range(8))]:
        orders = firm(int(name[4:])) if name.startswith("firm") else read(name, folder)
        past, (unit, days, lengths) = Past(orders), CASES.get(name, FIRM)
        for day in map(pd.Timestamp, days):
            for ahead in lengths:
                if ordinal(day) + ahead * DAYS[unit] <= ordinal(past.last_day) + 31:
                    yield name, past, day, ahead, unit


def main() -> None:
    """Prints one line a day, then the means of each history, then the spreads of slopes."""
    warnings.simplefilter("ignore")
    folder, rows = Path(sys.argv[1]), []
    for name, past, day, ahead, unit in trials(folder, sys.argv[2:]):
        found = forecast(past, day, ahead, unit, 400, 1)
        if found.kept is None:
            continue
        after = found.future.customers["p_top"].to_numpy()
        before = mend(after, 1 / found.slope)
        spend = past.after(pd.Timestamp(day), ahead, unit)["spend"].to_numpy()
        size = list_size(len(spend), 0.1)
        top, own = places(spend, size), places(after, size)
        logs = [
            float(top @ np.log(p) + (1 - top) @ np.log1p(-p))
            for p in (np.clip(before, 1e-3, 0.999), np.clip(after, 1e-3, 0.999))
        ]
        then = hold_against(before, top)
        row = {"history": name, "day": day, "ahead": ahead, "promised": own @ before / size}
        row |= {"mended": own @ after / size, "realised": own @ top / size}
        row |= {"tried": found.kept.slope, "error": found.kept.error, "used": found.slope}
        row |= {"then": then.slope, "its_error": then.error, "gain": logs[1] - logs[0]}
        rows.append(row | {"reach": (ordinal(day) - ordinal(found.learnt_at)) / DAYS[unit]})
        print(pd.DataFrame(rows[-1:]).round(3).to_string(header=len(rows) == 1), flush=True)
    frame = pd.DataFrame(rows)
    whole = frame[frame["reach"] > 0.85 * frame["ahead"]]
    names = {"tried": "slope", "then": "slope", "its_error": "error"}
    both = [
        whole[["history", *pair]].rename(columns=names)
        for pair in (("tried", "error"), ("then", "its_error"))
    ]
    slopes = pd.concat(both)
    slopes = slopes[slopes["error"] < KNOWN]
    frame["history"] = frame["history"].str.rstrip("01234567")
    frame["gap"] = (frame["promised"] - frame["realised"]).abs()
    frame["gap_mended"] = (frame["mended"] - frame["realised"]).abs()
    columns = ["promised", "mended", "realised", "gap", "gap_mended", "tried", "then"]
    grouped = frame.groupby("history")
    means = grouped[columns].mean().assign(gain=grouped["gain"].sum(), days=grouped.size())
    print(means.round(3).to_string())
    for left in (None, *slopes["history"].unique()):
        kept = slopes[slopes["history"] != left]
        if len(set(kept["history"])) > 1 and not str(left).startswith("firm"):
            print("without", left, "between {:.3f} within {:.3f}".format(*spreads(kept)))


if __name__ == "__main__":
    main()
