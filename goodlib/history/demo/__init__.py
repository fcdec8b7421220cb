"""A simulated professional-services firm, with the truth behind it.

Six years of a small consultancy. Clients come and go (latent rates and lifetimes as in Pareto/NBD,
fees as in Gamma-Gamma, season and level of the whole base on top), six partners who differ in
severity rate some of them, a log says how they work together, some send others, and some are still
thinking about it. Latent value and relationship go together only weakly. Nothing in it is real.

Each table has its own stream of random numbers. What a real firm never sees is kept beside it
(`Firm.truth`): notebooks never read it, tests do.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from goodlib.history.demo import cast
from goodlib.history.demo.business import clients, efforts, orders, prospects, referrals, services
from goodlib.history.demo.calendar import curve
from goodlib.history.demo.relations import characters, interactions, ratings
from goodlib.history.demo.rubric import benefit, rubric

SEED = 2025
PEOPLE = ["customer_id", "name", "since", "industry", "size", "city", "owner"]
LATENT = [
    "customer_id",
    "character",
    "relationship",
    "rate_per_week",
    "leaves_after_days",
    "mean_fee",
    "margin",
    "good_for_others",
]
TALKS = ["prospect_id", "name", "first_contact", "stage", "expected_value"]
TALKS += ["outcome", "outcome_date", "industry", "source", "customer_id"]


class Firm(NamedTuple):
    """A simulated firm."""

    tables: dict[str, pd.DataFrame]
    """What the firm has in its files, in its own column names: orders, customers, ratings, ..."""
    truth: dict[str, pd.DataFrame]
    """What it cannot know: clients, raters, prospects, referrals, calendar, next year's orders."""


def simulate(seed: int = SEED) -> Firm:
    """The firm of that seed: its tables, and the truth behind them.

    Parameters
    ----------
    seed : int
        The same seed gives the same firm, to the last cent.

    Returns
    -------
    Firm
        `tables` (orders, customers, ratings, rubric, interactions, referrals, prospects, efforts,
        services) and `truth` (clients, raters, prospects, referrals, calendar, future).
    """
    funnel = prospects(seed)
    base = clients(seed, funnel)
    invoices, future = orders(seed, base)
    base = benefit(seed, characters(base, invoices))
    sent = referrals(seed, base, invoices, funnel)
    scores, raters = ratings(seed, base, invoices)
    friends = [(f"F{i + 1:02d}", name) for i, name in enumerate(cast.FRIENDS)]
    people = pd.concat([base[PEOPLE], pd.DataFrame(friends, columns=["customer_id", "name"])])
    tables = {
        "orders": invoices.drop(columns="day"),
        "customers": people.fillna({"size": "friend of the house"}),
        "ratings": scores,
        "rubric": rubric(seed, base, invoices),
        "interactions": interactions(seed, base, invoices),
        "referrals": sent[["referrer_id", "referred_id", "date", "would_have_come_anyway"]],
        "prospects": funnel[TALKS],
        "efforts": efforts(seed, base, invoices),
        "services": services(),
    }
    truth = {
        "clients": base[LATENT],
        "raters": raters,
        "prospects": funnel[["prospect_id", "never", "closes"]],
        "referrals": sent[["referrer_id", "referred_id", "truth"]],
        "calendar": curve()[["date", "season", "level", "fee_index"]].iloc[::7],
        "future": future.drop(columns="day"),
    }
    return Firm(tables, truth)


def write(folder: str | Path, seed: int = SEED) -> list[Path]:
    """Writes the firm as CSV files: `<folder>/demo` (its tables) and `<folder>/demo-truth`."""
    firm = simulate(seed)
    written = []
    for name, frames in (("demo", firm.tables), ("demo-truth", firm.truth)):
        target = Path(folder) / name
        target.mkdir(parents=True, exist_ok=True)
        for table, frame in frames.items():
            written.append(target / f"{table}.csv")
            frame.to_csv(written[-1], index=False, lineterminator="\n", encoding="utf-8")
    return written
