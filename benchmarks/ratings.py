"""Ratings with known truth: do severities and relationships come back, do the intervals cover?

    python benchmarks/ratings.py                 # every table (about three CPU minutes)
    python benchmarks/ratings.py recovery scale  # some of them

The tables stand in docs/ratings.md.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pandas as pd

from goodlib.history import demo
from goodlib.relationship.agreement import krippendorff_alpha
from goodlib.relationship.evidence import evidence, strained
from goodlib.relationship.interaction import read_log
from goodlib.relationship.rating import RatingModel

SCALE = [1, 2, 3, 4, 5]
THRESHOLDS = np.array([-2.5, -1.0, 0.6, 2.2])


def ratings(
    seed: int,
    customers: int = 60,
    raters: int = 6,
    overlap: int = 3,
    items: int = 2,
    dates: int = 1,
    severity: float = 1.0,
    view: float = 0.7,
    day: float = 0.0,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Scores 1 to 5, the true relationships (sd 1) and the true severities."""
    random = np.random.default_rng(seed)
    good, strict = random.normal(0, 1, customers), random.normal(0, severity, raters)
    pick = np.argsort(random.random((customers, raters)), axis=1)[:, :overlap]
    customer = np.repeat(np.arange(customers), overlap)
    pair = pd.DataFrame({"customer_id": customer, "rater": pick.ravel()})
    pair["eta"] = good[customer] - strict[pair["rater"]] + random.normal(0, view, len(pair))
    frame = pair.merge(pd.DataFrame({"visit": range(dates)}), how="cross")
    frame["eta"] += random.normal(0, day, len(frame)) if day else 0.0
    frame = frame.merge(pd.DataFrame({"item": range(items)}), how="cross")
    hard = np.linspace(-0.5, 0.5, items) if items > 1 else np.zeros(1)
    impression = frame["eta"] - hard[frame["item"]] + random.logistic(size=len(frame))
    frame["score"] = 1 + np.searchsorted(THRESHOLDS, impression)
    frame["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(90 * frame["visit"], "D")
    return frame.drop(columns=["eta", "visit"]), good, strict


def trial(seed: int, design: dict, **options) -> dict[str, float]:
    frame, good, strict = ratings(seed, **design)
    began = time.process_time()
    found = RatingModel(frame, SCALE, **options).fit()
    spent = time.process_time() - began
    known = found.customers
    truth = good[known.index.to_numpy(int)]
    out = {"cpu_s": spent, "refused": float(not found.adjusted)}
    out["r_customer"] = np.corrcoef(known["relationship"], truth)[0, 1]
    mean = frame.groupby("customer_id")["score"].mean()
    out["r_of_mean"] = np.corrcoef(mean, good[mean.index])[0, 1]
    z = np.abs(truth - known["relationship"]) / known["sd"]
    out["cover_80"], out["cover_95"] = (z < 1.2816).mean(), (z < 1.96).mean()
    if found.adjusted:
        rated = found.raters
        true = strict[rated.index.to_numpy(int)]
        out["r_severity"] = np.corrcoef(rated["severity"], true)[0, 1]
        out["severity_cover_80"] = (np.abs(true - rated["severity"]) < 1.2816 * rated["sd"]).mean()
    return out


def table(designs: dict[str, tuple[dict, dict]], trials: int = 40) -> pd.DataFrame:
    rows = {}
    for name, (design, options) in designs.items():
        runs = pd.DataFrame([trial(1000 + s, design, **options) for s in range(trials)])
        rows[name] = runs.mean()
    return pd.DataFrame(rows).T.round(3)


def recovery() -> None:
    """D1's design: 60 customers, 6 raters, severity sd 1; two items, own views sd 0.7."""
    print(table({f"{k} raters a customer": ({"overlap": k}, {}) for k in (3, 2, 1)}).to_string())


def coverage() -> None:
    """Other designs, all with views of sd 0.7."""
    many = {"customers": 200, "raters": 12, "overlap": 2}
    designs = {
        "one item": ({"items": 1}, {}),
        "three visits, days of sd 0.5": ({"dates": 3, "day": 0.5}, {}),
        "200 customers, 12 raters, 2 each": (many, {}),
        "the same, plain maximum likelihood": (many, {"avoid_boundary": False}),
        "the same, centrality estimated": (many, {"central": True}),
        "one rater alone, reliability .5": ({"raters": 1, "overlap": 1}, {}),
        "a rater each of 6, reliability .5": ({"overlap": 1}, {}),
        "a rater each of 6, severity sd .5": ({"overlap": 1, "severity": 0.5}, {}),
    }
    print(table(designs).to_string())


def scale() -> None:
    """75,000 ratings by 3,000 raters of 1,100 customers."""
    random = np.random.default_rng(1)
    n = 75_000
    good, strict = random.normal(0, 1, 1100), random.normal(0, 1, 3000)
    frame = pd.DataFrame(
        {"customer_id": random.integers(0, 1100, n), "rater": random.integers(0, 3000, n)}
    )
    eta = good[frame["customer_id"]] - strict[frame["rater"]] + random.logistic(size=n)
    frame["score"] = 1 + np.searchsorted(THRESHOLDS, eta)
    began = time.process_time()
    found = RatingModel(frame, SCALE).fit()
    spent = time.process_time() - began
    known, rated = found.customers, found.raters
    z = np.abs(good[known.index] - known["relationship"]) / known["sd"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    r = np.corrcoef(rated["severity"], strict[rated.index])[0, 1]
    whole = time.process_time() - began
    print(f"fit {spent:.1f} CPU s, with customers and raters {whole:.1f}; peak {peak:.2f} GB")
    print(f"severity r {r:.3f}; 80 % intervals of customers cover {(z < 1.2816).mean():.3f}")


def agreement() -> None:
    """Percentile bootstrap of alpha: does the 95 % interval hold the population's alpha?"""
    random = np.random.default_rng(5)

    def sample(units: int) -> pd.DataFrame:
        truth = random.normal(0, 1, units)
        matrix = np.clip(np.round(truth + random.normal(0, 0.8, (3, units))), -2, 2) + 3
        rater, unit = np.indices(matrix.shape)
        columns = {"customer_id": unit.ravel(), "rater": rater.ravel(), "score": matrix.ravel()}
        return pd.DataFrame(columns)

    for level in ("ordinal", "interval"):
        truth = krippendorff_alpha(sample(100_000), level, draws=0).loc["all", "alpha"]
        for units in (30, 60, 200):
            inside = []
            for seed in range(300):
                row = krippendorff_alpha(sample(units), level, draws=300, seed=seed).loc["all"]
                inside.append(row["lower"] <= truth <= row["upper"])
            print(f"{level}, {units} customers: alpha {truth:.3f}, covered {np.mean(inside):.3f}")


def log() -> None:
    """Strained clients planted in simulated firms: found, and called so beside them."""
    rows = []
    for seed in (demo.SEED, *range(1, 13)):
        firm = demo.simulate(seed)
        truth = firm.truth["clients"].set_index("customer_id")
        found = strained(evidence(read_log(firm.tables["interactions"], "2025-12-31")))
        planted = set(truth.index[truth["character"] == "strained"])
        others = truth["relationship"].reindex([c for c in found if c not in planted])
        low = truth["relationship"].quantile(0.2)
        rows.append(
            (seed, len(planted), len(planted & set(found)), len(others), (others < low).sum())
        )
    columns = ["seed", "planted", "found", "others", "others_in_lowest_fifth"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False))


TABLES = {f.__name__: f for f in (recovery, coverage, scale, agreement, log)}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        print(f"\n{name}: {TABLES[name].__doc__}")
        TABLES[name]()
