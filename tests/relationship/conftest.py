"""Ratings with known truth, for the tests of this room."""

import numpy as np
import pandas as pd
import pytest

THRESHOLDS = np.array([-2.5, -1.0, 0.6, 2.2])


def simulate_ratings(
    seed, customers=60, raters=6, overlap=3, items=2, dates=1, view=0.7, day=0.0, severity=1.0
):
    """Ratings on 1..5, the customers' true relationships and the raters' true severities."""
    random = np.random.default_rng(seed)
    good = pd.Series(random.normal(0, 1, customers), [f"C{i:03d}" for i in range(customers)])
    strict = pd.Series(random.normal(0, severity, raters), [f"R{r}" for r in range(raters)])
    hard = np.linspace(-0.5, 0.5, items) if items > 1 else np.zeros(1)
    rows = []
    for name in good.index:
        for rater in random.choice(strict.index, overlap, replace=False):
            own = random.normal(0, view)
            for visit in range(dates):
                today = random.normal(0, day) if day else 0.0
                for item, difficulty in enumerate(hard):
                    eta = good[name] - strict[rater] - difficulty + own + today
                    score = 1 + int((eta + random.logistic() > THRESHOLDS).sum())
                    date = pd.Timestamp("2024-01-01") + pd.Timedelta(days=90 * visit)
                    rows.append((name, rater, f"item {item}", date, score))
    columns = ["customer_id", "rater", "item", "date", "score"]
    return pd.DataFrame(rows, columns=columns), good, strict


@pytest.fixture(scope="session")
def rated():
    """60 customers, 6 raters, three raters a customer, two items."""
    return simulate_ratings(1)
