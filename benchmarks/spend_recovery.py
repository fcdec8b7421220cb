"""Do the models of spend, chances and contracts find what made the data?

    python benchmarks/spend_recovery.py [data sets]      # tables of docs/spend.md; default 200

Amounts, chances and contracts are simulated one by one, not by the code under test. The first table
fits each model by maximum likelihood and counts how often its 95 % intervals hold the truth; the
second draws posteriors for a base of 30 repeat buyers; the third asks likelihood which of two laws
made the amounts.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd

from goodlib.value.amount import LogNormalSpend, SingleGammaGamma, repeat_amounts
from goodlib.value.discrete import BetaGeoBetaBinomial, ShiftedBetaGeometric
from goodlib.value.lifetime import draw_params
from goodlib.value.spend import GammaGamma

GAMMA = {"p": 4.0, "q": 4.0, "gamma": 60.0}
NORMAL = {"mu": 6.0, "sigma": 0.8, "tau": 0.5}
CHANCES = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
CONTRACTS = {"alpha": 0.7, "beta": 1.2}


def orders(law: str, size: int, seed: int) -> pd.DataFrame:
    """Orders of customers who came back once or more; the first order of each counts as none."""
    rng = np.random.default_rng(seed)
    count = rng.geometric(0.3, size) + 1
    who = np.repeat(np.arange(size), count)
    if law == "gamma":
        rate = rng.gamma(GAMMA["q"], 1 / GAMMA["gamma"], size)
        amount = rng.gamma(GAMMA["p"], 1 / rate[who])
    else:
        level = NORMAL["mu"] + NORMAL["tau"] * rng.standard_normal(size)
        amount = np.exp(level[who] + NORMAL["sigma"] * rng.standard_normal(len(who)))
    place = np.arange(len(who)) - np.repeat(count.cumsum() - count, count)
    date = pd.Timestamp("2020-01-01") + pd.to_timedelta(place, unit="D")
    return pd.DataFrame({"customer_id": who, "date": date, "amount": amount})


def means(frame: pd.DataFrame) -> pd.DataFrame:
    """Frequency and mean amount of each customer."""
    found = repeat_amounts(frame)
    return pd.DataFrame({"frequency": found["n"], "monetary_value": found["total"] / found["n"]})


EFFECTS = {"spend:log(size)": 0.4, "spend:region[T.south]": -0.6}


def described(size: int, seed: int) -> pd.DataFrame:
    """Repeat buyers whose mean spend goes with the log of their size, and is lower in the south."""
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.3, size)
    frame = pd.DataFrame({"frequency": x, "size": rng.lognormal(0, 1, size)})
    frame["region"] = rng.choice(["north", "south"], size)
    speaks = 0.4 * np.log(frame["size"]) - 0.6 * (frame["region"] == "south")
    rate = rng.gamma(GAMMA["q"], 1 / GAMMA["gamma"], size) * np.exp(-speaks)
    return frame.assign(monetary_value=rng.gamma(GAMMA["p"] * x) / (rate * x))


def chances(size: int, n: int, seed: int) -> pd.DataFrame:
    """Customers with n chances, chance by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(size):
        p = rng.beta(CHANCES["alpha"], CHANCES["beta"])
        theta = rng.beta(CHANCES["gamma"], CHANCES["delta"])
        x = last = 0
        for chance in range(1, n + 1):
            if rng.random() < theta:
                break
            if rng.random() < p:
                x, last = x + 1, chance
        rows.append((x, last, n))
    return pd.DataFrame(rows, columns=["frequency", "recency", "n"])


def contracts(size: int, n: int, seed: int) -> pd.DataFrame:
    """Contracts followed over n renewals."""
    rng = np.random.default_rng(seed)
    end = rng.geometric(rng.beta(CONTRACTS["alpha"], CONTRACTS["beta"], size))
    return pd.DataFrame({"periods": np.minimum(end, n), "left": end <= n})


CASES = [
    ("GammaGamma (means)", GAMMA, lambda seed, n: GammaGamma(means(orders("gamma", n, seed)))),
    (
        "GammaGamma, ~ log(size) + region",
        GAMMA | EFFECTS,
        lambda seed, n: GammaGamma(described(n, seed), "~ log(size) + region"),
    ),
    (
        "Gamma-Gamma (single amounts)",
        GAMMA,
        lambda seed, n: SingleGammaGamma(repeat_amounts(orders("gamma", n, seed))),
    ),
    (
        "LogNormalSpend",
        NORMAL,
        lambda seed, n: LogNormalSpend(repeat_amounts(orders("normal", n, seed))),
    ),
    (
        "BetaGeoBetaBinomial, 8 chances",
        CHANCES,
        lambda seed, n: BetaGeoBetaBinomial(chances(2 * n, 8, seed)),
    ),
    (
        "ShiftedBetaGeometric, 7 renewals",
        CONTRACTS,
        lambda seed, n: ShiftedBetaGeometric(contracts(n, 7, seed)),
    ),
]


def likelihood(sets: int) -> None:
    """Bias and coverage by maximum likelihood."""
    print("| model | parameter | true | median bias | sd of the log | held | problems |")
    print("|---|---|---|---|---|---|---|")
    for name, true, make in CASES:
        fits = [make(seed, 500).fit() for seed in range(sets)]
        bounds = np.array([fit.conf_int().to_numpy() for fit in fits])
        found = np.array([fit.params for fit in fits])
        troubled = sum(bool(fit.problems) for fit in fits)
        for place, (parameter, value) in enumerate(true.items()):
            bias = np.median(found[:, place]) / value - 1
            spread = np.std(np.log(np.abs(found[:, place])))
            held = (bounds[:, place, 0] <= value) & (value <= bounds[:, place, 1])
            start = f"| {name if not place else ''} | {parameter} | {value:g} "
            end = f"{troubled if not place else ''} |"
            print(start + f"| {100 * bias:+.1f} % | {spread:.3f} | {held.mean():.3f} | " + end)


def small(sets: int) -> None:
    """Coverage of the posterior's mean spend of a new customer, 30 repeat buyers."""
    print("\n| model | share of 80 % intervals that hold the mean | median width, of the mean |")
    print("|---|---|---|")
    truth = {
        "GammaGamma": GAMMA["p"] * GAMMA["gamma"] / (GAMMA["q"] - 1),
        "LogNormalSpend": np.exp(NORMAL["mu"] + (NORMAL["sigma"] ** 2 + NORMAL["tau"] ** 2) / 2),
    }
    for name, mean in truth.items():
        held, width = [], []
        for seed in range(sets):
            if name == "GammaGamma":
                fit = GammaGamma(means(orders("gamma", 30, seed))).fit()
                draws = draw_params(fit, 1000, 1).params
                drawn = np.where(
                    draws["q"] > 1, draws["p"] * draws["gamma"] / (draws["q"] - 1), np.inf
                )
            else:
                fit = LogNormalSpend(repeat_amounts(orders("normal", 30, seed))).fit()
                draws = draw_params(fit, 1000, 1).params
                drawn = np.exp(draws["mu"] + (draws["sigma"] ** 2 + draws["tau"] ** 2) / 2)
            low, high = np.quantile(drawn, [0.1, 0.9], method="nearest")
            held.append(low <= mean <= high)
            width.append((high - low) / mean)
        print(f"| {name} | {np.mean(held):.3f} | {np.median(width):.2f} |")


def choice(sets: int) -> None:
    """How often likelihood names the law that made the amounts."""
    print("\n| made by | repeat buyers | rightly named |")
    print("|---|---|---|")
    for law in ("gamma", "normal"):
        for size in (30, 100, 500):
            right = 0
            for seed in range(sets):
                given = repeat_amounts(orders(law, size, seed))
                gamma, normal = SingleGammaGamma(given).fit(), LogNormalSpend(given).fit()
                right += (gamma.aic < normal.aic) == (law == "gamma")
            name = "Gamma-Gamma" if law == "gamma" else "log-normal"
            print(f"| {name} | {size} | {right / sets:.3f} |")


if __name__ == "__main__":
    warnings.simplefilter("ignore", RuntimeWarning)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    likelihood(number)
    small(number)
    choice(number)
    print(f"\n{time.process_time():.0f} CPU seconds, {number} data sets")
