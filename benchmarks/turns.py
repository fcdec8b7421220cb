"""What could be known of the next five years of the World Bank: rules for the level of the base.

    python benchmarks/turns.py FOLDER

At the end of each year from 1972 to 2018 the calendar and BG/NBD are fitted to the history so far.
Each rule then says, from the yearly levels known that day, at what level the next five years will
stand; its error is that of the total of purchases. FOLDER holds worldbank/.
"""

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from backtest import read
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.structural import UnobservedComponents

from goodlib.value import calendar
from goodlib.value.choice import fit_clock
from goodlib.value.feature import Past
from goodlib.value.level import Level, _join, fit_drifting, fit_level

ORIGINS = [2004, 2009, 2014]
AHEAD = np.arange(1, 6)


def look(past: Past, year: int) -> dict:
    """What a rule sees at the end of a year, and what then came."""
    seen = {}

    def spy(actual: np.ndarray, expected: np.ndarray, years: np.ndarray, season: bool) -> Level:
        least = max(20.0, expected.sum() / years.sum() * 0.999)
        a, e, _ = _join(actual, expected, years, least)
        seen["level"] = np.log((a + 0.5) / (e + 0.5))
        seen["last"] = float(fit_drifting(seen["level"], 1 / (a + 0.5), 1.0)[0][-1])
        return fit_level(actual, expected, years, season)

    end = pd.Timestamp(f"{year}-12-31")
    with mock.patch.object(calendar, "fit_level", spy):
        clock = fit_clock(past, end, "M", "BG/NBD", "both")
    found, summary = clock.calendar, clock.calendar.summary(past)
    at = np.geomspace(0.3, 3.0, 25)
    flat = replace(found, ahead=Level.still())
    length = flat.expected_future(60) / flat.level_now
    total = [clock.purchases.expected_purchases(length * level, summary).sum() for level in at]
    came = past.after(end, 60, "M")["purchases"].sum()
    smooth = float(np.log(found.curve["level"].iloc[-1]))
    drawn = np.log(found.future(60, 4000, 1) / length)
    used = float(np.log(found.expected_future(60) / length))
    known = {"smooth": smooth, "end": found.ahead.end, "used": used}
    return seen | known | {"at": np.log(at), "total": np.log(total / came), "drawn": drawn}


def mean(path: np.ndarray) -> float:
    """Log of the mean level over a path of logs."""
    return float(np.log(np.mean(np.exp(path))))


def structural(seen: np.ndarray, **form: object) -> float:
    """What a structural time series of statsmodels forecasts."""
    return mean(UnobservedComponents(seen, **form).fit(disp=0, maxiter=200).forecast(5))


def smoothing(level: np.ndarray, damped: bool) -> float:
    """What exponential smoothing with a trend, damped or not, forecasts."""
    return mean(ETSModel(level, trend="add", damped_trend=damped).fit(disp=0).forecast(5))


def line(level: np.ndarray, years: int) -> float:
    """A straight line through the last years, carried on."""
    slope, start = np.polyfit(np.arange(years), level[-years:], 1)
    return mean(start + slope * (years - 1 + AHEAD))


def trend(level: np.ndarray, years: int, damping: float) -> float:
    """The trend of the last years, dying out."""
    slope = (level[-1] - level[-1 - years]) / years
    return mean(level[-1] + slope * np.cumsum(damping**AHEAD))


def drawn(known: dict, share: float) -> float:
    """From the filtered level part of the way to the mean of ten years, or away from it."""
    end = known["end"]
    return float(end + share * (known["level"][-10:].mean() - end))


RULES = {
    "as it is: end of the smooth curve, and growth": lambda k: k["used"],
    "half-way between the next two": lambda k: (k["smooth"] + k["last"]) / 2,
    "end of the smooth curve": lambda k: k["smooth"],
    "mean of the last year, filtered": lambda k: k["last"],
    "end of the last year, filtered": lambda k: k["end"],
    **{f"last {n} years": lambda k, n=n: k["level"][-n:].mean() for n in (1, 2, 3, 5, 10)},
    **{f"line through {n} years": lambda k, n=n: line(k["level"], n) for n in (3, 5, 10)},
    **{
        f"trend of {n} years, damped {d:g}": lambda k, n=n, d=d: trend(k["level"], n, d)
        for n in (1, 3, 5)
        for d in (0.5, 0.8, 1.0)
    },
    **{
        f"drawn {s:+.0%} to the mean of ten years": lambda k, s=s: drawn(k, s)
        for s in (-0.5, -0.25, 0.25, 0.5, 0.75, 1.0)
    },
    **{
        f"statsmodels: {form}": lambda k, form=form: structural(k["level"], level=form)
        for form in ("local level", "local linear trend", "smooth trend", "random walk with drift")
    },
    "statsmodels: AR(1) round a mean": lambda k: structural(
        k["level"], level="fixed intercept", autoregressive=1
    ),
    "statsmodels: Holt": lambda k: smoothing(k["level"], False),
    "statsmodels: Holt, damped": lambda k: smoothing(k["level"], True),
}


def main() -> None:
    """Prints bias at three days and the RMS of the log error over all and over those before."""
    warnings.simplefilter("ignore")
    past = Past(read("worldbank", Path(sys.argv[1])))
    years = list(range(1972, 2019))
    known = {year: look(past, year) for year in years}
    errors = pd.DataFrame(
        {
            name: {y: np.interp(rule(k), k["at"], k["total"]) for y, k in known.items()}
            for name, rule in RULES.items()
        }
    )
    table = np.expm1(errors.loc[ORIGINS]).T
    table["all"] = np.sqrt((errors**2).mean())
    table["to 1999"] = np.sqrt((errors.loc[:1999] ** 2).mean())
    table["mean"] = errors.mean()
    table["within"] = (table[ORIGINS].abs() <= 0.15).sum(axis=1)
    print(table.round(3).to_string())
    luck = np.array(
        [np.mean(k["drawn"] < np.interp(0.0, k["total"], k["at"])) for k in known.values()]
    )
    held = [np.mean(np.abs(luck - 0.5) < level / 2) for level in (0.95, 0.8)]
    half = np.mean([np.ptp(np.quantile(k["drawn"], [0.025, 0.975])) / 2 for k in known.values()])
    print(
        f"\n{len(years)} days: 95 % intervals of the level hold {held[0]:.2f}, 80 % {held[1]:.2f}"
    )
    print(f"half the 95 % interval over the RMS error: {half / table['all'].iloc[0]:.2f}")


if __name__ == "__main__":
    main()
