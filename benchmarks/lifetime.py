"""Do the ranges of the chapter on lifetime value hold? Prints the tables of docs/lifetime.md.

    python benchmarks/lifetime.py tracking FOLDER [history ...]
    python benchmarks/lifetime.py simulated BASES

tracking: repeat purchases after several days in the past, told and come, with the plain model (no
season, the level of the base taken as fixed) and as the chapter tells them. FOLDER holds the
optional real data; histories are worldbank, cdnow, retail, demo.
simulated: firms with a known truth: does residual value, of each client and of the base, lie where
it is said to?
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from backtest import CASES, read

from goodlib.history import summarize
from goodlib.value import selection
from goodlib.value.choice import choose_calendar
from goodlib.value.feature import DAYS, Past, ordinal, stamp
from goodlib.value.forecast import PRIOR_DRIFT, fit_models, forecast
from goodlib.value.score import coverage, pit
from goodlib.value.tracking import track
from goodlib.value.worth import FUTURES, worth

DRAWS = 400


def place(total: pd.Series) -> dict[str, float]:
    """Where what came lies: bias, whether the ranges hold it, how wide they are as logs."""
    came = total["actual"]
    found = {"bias": total["expected"] / came - 1}
    for level in ("80", "95"):
        lower, upper = total[f"lower_{level}"], total[f"upper_{level}"]
        found[f"in_{level}"] = lower <= came <= upper
        found[f"width_{level}"] = float(np.log(upper / lower))
    return found


def tracking(folder: Path, names: list[str]) -> pd.DataFrame:
    """One row an origin and way of telling."""
    rows = []
    for name in names:
        orders = read(name, folder)
        past, (unit, origins) = Past(orders), CASES[name]
        for origin, length in sorted(origins):
            stop = stamp(ordinal(origin) + round(length * DAYS[unit]))
            summary = summarize(orders, end=origin, unit=unit, holdout_end=stop)
            law = selection.law(past.at(origin, length, unit))
            ends = {"end": origin, "holdout_end": stop, "unit_days": DAYS[unit]}
            ends |= {"draws": DRAWS, "seed": 1}
            plain = selection.choose(selection.fit_purchases(summary))
            kind = choose_calendar(past, pd.Timestamp(origin), length, unit).kind
            fit = fit_models(past, pd.Timestamp(origin), unit, law, kind)
            told = {
                "plain": track(plain, summary, orders, **ends),
                "chapter": track(
                    fit.purchases, summary, orders, calendar=fit.calendar, drift=PRIOR_DRIFT, **ends
                ),
            }
            for way, found in told.items():
                groups = found.groups
                held = groups["actual"].between(groups["lower_80"], groups["upper_80"])
                where = {"history": name, "origin": origin, "model": law, "told": way}
                rows.append(
                    where | dict(found.total) | place(found.total) | {"groups_80": held.mean()}
                )
                print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def show_tracking(table: pd.DataFrame) -> None:
    """Each origin, then shares held and widths by history."""
    for (name, origin), rows in table.groupby(["history", "origin"], sort=False):
        cells = [name, f"{pd.Timestamp(origin):%Y-%m-%d}", rows["model"].iloc[0]]
        cells.append(f"{rows['actual'].iloc[0]:,.0f}")
        for _, row in rows.iterrows():
            cells += [
                f"{row['bias']:+.0%}",
                f"{row['lower_80']:,.0f} to {row['upper_80']:,.0f}",
                f"{row['lower_95']:,.0f} to {row['upper_95']:,.0f}",
                "80" if row["in_80"] else "95" if row["in_95"] else "out",
            ]
        print("| " + " | ".join(cells) + " |")
    print()
    for (name, way), rows in table.groupby(["history", "told"], sort=False):
        error = np.sqrt((np.log(rows["expected"] / rows["actual"]) ** 2).mean())
        cells = [name, way, f"{rows['in_80'].sum()} of {len(rows)}"]
        cells += [f"{rows['in_95'].sum()} of {len(rows)}", f"{error:.2f}"]
        cells += [f"{rows['width_80'].mean() / 2:.2f}", f"{rows['width_95'].mean() / 2:.2f}"]
        cells.append(f"{rows['groups_80'].mean():.2f}")
        print("| " + " | ".join(cells) + " |")


START = pd.Timestamp("2015-01-01")
YEARS, DISCOUNT, MARGIN = 6.0, 0.10, 0.4


def firm(rng: np.random.Generator, customers: int, moving: bool) -> pd.DataFrame:
    """Seven years of a firm's orders; `moving`: with a season and a level that wanders.

    Newcomers come evenly, buy as Poisson processes at gamma rates (mean six a year), leave after a
    while (half within about three years), and pay gamma amounts around log-normal means.
    """
    days = np.arange(round((YEARS + 1) * 365.25))
    pace = np.ones(len(days))
    if moving:
        level = np.cumsum(rng.normal(0, 0.15 / np.sqrt(365.25), len(days)))
        pace = np.exp(level + 0.3 * np.sin(2 * np.pi * (days / 365.25 + rng.random())))
    clock = np.r_[0.0, pace.cumsum()]
    rows = []
    for who in range(customers):
        came = rng.integers(0, round(YEARS * 365.25))
        rate, left = (
            rng.gamma(1.2, 6 / 1.2) / 365.25,
            clock[came] + rng.exponential(365.25 * 4.5 / rng.gamma(2.0, 0.5)),
        )
        reach = min(left, clock[-1])
        times = rng.uniform(clock[came], reach, rng.poisson(rate * (reach - clock[came])))
        bought = np.unique(np.r_[came, np.searchsorted(clock, times) - 1])
        mean = rng.lognormal(6.0, 0.8)
        rows += [(f"c{who:03}", day, rng.gamma(2.0, mean / 2.0)) for day in bought]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return frame.assign(date=START + pd.to_timedelta(frame["day"], unit="D"))


def simulated(bases: int, customers: int, moving: bool) -> dict[str, float]:
    """Where the truth lies in what is said of the next year, over many firms."""
    end = START + pd.Timedelta(days=round(YEARS * 365.25))
    found, clients = [], []
    for seed in range(bases):
        rng = np.random.default_rng([seed, customers, moving])
        orders = firm(rng, customers, moving)
        past = Past(orders[orders["date"] <= end])
        ahead = forecast(past, end, 52, "W", FUTURES, seed)
        margin = pd.Series(MARGIN, past.table[3])
        known = worth(ahead, margin, discount=DISCOUNT, periods_per_year=365.25 / 7)
        later = orders[(orders["date"] > end) & (orders["date"] <= end + pd.Timedelta(days=364))]
        years = (later["date"] - end).dt.days / 365.25
        money = (MARGIN * later["amount"] / (1 + DISCOUNT) ** years).groupby(later["customer_id"])
        came = money.sum().reindex(known.customers.index, fill_value=0.0)
        value, total = known.customers, float(came.sum())
        held = came.between(value["residual_value_lower_80"], value["residual_value_upper_80"])
        pits = pit(known.each.to_numpy(float), came.to_numpy(), rng)
        alive = value["residual_value_upper_80"] > 0
        clients.append((held.mean(), held[alive].mean(), coverage(pits, 0.8), coverage(pits, 0.95)))
        bounds = np.quantile(known.total, [0.025, 0.1, 0.9, 0.975])
        found.append(
            {
                "error": np.log(known.total.mean() / total),
                "in_80": bounds[1] <= total <= bounds[2],
                "in_95": bounds[0] <= total <= bounds[3],
                "half_80": np.log(bounds[2] / bounds[1]) / 2,
            }
        )
    totals, means = pd.DataFrame(found), np.mean(clients, axis=0)
    names = ("clients_80", "clients_80_open", "clients_pit_80", "clients_pit_95")
    return dict(zip(names, means, strict=True)) | {
        "total_80": totals["in_80"].mean(),
        "total_95": totals["in_95"].mean(),
        "bias": totals["error"].mean(),
        "rms": np.sqrt((totals["error"] ** 2).mean()),
        "half_80": totals["half_80"].mean(),
    }


if __name__ == "__main__":
    warnings.simplefilter("error")
    what, *rest = sys.argv[1:]
    if what == "tracking":
        show_tracking(tracking(Path(rest[0]), rest[1:] or list(CASES)))
    else:
        for customers in (60, 250):
            for moving in (False, True):
                line = simulated(int(rest[0]), customers, moving)
                cells = [str(customers), "moves" if moving else "stands still"]
                cells += [f"{value:.2f}" for value in line.values()]
                print("| " + " | ".join(cells) + " |", flush=True)
