"""Backtests of every method on real histories and the demo; prints the tables of docs/backtest.md.

    python benchmarks/backtest.py FOLDER [history ...]

FOLDER holds the optional real data (cdnow/, worldbank/, online_retail/); histories are worldbank,
cdnow, retail, demo.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from goodlib.value.backtest import Backtest, backtest

ROOT = Path(__file__).resolve().parent.parent
CASES = {
    "cdnow": ("W", [("1997-06-30", 26), ("1997-09-30", 39), ("1997-12-30", 26)]),
    "worldbank": (
        "M",
        [
            ("2004-12-31", 60),
            ("2009-12-31", 60),
            ("2014-12-31", 60),
            ("1994-12-31", 60),
            ("1999-12-31", 60),
            ("2017-06-30", 60),
            ("2019-06-30", 60),
        ],
    ),
    "retail": ("W", [("2011-06-09", 26), ("2011-09-08", 13)]),
    "demo": ("W", [("2022-12-31", 52), ("2023-12-31", 52), ("2024-12-31", 52)]),
}
COLUMNS = [
    *("hit_rate", "hit_rate_20", "value_captured", "auc_active", "bias", "spend_bias"),
    *("log_score", "crps", "pit_95", "promised", "realised", "purchases_in", "spend_in"),
]


def read(name: str, folder: Path) -> pd.DataFrame:
    """A history as customer_id, date, amount."""
    if name == "demo":
        frame = pd.read_csv(ROOT / "data/raw/demo/orders.csv", parse_dates=["invoiced"])
        columns = {"client": "customer_id", "invoiced": "date", "fee": "amount"}
        return frame.rename(columns=columns)[list(columns.values())]
    if name == "cdnow":
        frame = pd.read_parquet(folder / "cdnow/cdnow_master.parquet")
        return frame[["customer_id", "date", "amount"]]
    if name == "worldbank":
        frame = pd.read_parquet(folder / "worldbank/projects_2024-08-29.parquet")
        amount = frame["curr_total_commitment"].fillna(0) + frame["grantamt"].fillna(0)
        names = frame["countryname"].astype(str)
        found = pd.DataFrame({"customer_id": names, "date": frame["approval_date"]})
        return found.assign(amount=amount).dropna(subset=["date"])
    frame = pd.read_parquet(folder / "online_retail/online_retail.parquet").drop_duplicates()
    frame = frame[frame["CustomerID"].notna()]
    paid = frame["Quantity"] * frame["UnitPrice"]
    days = pd.DataFrame(
        {
            "customer_id": frame["CustomerID"].astype(str),
            "date": frame["InvoiceDate"].dt.normalize(),
            "amount": paid,
        }
    )
    days = days.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    return days[days["amount"] > 0]


def run(name: str, folder: Path) -> list[Backtest]:
    """One backtest a horizon."""
    orders = read(name, folder)
    unit, origins = CASES[name]
    found = []
    for horizon in dict.fromkeys(length for _, length in origins):
        chosen = [origin for origin, length in origins if length == horizon]
        found.append(backtest(orders, chosen, horizon, unit=unit, draws=400, seed=1))
    return found


def show(name: str, tables: pd.DataFrame, gaps: pd.DataFrame) -> None:
    """Means over origins, then the combination origin by origin, then paired differences."""
    means = tables.groupby("method")[COLUMNS].mean().sort_values("hit_rate", ascending=False)
    print(f"\n## {name}: mean over {tables['origin'].nunique()} origins\n")
    print(means.round(3).to_string(na_rep=""))
    widths = ["purchases_width", "spend_width", "customers"]
    own = tables[tables["method"] == "combination"].set_index("origin")
    print("\ncombination, by origin\n")
    print(own[[*COLUMNS, *widths]].round(3).to_string())
    pooled = gaps.groupby("method")[["difference", "lower", "upper"]].mean()
    print("\nhit rate of the combination less each other's (mean, mean 95 % interval)\n")
    print(pooled.round(3).to_string())


def main() -> None:
    """Runs the histories named, all by default."""
    warnings.simplefilter("ignore")
    pd.set_option("display.width", 250)
    folder = Path(sys.argv[1])
    everything = []
    for name in sys.argv[2:] or CASES:
        start = time.process_time()
        found = run(name, folder)
        tables = pd.concat([trial.table for trial in found])
        gaps = pd.concat([trial.differences for trial in found])
        show(name, tables, gaps)
        everything.append(tables.assign(history=name))
        print(f"\n{time.process_time() - start:.0f} CPU s", flush=True)
    summary = pd.concat(everything)
    print(
        "\n## coverage of totals, all origins (counts, spend), and median width of the log "
        "interval\n"
    )
    columns = ["purchases_in", "spend_in", "purchases_width", "spend_width"]
    totals = summary.dropna(subset=["purchases_in"]).groupby(["history", "method"])[columns].mean()
    print(totals.round(2).to_string())
    errors = summary.dropna(subset=["bias"]).groupby(["history", "method"])[["bias", "spend_bias"]]
    print("\n## RMS of the log error of totals (counts, spend)\n")
    print(errors.agg(lambda b: float(np.sqrt(np.mean(np.log1p(b) ** 2)))).round(3).to_string())


if __name__ == "__main__":
    main()
