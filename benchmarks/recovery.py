"""Do the models find what made the data, and do their intervals hold it as often as they say?

    python benchmarks/recovery.py [data sets]      # the tables of docs/recovery.md; default 200
    python benchmarks/recovery.py 200 ParetoNBD-1 BetaGeoNBD-2      # of these models alone (and k)

Posteriors are drawn for the first half of the data sets.

Customers are simulated purchase by purchase, not by the code under test. The first table fits 1,000
customers of a year and holds three kinds of interval side by side: from the standard errors, from
the profile of the likelihood, from the posterior. The second draws the posterior of 30 clients of a
firm, seen for one to six years, with the default priors: how often do its intervals hold the
parameters, the number of clients still active, and what they buy in the next year?
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

import goodlib

TRUE = {"r": 0.8, "alpha": 6.0, "s": 0.7, "beta": 10.0, "a": 0.8, "b": 2.4}
FIRM = {"r": 1.5, "alpha": 1.0, "s": 1.0, "beta": 6.0, "a": 0.6, "b": 4.0}  # in years
MODELS = [
    (goodlib.NBD, 1),
    (goodlib.ParetoNBD, 1),
    (goodlib.BetaGeoNBD, 1),
    (goodlib.BetaGeoNBD, 2),
    (goodlib.ModifiedBetaGeoNBD, 1),
    (goodlib.ModifiedBetaGeoNBD, 3),
]


def simulate(
    model: type, k: int, true: dict[str, float], T: np.ndarray, future: float, seed: int
) -> pd.DataFrame:
    """The summary at T, with what the customers buy in the `future` after it and who is active."""
    rng = np.random.default_rng(seed)
    rows = []
    for here in T:
        rate, end = rng.gamma(true["r"]) / true["alpha"], here + future
        events = np.sort(rng.uniform(0, end, rng.poisson(rate * end)))
        bought = events[k - 1 :: k]
        if model is goodlib.ParetoNBD:
            gone = rng.exponential(true["beta"] / max(rng.gamma(true["s"]), 1e-300))
        elif model is goodlib.NBD:
            gone = np.inf
        else:
            p = rng.beta(true["a"], true["b"])
            if model is goodlib.ModifiedBetaGeoNBD and rng.random() < p:
                gone = 0.0
            else:
                last = rng.geometric(max(p, 1e-12))
                gone = bought[last - 1] if last <= len(bought) else np.inf
        bought = bought[bought <= gone]
        past = bought[bought <= here]
        gaps = np.log(np.diff(np.concatenate([[0.0], past]))).sum() if len(past) else 0.0
        recency = past[-1] if len(past) else 0.0
        active = gone > here
        rows.append((len(past), recency, here, gaps, len(bought) - len(past), active))
    names = ["frequency", "recency", "T", "log_gaps", "bought", "active"]
    return pd.DataFrame(rows, columns=names)


def options(model: type, k: int) -> dict[str, int]:
    """What the model is made with."""
    return {} if k == 1 else {"k": k}


INTERVALS = ("wald", "profile", "posterior")


def recovery(
    model: type,
    k: int,
    sets: int,
    customers: int = 1000,
    intervals: tuple[str, ...] = INTERVALS,
) -> pd.DataFrame:
    """Bias, and how often each kind of 95 % interval holds the truth: one row a parameter.

    Fits that name a problem have rows of their own: whoever reads them was told not to.
    """
    rows = []
    for seed in range(sets):
        T = np.random.default_rng(10_000 + seed).uniform(26, 52, customers)
        data = simulate(model, k, TRUE, T, 0.0, seed)
        fit = model(data, **options(model, k)).fit()
        true = pd.Series(TRUE)[fit.params.index]
        found = {"true": true, "log error": np.log(fit.params / true)}
        for kind in intervals:
            if kind == "posterior" and seed >= sets / 2:
                continue  # it takes as long as all the rest
            interval = bounds(fit, kind, seed)
            if interval is not None:
                inside = (interval["lower"] < true) & (true < interval["upper"])
                width = np.log(interval["upper"] / interval["lower"].clip(lower=1e-300))
                found |= {kind: inside.astype(float), f"{kind} width": width}
        each = pd.DataFrame(found).rename_axis("parameter").reset_index()
        rows.append(each.assign(set=seed, problems=bool(fit.problems)))
    table = pd.concat(rows)
    groups = table.groupby(["problems", "parameter"], sort=False)
    summary = groups.agg(
        sets=("set", "nunique"),
        true=("true", "first"),
        bias=("log error", lambda e: 100 * np.expm1(e.median())),
        sd=("log error", "std"),
        **{kind: (kind, "mean") for kind in intervals},
        **{f"{kind} width": (f"{kind} width", "median") for kind in intervals},
    )
    title = model.__name__ + (f", k = {k}" if k > 1 else "")
    return summary.reset_index().assign(model=title).sort_values("problems", kind="stable")


def bounds(fit: goodlib.value.inference.Results, kind: str, seed: int) -> pd.DataFrame | None:
    """The 95 % interval of a kind; none where the posterior is refused."""
    if kind != "posterior":
        return fit.conf_int(method=kind)
    try:
        posterior = fit.posterior(draws=400, seed=seed)
    except goodlib.PosteriorError:
        return None
    ends = posterior.params.quantile([0.025, 0.975]).T
    return ends.set_axis(["lower", "upper"], axis=1)


def small_base(model: type, sets: int, clients: int = 30) -> pd.DataFrame:
    """What the posterior of a small base is worth, one row a quantity."""
    rows, refused, flagged = [], 0, 0
    for seed in range(sets):
        T = np.random.default_rng(20_000 + seed).uniform(1, 6, clients)
        data = simulate(model, 1, FIRM, T, 1.0, seed)
        fit = model(data).fit()
        flagged += bool(fit.problems)
        try:
            posterior = fit.posterior(draws=1000, seed=seed)
        except goodlib.PosteriorError:
            refused += 1
            continue
        rng = np.random.default_rng(seed)
        futures = [
            fit.sample_purchases(row, 1.0, rng)
            for row in posterior.params.iloc[:400].to_dict("records")
        ]
        draws = {name: posterior.params[name].to_numpy() for name in fit.params.index}
        draws["clients active"] = np.array([future.active.sum() for future in futures])
        draws["purchases next year"] = np.array([future.purchases.sum() for future in futures])
        true = {**FIRM, "clients active": data["active"].sum()}
        true["purchases next year"] = data["bought"].sum()
        for name, values in draws.items():
            low80, high80 = np.quantile(values, [0.1, 0.9])
            low, high = np.quantile(values, [0.025, 0.975])
            rows.append(
                {
                    "quantity": name,
                    "true": true[name],
                    "posterior median": np.median(values),
                    "80 %": low80 <= true[name] <= high80,
                    "95 %": low <= true[name] <= high,
                    "width of 95 %": (high - low) / max(np.median(values), 0.5),
                }
            )
    table = pd.DataFrame(rows).groupby("quantity", sort=False).mean()
    table.insert(0, "model", model.__name__)
    return table.assign(refused=refused, flagged=flagged).reset_index()


if __name__ == "__main__":
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    only = sys.argv[2:]
    start = time.process_time()
    wide = {"float_format": "{:.3f}".format, "index": False}
    for model, k in MODELS:
        if only and f"{model.__name__}-{k}" not in only:
            continue
        print(recovery(model, k, sets).to_string(**wide), "\n", flush=True)
    for model in () if only else (goodlib.ParetoNBD, goodlib.BetaGeoNBD):
        print(small_base(model, sets).to_string(**wide), "\n", flush=True)
    print(f"{time.process_time() - start:.0f} CPU seconds")
