"""Is the combination safe? Simulated histories of twelve kinds of firm, every method on each.

    python benchmarks/safety.py [HISTORIES [FIRST]]

HISTORIES of each kind (4 by default; seeds from FIRST on, 0 by default), two days each: 6 CPU
minutes. Prints hit rates at 10 % in the mean over the days of a kind, then the combination less
each other method, with standard errors from the differences history by history. The best of the
others is picked twice: after all is known, when luck alone puts it above the rest, and by the other
histories of the kind, as one who knows the kind of firm but not this one could.
"""

import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from goodlib.value.backtest import backtest

YEAR, HALF = 365, 182  # days; from half-year to half-year customers change
START = pd.Timestamp("2015-01-01")
MODELS = ("Pareto/NBD", "BG/NBD", "Pareto/NBD with calendar", "BG/NBD with calendar")
OTHERS = ("regression on history", "window spend", "past spend", "RFM")
TYPICAL = 6.0  # log of a usual amount


@dataclass(frozen=True)
class Kind:
    """A firm to simulate, for `years`, its customers arriving within the first `arrive` of them.

    days : where the past stops, in years; ahead : weeks to foretell.
    rate, spread : purchases a year in the mean, and the gamma shape of rates (small is unequal).
    life : mean years until a customer leaves. regular : 1 is Poisson, more is more regular.
    between, within : spread of log amounts of customers, and of the purchases of one.
    season, peak, trend : of everybody's pace: height, width (1 is a cosine), growth of logs a year.
    pace, move : each customer's own change from half-year to half-year: variance of the factor on
    the pace, spread of the change of log amounts. growth : of arrivals, log a year.
    tenure : growth of amounts with age, log a year. work : share of half-years with any work.
    linked : correlation of pace and amount. yearly : at most one purchase a year.
    """

    customers: int
    years: float
    arrive: float
    days: tuple[float, ...]
    ahead: int = 52
    rate: float = 4.0
    spread: float = 0.8
    life: float = 4.0
    regular: int = 1
    between: float = 0.8
    within: float = 0.5
    season: float = 0.0
    peak: float = 1.0
    trend: float = 0.0
    pace: float = 0.0
    move: float = 0.0
    growth: float = 0.0
    tenure: float = 0.0
    work: float = 1.0
    linked: float = 0.0
    yearly: bool = False


KINDS = {
    "sparse retail, one cohort": Kind(
        3000, 1.5, 0.25, (0.75, 1), 26, rate=2.5, spread=0.3, life=1.2, between=0.6, within=0.6
    ),
    "regular buyers": Kind(300, 5, 3, (3, 4), rate=12, spread=4, regular=6, within=0.2),
    "few large clients": Kind(120, 8, 5, (6, 7), life=6, between=1.6, within=1.0),
    "season and trend": Kind(600, 6, 4, (4, 5), season=0.7, trend=0.15),
    "change of pace": Kind(600, 7, 4, (5, 6), rate=6, pace=0.3),
    "change of amounts": Kind(600, 7, 4, (5, 6), move=0.3),
    "growing base": Kind(1500, 5, 5, (3, 4), life=2, growth=0.7),
    "amounts rise with tenure": Kind(600, 6, 5, (4, 5), tenure=0.25, within=0.4),
    "one year, wholesale": Kind(
        3000, 1.03, 0.93, (0.52, 0.77), 13, rate=5, spread=0.7, between=1, within=0.7, season=0.5,
        linked=0.5,
    ),
    "yearly gifts": Kind(
        2000, 7, 2, (5, 6), rate=1.5, spread=0.6, life=6, season=1.0, peak=0.12, between=0.9,
        within=0.3, yearly=True,
    ),
    "projects in bursts": Kind(400, 7, 5, (5, 6), rate=8, work=0.4, within=0.9),
    "half a year ahead": Kind(
        800, 3, 2, (2, 2.5), 26, rate=5, pace=0.15, move=0.15, linked=0.3
    ),
}  # fmt: skip


def simulate(kind: Kind, seed: int) -> pd.DataFrame:
    """Orders of one firm: customer_id, date, amount."""
    rng = np.random.default_rng(seed)
    n, day = kind.customers, np.arange(round(kind.years * YEAR))
    luck = rng.random(n)
    if kind.growth:
        luck = np.log1p(luck * np.expm1(kind.growth * kind.arrive)) / (kind.growth * kind.arrive)
    first = luck * kind.arrive * YEAR
    last = first + rng.exponential(kind.life * YEAR, n)
    pair = rng.multivariate_normal([0, 0], [[1, kind.linked], [kind.linked, 1]], n)
    rates = np.sort(rng.gamma(kind.spread, kind.rate / kind.spread / YEAR, n))
    rate = rates[pair[:, 0].argsort().argsort()]
    own, moved = _changes(kind, rng, len(day) // HALF + 1)
    pace = rate[:, None] * _common(kind, day) * own[:, day // HALF] * kind.regular
    pace *= (day >= first[:, None]) & (day < last[:, None])
    events = rng.poisson(pace)
    seen = events.cumsum(axis=1) + rng.integers(kind.regular, size=(n, 1))
    bought = seen // kind.regular > (seen - events) // kind.regular
    bought[np.arange(n), first.astype(int)] = True
    who, when = np.nonzero(bought)
    if kind.yearly:
        kept = np.unique(who * 100 + when // YEAR, return_index=True)[1]
        who, when = who[kept], when[kept]
    logs = TYPICAL + kind.between * pair[who, 1] + moved[who, when // HALF]
    logs += kind.tenure * (when - first[who]) / YEAR + kind.within * rng.standard_normal(len(who))
    names = np.array([f"C{number:04}" for number in range(n)])
    date = START + pd.to_timedelta(when, unit="D")
    return pd.DataFrame({"customer_id": names[who], "date": date, "amount": np.exp(logs)})


def _common(kind: Kind, day: np.ndarray) -> np.ndarray:
    """Pace of everybody, mean 1 before the trend: a wave, or a peak at the end of the year."""
    wave = np.cos(2 * np.pi * (day / YEAR - 0.92))
    season = 1 + kind.season * wave if kind.peak == 1 else np.exp((wave - 1) / kind.peak**2)
    return season / season.mean() * np.exp(kind.trend * day / YEAR)


def _changes(kind: Kind, rng: np.random.Generator, halves: int) -> tuple[np.ndarray, np.ndarray]:
    """Factor on the pace, and change of log amounts, of each customer in each half-year."""
    shape = (kind.customers, halves)
    own, moved = np.ones(shape), kind.move * rng.standard_normal(shape).cumsum(axis=1)
    for half in range(1, halves if kind.pace else 0):
        change = rng.gamma(1 / kind.pace, kind.pace, kind.customers)
        own[:, half] = own[:, half - 1] ** 0.7 * change
    return own * (rng.random(shape) < kind.work), moved


def trials(name: str, seed: int) -> pd.DataFrame:
    """One row a day of one history: hit rates, a column a method."""
    kind = KINDS[name]
    days = [START + pd.Timedelta(round(day * YEAR), unit="D") for day in kind.days]
    known = START + pd.Timedelta(round(kind.years * YEAR), unit="D")
    methods = ["combination", *MODELS, *OTHERS]
    terms = {"unit": "W", "draws": 100, "seed": 1, "end": known}
    table = backtest(simulate(kind, seed), days, kind.ahead, methods, **terms).table
    return table.pivot(index="origin", columns="method", values="hit_rate")[methods].assign(
        customers=table.groupby("origin")["customers"].first(), seed=seed
    )


def fair(histories: pd.DataFrame) -> pd.Series:
    """Hit rate of the method that was best on all other histories, one row a history."""
    singles = histories[[*MODELS, *OTHERS]]
    rest = singles.sum() - singles
    return pd.Series(singles.to_numpy()[np.arange(len(rest)), rest.to_numpy().argmax(axis=1)],
                     index=histories.index)  # fmt: skip


def gap(histories: pd.DataFrame, other: str) -> str:
    """Mean of the combination less another, and its standard error, in thousandths.

    Each kind weighs the same, and errors come from the histories within kinds.
    """
    apart = 1000 * (histories["combination"] - histories[other])
    kinds = apart.groupby(histories["kind"])
    error = np.sqrt((kinds.var() / kinds.size()).sum()) / len(kinds)
    return f"{kinds.mean().mean():+.1f} ({error:.1f})"


def hits(histories: pd.DataFrame) -> dict[str, str]:
    """Mean hit rates."""
    columns = {
        "combination": "combination",
        "best model": "model",
        **dict(zip(OTHERS, OTHERS, strict=True)),
    }
    return {name: f"{histories[column].mean():.3f}" for name, column in columns.items()}


def differences(histories: pd.DataFrame) -> dict[str, str]:
    """The combination less each other."""
    columns = {"best, afterwards": "afterwards", "best, by the others": "fair",
               "best model": "model", **dict(zip(OTHERS, OTHERS, strict=True))}  # fmt: skip
    return {name: gap(histories, column) for name, column in columns.items()}


def main() -> None:
    """Prints one table of hit rates, one of differences."""
    warnings.simplefilter("ignore")
    pd.set_option("display.width", 250)
    given = sys.argv[1:3]
    count, first = (int(number) for number in [*given, *("4", "0")[len(given) :]])
    rates, gaps, everything = {}, {}, []
    for name in KINDS:
        start = time.process_time()
        found = pd.concat([trials(name, seed) for seed in range(first, first + count)])
        each = found.groupby("seed").mean().assign(kind=name)
        means = each[["combination", *MODELS, *OTHERS]].mean()
        best = means.drop("combination").idxmax()
        each = each.assign(afterwards=each[best], fair=fair(each))
        each["model"] = each[means[list(MODELS)].idxmax()]
        everything.append(each)
        sizes = f"{found['customers'].min():,.0f}-{found['customers'].max():,.0f}"
        rates[name] = {"customers": sizes, **hits(each), "best": best}
        gaps[name] = differences(each) | {"CPU s": round(time.process_time() - start)}
        print(f"{name}: {means['combination']:.3f}, {best} {means[best]:.3f}", flush=True)
    every = pd.concat(everything)
    kinds = every.groupby("kind").mean(numeric_only=True)
    rates["mean of all kinds"], gaps["mean of all kinds"] = hits(kinds), differences(every)
    print("\nHit rates at 10 %\n")
    print(pd.DataFrame(rates).T.to_string(na_rep=""))
    print("\nThe combination less another, in thousandths (standard error)\n")
    print(pd.DataFrame(gaps).T.to_string(na_rep=""))


if __name__ == "__main__":
    main()
