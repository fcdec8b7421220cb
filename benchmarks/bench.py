"""How fast, against the field's libraries, in CPU seconds and in one run.

    python benchmarks/bench.py [python of an environment with lifetimes] [one with pymc-marketing]

An environment that is named "-" is left out.

Each number is the median of 5 runs, or one run where a run takes more than 5 CPU seconds (marked
1x). Peers run in their own environment, on the same files, in a process of their own. CDNOW is
read from the folder that GOODLIB_DATA names and left out where it is not; the larger bases are
simulated: daily dates, two years, rates as in CDNOW.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import pareto, uniform, weibull_min

SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
LONG = 5.0  # CPU seconds beyond which a run is not repeated
CHAINS = 2  # of NUTS, one after the other
PATIENCE = 3600.0  # seconds that a peer may take for all its work


def customers(n: int, seed: int = 0, days: int = 730) -> pd.DataFrame:
    """A base of daily customers in weeks, bought from by a Pareto/NBD world."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.55, 1 / 10.6, n) / 7
    leave = np.maximum(rng.gamma(0.606, 1 / 11.7, n) / 7, 1e-12)
    T = days - rng.integers(0, days // 2, n)
    life = np.minimum(rng.exponential(1 / leave), T)
    x = rng.poisson(rate * life)
    last = np.ceil(life * rng.random(n) ** (1 / np.maximum(x, 1)))
    last = np.where(x > 0, np.clip(last, 1, T), 0)
    x = np.minimum(x, last.astype(int))
    return pd.DataFrame({"frequency": x, "recency": last / 7.0, "T": T / 7.0})


def seconds(work: Callable[[], object]) -> tuple[float, bool]:
    """Median CPU seconds, and whether it is of one run only."""
    spent = []
    while len(spent) < 5:
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
        if spent[0] > LONG:
            return spent[0], True
    return float(np.median(spent)), False


def cdnow() -> pd.DataFrame | None:
    """The CDNOW sample to 1997-09-30, in weeks."""
    path = Path(os.environ.get("GOODLIB_DATA", "data/raw")) / "cdnow" / "cdnow_sample.parquet"
    if not path.is_file():
        return None
    import goodlib

    summary = goodlib.summarize(pd.read_parquet(path), end="1997-09-30", unit="W")
    return summary[["frequency", "recency", "T"]].reset_index(drop=True)


def run_goodlib(folder: Path) -> dict[str, tuple[float, bool]]:
    """Everything of ours, by task and base."""
    import goodlib

    found = {}
    for path in sorted(folder.glob("*.csv")):
        base = path.stem
        summary = pd.read_csv(path)
        for model in (goodlib.BetaGeoNBD, goodlib.ParetoNBD):
            name = model.__name__
            found[f"fit {name} {base}"] = seconds(lambda m=model, s=summary: m(s).fit())
            fit = model(summary).fit()
            found[f"P(alive) {name} {base}"] = seconds(fit.p_alive)
            found[f"E(52) {name} {base}"] = seconds(lambda f=fit: f.expected_purchases(52))
            draws = 4000 if base == "CDNOW" else 1000
            if base in ("CDNOW", "1M"):
                posterior = []
                key = f"posterior, {draws:,} draws {name} {base}"
                found[key] = seconds(
                    lambda f=fit, p=posterior, d=draws: p.append(f.posterior(d, seed=1))
                )
                last = posterior[-1]
                print(
                    f"  {key}: k-hat {last.khat:.2f}, effective {last.ess:.0f}, "
                    f"error of the log-likelihood {last.loglike_error:.3f}"
                )
        columns = [summary[name].to_numpy(float) for name in summary]
        copies = [*columns, *columns][:5]
        found[f"copy five columns {base}"] = seconds(lambda c=copies: [v.copy() for v in c])
        if base == "1M":
            beside_copying(goodlib.BetaGeoNBD(summary).fit().p_alive, copies)
    return found


def beside_copying(work: Callable[[], object], columns: list[np.ndarray], times: int = 60) -> None:
    """P(alive) of BG/NBD and a copy of five columns, in turn: how many times as long it takes."""
    spent = np.empty((times, 2))
    for row in spent:
        for place, task in enumerate((work, lambda: [column.copy() for column in columns])):
            start = time.process_time()
            task()
            row[place] = time.process_time() - start
    low, half, high = np.quantile(spent[:, 0] / spent[:, 1], [0.1, 0.5, 0.9])
    fastest = np.divide(*spent.min(axis=0))
    print(
        f"  P(alive) BetaGeoNBD 1M against copying five columns, {times} pairs: median {half:.2f} "
        f"(middle 80 % {low:.2f} to {high:.2f}), fastest {fastest:.2f}"
    )


def memory(path: Path, draws: int) -> None:
    """Peak memory of a process that fits Pareto/NBD to a base and draws its posterior."""
    import goodlib

    fit = goodlib.ParetoNBD(pd.read_csv(path)).fit()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fit.posterior(draws, seed=1)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {draws:,} draws at 1M: peak {after:.0f} MB ({before:.0f} MB before the draws)")


def run_lifetimes(folder: Path) -> dict[str, tuple[float, bool]]:
    """The same tasks in lifetimes."""
    import warnings

    from lifetimes import BetaGeoFitter, ParetoNBDFitter

    warnings.simplefilter("ignore")
    found = {}
    for path in sorted(folder.glob("*.csv")):
        base, summary = path.stem, pd.read_csv(path)
        data = [summary[name] for name in ("frequency", "recency", "T")]
        for fitter, name in ((BetaGeoFitter, "BetaGeoNBD"), (ParetoNBDFitter, "ParetoNBD")):
            if base == "1M" and name == "ParetoNBD":
                continue  # did not finish in ten minutes
            fit = fitter()
            found[f"fit {name} {base}"] = seconds(lambda f=fit, d=data: f.fit(*d))
            if base == "100k" and name == "ParetoNBD":
                continue
            alive = fit.conditional_probability_alive
            found[f"P(alive) {name} {base}"] = seconds(lambda a=alive, d=data: a(*d))
            growth = fit.conditional_expected_number_of_purchases_up_to_time
            found[f"E(52) {name} {base}"] = seconds(lambda g=growth, d=data: g(52, *d))
    return found


def run_pymc(folder: Path) -> dict[str, tuple[float, bool]]:
    """NUTS with the priors of pymc-marketing, chains of 1,000 draws after 1,000, CDNOW only.

    The key holds the smallest and the largest effective number of draws of the four parameters.
    """
    import arviz
    from pymc_marketing import clv

    found = {}
    summary = pd.read_csv(folder / "CDNOW.csv").assign(customer_id=lambda s: s.index)
    for model, name in ((clv.BetaGeoModel, "BetaGeoNBD"), (clv.ParetoNBDModel, "ParetoNBD")):
        start = time.process_time()
        chain = model(data=summary)
        options = {"chains": CHAINS, "cores": 1, "draws": 1000, "tune": 1000, "random_seed": 1}
        chain.fit(method="mcmc", progressbar=False, **options)
        spent = time.process_time() - start
        names = [n for n in ("r", "alpha", "a", "b", "s", "beta") if n in chain.idata.posterior]
        effective = arviz.ess(chain.idata, var_names=names)
        sizes = [float(effective[n]) for n in names]
        found[f"{name} {min(sizes):.0f} {max(sizes):.0f}"] = (spent, True)
        print(json.dumps(found), flush=True)
    return found


def against_nuts(folder: Path, python: str) -> None:
    """CPU seconds an effective draw: fit and posterior of ours with the peer's priors, and NUTS."""
    import goodlib

    scale = {"r": weibull_min(2, scale=1), "alpha": weibull_min(2, scale=10)}
    priors = {
        "BetaGeoNBD": scale | {"phi": uniform(), "kappa": pareto(1)},
        "ParetoNBD": scale | {"s": scale["r"], "beta": scale["alpha"]},
    }
    summary = pd.read_csv(folder / "CDNOW.csv")
    theirs = ask(python, "pymc", folder)
    print(f"\n{'CDNOW':24}{'effective':>12}{'CPU seconds':>14}{'ms a draw':>16}{'ratio':>14}")
    for key, (spent, _) in theirs.items():
        name, low, high = key.split()
        made = []

        def work(name: str = name, made: list = made) -> None:
            fit = getattr(goodlib, name)(summary).fit()
            made.append(fit.posterior(4000, seed=1, prior=priors[name]))

        ours, _ = seconds(work)
        draw = 1000 * ours / made[-1].ess
        print(f"{name:12}{'goodlib':12}{made[-1].ess:>12.0f}{ours:>14.3g}{draw:>16.3g}")
        each = [1000 * spent / float(size) for size in (high, low)]
        print(
            f"{name:12}{'NUTS':12}{low + '-' + high:>12}{spent:>14.3g}"
            f"{f'{each[0]:.1f}-{each[1]:.1f}':>16}"
            f"{f'{each[0] / draw:.0f}-{each[1] / draw:.0f}':>14}"
        )


def ask(python: str, which: str, folder: Path) -> dict[str, tuple[float, bool]]:
    """Runs a peer in its own environment."""
    command = [python, __file__, "--peer", which, str(folder)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"{which} did not finish: {error}\n{(error.stderr or '')[-800:]}")
        return {}
    return json.loads(done.stdout.strip().splitlines()[-1])


def shown(found: tuple[float, bool] | None) -> str:
    """Seconds with three digits."""
    return "" if found is None else f"{found[0]:.3g}" + (" (1x)" if found[1] else "")


def main(peers: list[str]) -> None:
    """Prints one table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bases = {"CDNOW": cdnow()} | {size: customers(n) for size, n in SIZES.items()}
        for base, summary in bases.items():
            if summary is not None:
                summary.to_csv(folder / f"{base}.csv", index=False)
        ours = run_goodlib(folder)
        theirs = ask(peers[0], "lifetimes", folder) if peers and peers[0] != "-" else {}
        print(f"{'CPU seconds':45}{'goodlib':>14}{'lifetimes':>14}{'ratio':>8}")
        for task, spent in ours.items():
            other = theirs.get(task)
            ratio = "" if other is None else f"{other[0] / spent[0]:.0f}"
            print(f"{task:45}{shown(spent):>14}{shown(other):>14}{ratio:>8}")
        for draws in (1000, 8000):
            own = [sys.executable, __file__, "--memory", str(folder / "1M.csv"), str(draws)]
            print(subprocess.run(own, capture_output=True, text=True, check=True).stdout, end="")
        if len(peers) > 1 and bases["CDNOW"] is not None:
            against_nuts(folder, peers[1])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest memory of the goodlib run: {memory:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        run = {"lifetimes": run_lifetimes, "pymc": run_pymc}[sys.argv[2]]
        print(json.dumps(run(Path(sys.argv[3]))))
    elif sys.argv[1:2] == ["--memory"]:
        memory(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(sys.argv[1:])
