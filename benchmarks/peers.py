"""Answers of lifetimes 0.11.3 to the histories of tests/value/peers: makes lifetimes.csv there.

    python benchmarks/peers.py        # in the environment of locks/bench.txt

pymc-marketing prints the same answers in its own tests.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from lifetimes import (
    BetaGeoBetaBinomFitter,
    BetaGeoFitter,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
)

warnings.simplefilter("ignore")
HERE = Path(__file__).parents[1] / "tests" / "value" / "peers"
PARAMS = {
    "BetaGeoNBD": (BetaGeoFitter, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}),
    "ModifiedBetaGeoNBD": (
        ModifiedBetaGeoFitter,
        {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    ),
    "ParetoNBD": (ParetoNBDFitter, {"r": 0.5534, "alpha": 10.5802, "s": 0.6061, "beta": 11.6562}),
}
GIFTS = {"alpha": 1.2035, "beta": 0.7497, "gamma": 0.6567, "delta": 2.7834}


def main() -> None:
    """One row an answer, ten digits."""
    histories = pd.read_csv(HERE / "histories.csv")
    x, recency, T = histories.to_numpy().T / [[1], [7], [7]]
    rows = []

    def keep(model: str, quantity: str, n: int, t: float, values: np.ndarray) -> None:
        for place, value in enumerate(np.ravel(values)):
            rows.append((model, quantity, n, t, place, f"{value:.10g}"))

    for name, (fitter, params) in PARAMS.items():
        fit = fitter()
        fit.params_ = pd.Series(params)
        keep(name, "p_alive", 0, 0, fit.conditional_probability_alive(x, recency, T))
        for t in (1, 3, 6):
            grown = fit.conditional_expected_number_of_purchases_up_to_time(t, x, recency, T)
            keep(name, "expected", 0, t, grown)
            keep(name, "expected_new", 0, t, fit.expected_number_of_purchases_up_to_time(t))
        if name == "ParetoNBD":
            for n, t in ((0, 1), (1, 1), (2, 2)):
                chance = fit.conditional_probability_of_n_purchases_up_to_time
                keep(name, "chance", n, t, chance(n, t, x, recency, T))
        else:
            chance = fit.probability_of_n_purchases_up_to_time
            for n in range(5):
                keep(name, "chance_new", n, 2, chance(t=2, n=n))
    cells = [(0, 0), *((c, last) for last in range(1, 7) for c in range(1, last + 1))]
    count, last = np.array(cells).T
    fit = BetaGeoBetaBinomFitter()
    fit.params_ = pd.Series(GIFTS)
    six = np.full(len(cells), 6)
    for t in (1, 3, 6):
        grown = fit.conditional_expected_number_of_purchases_up_to_time(t, count, last, six)
        keep("BetaGeoBetaBinomial", "expected", 0, t, grown)
        alive = fit.conditional_probability_alive(t, count, last, six)
        keep("BetaGeoBetaBinomial", "p_alive", 0, t, alive)
    columns = ["model", "quantity", "n", "t", "row", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(HERE / "lifetimes.csv", index=False)


if __name__ == "__main__":
    main()
