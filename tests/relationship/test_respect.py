"""What the log says beyond chance, and where the two sides differ."""

import numpy as np
import pandas as pd
import pytest

from goodlib.relationship.gap import gap, misjudging
from goodlib.relationship.rating import RatingModel
from goodlib.relationship.respect import contradictions, respect

from .conftest import simulate_ratings

SCALE = [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def fitted():
    ratings, good, _ = simulate_ratings(11, customers=120)
    return RatingModel(ratings, SCALE).fit(), good


def told(good, noise, seed=1):
    """Two signals: one that follows the truth with noise, one that is noise."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": good + noise * random.normal(size=len(good))})
    return frame.assign(b=random.normal(size=len(good))).rename_axis("customer_id")


# Laws


def test_a_log_that_tells_helps_and_its_signal_has_the_weight(fitted):
    relation, good = fitted
    found = respect(told(good, 0.5), relation)
    assert found.helps
    assert found.weights["a"] > 3 * abs(found.weights["b"])
    assert found.customers.corr(good) > 0.8


def test_a_log_of_noise_adds_nothing():
    helped = 0
    for seed in range(10):
        ratings, good, _ = simulate_ratings(40 + seed, customers=60, items=1)
        relation = RatingModel(ratings, SCALE).fit()
        helped += respect(told(0 * good, 1.0, seed), relation).helps
    assert helped <= 1


def test_without_ratings_the_signals_count_alike(fitted):
    _, good = fitted
    found = respect(told(good, 0.5), None)
    assert found.n == 0
    assert found.weights.tolist() == [0.5, 0.5]
    assert found.customers.std(ddof=0) == pytest.approx(1.0)


def test_a_planted_contradiction_is_the_widest(fitted):
    relation, good = fitted
    frame = told(good, 0.3)
    best = relation.customers["relationship"].idxmax()
    frame.loc[best, "a"] = -4.0
    widest = contradictions(respect(frame, relation), relation)
    assert widest.index[0] == best
    assert widest["contradiction"].iloc[0] > 2.0


def test_a_gap_of_nothing_is_covered_and_one_of_a_point_is_seen():
    ratings, _, _ = simulate_ratings(77, customers=100)
    staff = RatingModel(ratings, SCALE).fit()
    again, _, _ = simulate_ratings(77, customers=100, overlap=5)
    found = gap(staff, RatingModel(again, SCALE).fit(), draws=400, seed=1)
    assert ((found["lower_80"] < 0) & (found["upper_80"] > 0)).mean() > 0.7
    kinder = again.assign(score=(again["score"] + 1).clip(upper=5))
    found = gap(staff, RatingModel(kinder, SCALE).fit(), draws=400, seed=1)
    assert -1.0 < found["gap"].mean() < -0.4
    assert (found["p_better"] < 0.5).mean() > 0.8


def test_response_surface_finds_that_misjudging_costs():
    random = np.random.default_rng(2)
    staff, client = (pd.Series(random.normal(3, 1, 400)) for _ in range(2))
    growth = -0.5 * (staff - client) ** 2 + random.normal(0, 0.5, 400)
    row = misjudging(staff, client, growth).loc["curvature of misjudging"]
    # (s - c)^2 = s^2 - 2 s c + c^2, so b3 - b4 + b5 = -0.5 (1 + 2 + 1) = -2
    assert row["lower_80"] < -2.0 < row["upper_80"]
    assert row["upper_80"] < 0


# Refusals


def test_a_surface_on_few_customers_is_refused():
    few = pd.Series(range(20), dtype=float)
    with pytest.raises(ValueError, match="needs 50 customers .* 20 have them"):
        misjudging(few, few, few)


def test_a_gap_without_common_customers_is_refused(fitted):
    relation, _ = fitted
    other = relation.model.ratings.assign(customer_id="D" + relation.model.ratings["customer_id"])
    with pytest.raises(ValueError, match="none is in both"):
        gap(relation, RatingModel(other, SCALE).fit(), draws=10, seed=1)
