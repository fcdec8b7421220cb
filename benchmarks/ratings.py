"""Ratings with known truth: do severities and relationships come back, do the intervals cover?

    python benchmarks/ratings.py                 # every table (about ten CPU minutes)
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
from goodlib.relationship.respect import respect
from goodlib.relationship.signal import signals, standardized

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


def trial(seed: int, design: dict, unit: float = 1.0, **options) -> dict[str, float]:
    """One firm; `unit` is what a latent point of the truth is in the model's unit."""
    frame, good, strict = (crowd if "n" in design else ratings)(seed, **design)
    began = time.process_time()
    found = RatingModel(frame, SCALE, **options).fit()
    known = found.customers
    out = {"cpu_s": time.process_time() - began, "refused": float(not found.adjusted)}
    truth = unit * good[known.index.to_numpy(int)]
    out["r_customer"] = np.corrcoef(known["relationship"], truth)[0, 1]
    mean = frame.groupby("customer_id")["score"].mean()
    out["r_of_mean"] = np.corrcoef(mean, good[mean.index])[0, 1]
    out["cover_80"] = inside(known, truth)
    out["cover_95"] = (np.abs(truth - known["relationship"]) < 1.96 * known["sd"]).mean()
    out["width"] = (known["upper_80"] - known["lower_80"]).mean()
    if found.adjusted:
        rated = found.raters
        true = unit * strict[rated.index.to_numpy(int)]
        out["r_severity"] = np.corrcoef(rated["severity"], true)[0, 1]
        out["severity_cover_80"] = inside(rated, true)
    return out


def inside(found: pd.DataFrame, truth: np.ndarray) -> float:
    return float(((found["lower_80"] < truth) & (truth < found["upper_80"])).mean())


def crowd(seed: int, n: int, raters: int, customers: int) -> tuple[pd.DataFrame, ...]:
    """Many raters who each rate whom they happen to meet."""
    random = np.random.default_rng(seed)
    good, strict = random.normal(0, 1, customers), random.normal(0, 1, raters)
    columns = {
        "customer_id": random.integers(0, customers, n),
        "rater": random.integers(0, raters, n),
    }
    frame = pd.DataFrame(columns)
    eta = good[frame["customer_id"]] - strict[frame["rater"]] + random.logistic(size=n)
    return frame.assign(score=1 + np.searchsorted(THRESHOLDS, eta)), good, strict


def table(designs: dict[str, tuple[dict, dict]], trials: int = 80) -> None:
    for name, (design, options) in designs.items():
        runs = range(trials if "n" not in design else 16)
        means = pd.DataFrame([trial(1000 + s, design, **options) for s in runs]).mean().round(3)
        print(f"{name}: {', '.join(f'{k} {v:g}' for k, v in means.items())}", flush=True)


def recovery() -> None:
    """D1's design: 60 customers, 6 raters, severity sd 1; two items, own views sd 0.7."""
    table({f"{k} raters a customer": ({"overlap": k}, {}) for k in (3, 2, 1)})


def coverage() -> None:
    """Other designs, all with views of sd 0.7 but the crowd."""
    many, alone = {"customers": 200, "raters": 12, "overlap": 2}, {"raters": 1, "overlap": 1}
    # with one item the views are part of the noise: sqrt(3.29 / (3.29 + 0.49)) of a point
    designs = {
        "one item": ({"items": 1}, {"unit": 0.933}),
        "three visits, days of sd 0.5": ({"dates": 3, "day": 0.5}, {}),
        "20 customers, 3 raters": ({"customers": 20, "raters": 3}, {}),
        "200 customers, 12 raters, 2 each": (many, {}),
        "the same, centrality estimated": (many, {"central": True}),
        "20,000 ratings, 800 raters, 300 customers": (
            {"n": 20_000, "raters": 800, "customers": 300}, {}
        ),
        "one rater alone, reliability .67 (true)": (alone, {"reliability": 0.67}),
        "one rater alone, reliability .5": (alone, {}),
        "a rater each of 6, reliability .5": ({"overlap": 1}, {}),
        "a rater each of 6, severity sd .5": ({"overlap": 1, "severity": 0.5}, {}),
    }  # fmt: skip
    table(designs)


def scale() -> None:
    """75,000 ratings by 3,000 raters of 1,100 customers."""
    found = trial(1, {"n": 75_000, "raters": 3000, "customers": 1100})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{', '.join(f'{k} {v:.3f}' for k, v in found.items())}; peak {peak:.2f} GB")


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
        events = read_log(firm.tables["interactions"], "2025-12-31")
        found = strained(evidence(events), standardized(signals(events)))
        planted = set(truth.index[truth["character"] == "strained"])
        others = truth["relationship"].reindex([c for c in found if c not in planted])
        low = truth["relationship"].quantile(0.2)
        rows.append(
            (seed, len(planted), len(planted & set(found)), len(others), (others < low).sum())
        )
    columns = ["seed", "planted", "found", "others", "others_in_lowest_fifth"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False))


def behavior(seed: int, clients: int, pieces: float) -> tuple[pd.DataFrame, pd.Series]:
    """A log that knows no story: how strained a client is only shifts how often things happen.

    Each client has a strain, standard normal. On the scale of log odds it moves how often work is
    dismissed without a word, answers fail to come, answers are chased, approved work is changed;
    on the log scale how long answers take; each by half, and beside it a habit of the client's own
    of the same size that has nothing to do with strain. Firms differ in all base rates.
    """
    random = np.random.default_rng([seed, 17])
    strain = pd.Series(random.normal(0, 1, clients), [f"K{i:03d}" for i in range(clients)])
    habit = random.normal(0, 0.5, (clients, 5))
    base = {
        "dismiss": random.uniform(-4.5, -3.0), "silent": random.uniform(-4.5, -3.5),
        "chase": random.uniform(-3.0, -1.5), "late": random.uniform(-3.0, -2.0),
        "wait": random.uniform(0.5, 2.0), "patience": random.uniform(1.0, 2.0),
    }  # fmt: skip
    rows = []

    def chance(name: str, i: int, k: int) -> bool:
        odds = base[name] + 0.8 * strain.iloc[i] + habit[i, k]
        return random.random() < 1.0 / (1.0 + np.exp(-odds))

    for i, name in enumerate(strain.index):
        for piece in range(1 + random.poisson(pieces * random.gamma(2.0, 0.5))):
            thread, day = f"{name}-{piece}", random.uniform(0, 1000)

            def act(day: float, side: str, kind: str, name=name, thread=thread) -> None:
                rows.append((name, day, side, kind, thread))

            def wait(i=i) -> float:
                slow = base["wait"] + 0.4 * strain.iloc[i] + habit[i, 4]
                return float(np.exp(slow + 0.9 * random.standard_normal()))

            act(day, "them", "request")
            ours = random.gamma(2.0, 4.0) + 0.5
            if chance("chase", i, 0):
                act(day + ours * random.uniform(0.05, 0.9), "them", "chase")
            day += ours
            act(day, "us", "deliverable")
            if chance("silent", i, 1):
                day += random.uniform(40, 250)
            day += wait()
            if chance("dismiss", i, 2):
                act(day, "them", "dismissal")
                act(day + 1, "us", "mail")
                day += 4
                act(day, "us", "deliverable")
                day += wait()
            elif random.random() < 0.4:
                act(day, "them", "comment" if random.random() < 0.5 else "edits")
                day += random.gamma(2.0, 1.5)
                act(day, "us", "deliverable")
                day += wait()
            act(day, "them", "approval")
            if chance("late", i, 3):
                act(day + random.uniform(1, 20), "them", "edits")
                day += 22
                act(day, "us", "deliverable")
            act(day + 2 + 20 * random.random(), "them", "payment")
    log = pd.DataFrame(rows, columns=["customer_id", "time", "side", "kind", "thread"])
    log = log[log["time"] < 1096].reset_index(drop=True)
    log["time"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(log["time"], "D")
    return log, strain[strain.index.isin(log["customer_id"])]


def strain(firms: int = 12) -> None:
    """Graded strain without a story: who is called strained, and does the order come back?"""
    rows = []
    for clients, pieces in ((40, 8), (150, 8), (150, 3), (400, 5)):
        for seed in range(100, 100 + firms):  # the rule was chosen looking at others
            events, truth = behavior(seed, clients, pieces)
            log = read_log(events, "2025-12-31")
            told = standardized(signals(log))
            found, heard = strained(evidence(log), told), respect(told, None).customers
            rank = truth.rank(pct=True)
            called = pd.Series(truth.index.isin(found), truth.index)
            tertile = [called[(rank > a) & (rank <= a + 1 / 3)].mean() for a in (0, 1 / 3, 2 / 3)]
            worst = called[rank > 0.9].mean()
            r = truth.corr(-heard.reindex(truth.index), method="spearman")
            rows.append((clients, pieces, called.sum() / len(truth), *tertile, worst, r))
    columns = "clients pieces called low_third middle_third high_third worst_tenth order".split()
    frame = pd.DataFrame(rows, columns=columns)
    print(frame.groupby(["clients", "pieces"]).mean().round(3).to_string())


TABLES = {f.__name__: f for f in (recovery, coverage, scale, agreement, log, strain)}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        print(f"\n{name}: {TABLES[name].__doc__}")
        TABLES[name]()
