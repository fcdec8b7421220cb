"""Are chances of a place among the best kept, before and after they are mended?

    python benchmarks/promise.py FOLDER [history ...]

At each day the forecast is made twice, with and without what the trial at an earlier day says of
its chances. FOLDER holds the optional real data; histories are those of benchmarks/backtest.py and
firm0, firm1, ...: simulated ones whose customers change pace (odd numbers) and amounts (2, 3, 6, 7)
from half-year to half-year, or do not.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from backtest import read

from goodlib.value.feature import Past
from goodlib.value.forecast import forecast
from goodlib.value.promise import mend
from goodlib.value.score import list_size, places

YEARS = [(f"{year}-12-31", 60) for year in range(1984, 2019, 5)]
CASES = {
    "cdnow": ("W", [("1997-06-30", 26), ("1997-09-30", 39), ("1997-12-30", 26)]
              + [("1997-09-30", 13), ("1997-12-30", 13), ("1998-03-31", 13)]),
    "retail": ("W", [("2011-06-09", 26), ("2011-06-09", 13), ("2011-08-08", 17),
                     ("2011-09-08", 13)]),
    "demo": ("W", [(f"{year}-{day}", 52) for year in (2022, 2023, 2024)
                   for day in ("06-30", "12-31")]),
    "worldbank": ("M", [*YEARS, ("2017-06-30", 60)]),
}  # fmt: skip
FIRM = ("M", [("2019-12-31", 12), ("2020-12-31", 12), ("2019-12-31", 24)])


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


def main() -> None:
    """Prints one line a day, then the means of each history."""
    warnings.simplefilter("ignore")
    folder, rows = Path(sys.argv[1]), []
    for name in sys.argv[2:] or [*CASES, *(f"firm{number}" for number in range(8))]:
        orders = firm(int(name[4:])) if name.startswith("firm") else read(name, folder)
        past, (unit, days) = Past(orders), CASES.get(name, FIRM)
        for day, ahead in days:
            found = forecast(past, day, ahead, unit, 400, 1)
            after = found.future.customers["p_top"].to_numpy()
            before = mend(after, 1 / found.slope)
            spend = past.after(pd.Timestamp(day), ahead, unit)["spend"].to_numpy()
            size = list_size(len(spend), 0.1)
            top, own = places(spend, size), places(after, size)
            logs = [
                float(top @ np.log(p) + (1 - top) @ np.log1p(-p))
                for p in (np.clip(before, 1e-3, 0.999), np.clip(after, 1e-3, 0.999))
            ]
            row = {"promised": own @ before / size, "mended": own @ after / size}
            row |= {"realised": own @ top / size, "slope": found.slope, "gain": logs[1] - logs[0]}
            rows.append({"history": name, "day": day, "ahead": ahead} | row)
            print(pd.DataFrame(rows[-1:]).round(3).to_string(header=len(rows) == 1), flush=True)
    frame = pd.DataFrame(rows)
    frame["history"] = frame["history"].str.rstrip("01234567")
    frame["gap"] = (frame["promised"] - frame["realised"]).abs()
    frame["gap_mended"] = (frame["mended"] - frame["realised"]).abs()
    means = frame.groupby("history")[["promised", "mended", "realised", "gap", "gap_mended"]].mean()
    print(means.assign(gain=frame.groupby("history")["gain"].sum()).round(3).to_string())


if __name__ == "__main__":
    main()
