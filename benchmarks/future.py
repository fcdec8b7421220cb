"""CPU seconds and memory of joint draws: python benchmarks/future.py CUSTOMERS DRAWS [model].

A simulated BG/NBD base observed for a year, daily histories in weeks; the fit is not timed, the
posterior is.
"""

import resource
import sys
import time

import numpy as np
import pandas as pd

from goodlib import BetaGeoNBD, GammaGamma, ParetoNBD, simulate_future

MODELS = {"BetaGeoNBD": BetaGeoNBD, "ParetoNBD": ParetoNBD}


def base(customers: int, seed: int = 1) -> pd.DataFrame:
    """A summary like CDNOW's: r .25, alpha 4.4, a .8, b 2.4, mean spend about 35."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(0.25, 1 / 4.4, customers), rng.beta(0.8, 2.4, customers)
    T = rng.integers(7, 365, customers) / 7
    purchases = np.minimum(rng.poisson(rate * T), rng.geometric(leave))
    recency = np.where(purchases > 0, T * rng.beta(np.maximum(purchases, 1), 1.0), 0.0)
    recency = np.where(purchases > 0, np.maximum(np.round(recency * 7), 1) / 7, 0.0)
    amounts = 6.25 / rng.gamma(3.74, 1 / 15.44, customers)
    columns = {"frequency": purchases, "recency": np.minimum(recency, T), "T": T}
    index = pd.RangeIndex(customers, name="customer_id")
    frame = pd.DataFrame(columns, index=index)
    return frame.assign(monetary_value=np.where(purchases > 0, amounts, np.nan))


def main() -> None:
    """Prints one line."""
    customers, draws = int(sys.argv[1]), int(sys.argv[2])
    model = MODELS[sys.argv[3] if len(sys.argv) > 3 else "BetaGeoNBD"]
    summary = base(customers)
    purchases, spend = model(summary).fit(), GammaGamma(summary).fit()
    start = time.process_time()
    future = simulate_future(purchases, spend, 39, draws, 1)
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{model.__name__} {customers:,} customers x {draws:,} draws: {used:.1f} CPU s, "
        f"peak {peak:,.0f} MB, active {future.customers['p_active'].mean():.2f}"
    )


if __name__ == "__main__":
    main()
