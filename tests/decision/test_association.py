"""Two orderings of the same customers."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from goodlib.decision.association import (
    members,
    pairs,
    rank_biased_overlap,
    square_tests,
    top_overlap,
    weighted_kappa,
)

VISION = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]

# Published


def test_income_and_satisfaction_match_agresti():
    found = pairs(*members([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]]))
    assert (found.concordant, found.discordant) == (1331, 849)
    assert found.gamma == pytest.approx(0.2211, abs=5e-5)
    assert found.tau_b == pytest.approx(0.1524, abs=5e-5)
    assert found.somers_d == pytest.approx(0.1417, abs=5e-5)


def test_vision_matches_stuart():
    tests = square_tests(VISION)["statistic"]
    assert tests["Bowker"] == pytest.approx(19.107, abs=5e-4)
    assert tests["Stuart-Maxwell"] == pytest.approx(11.957, abs=5e-4)
    assert tests["Bhapkar"] == pytest.approx(11.976, abs=5e-4)


@pytest.mark.parametrize(
    ("table", "weights", "expected"),
    [
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], "none", 0.4842),
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], "linear", 0.4701),
        ([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]], "none", 0.1293),
        ([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]], "linear", 0.2374),
        ([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]], "quadratic", 0.3320),
    ],
)
def test_kappa_matches_published_tables(table, weights, expected):
    assert weighted_kappa(table, weights) == pytest.approx(expected, abs=5e-5)


# Oracle


def test_pairs_equal_a_count_of_all_pairs():
    random = np.random.default_rng(3)
    x, y = random.integers(0, 5, 40), random.integers(0, 4, 40)
    signs = np.sign(np.subtract.outer(x, x)) * np.sign(np.subtract.outer(y, y))
    upper = signs[np.triu_indices(40, 1)]
    found = pairs(x, y)
    assert (found.concordant, found.discordant) == ((upper > 0).sum(), (upper < 0).sum())
    assert found.somers_d == pytest.approx(stats.somersd(x, y).statistic)
    assert found.tau_b == pytest.approx(stats.kendalltau(x, y).statistic)


def test_overlap_equals_the_mean_over_all_ways_to_break_the_ties():
    x, y, p = [3, 2, 2, 1, 0], [1, 1, 1, 0, 2], 0.8

    def orders(values):
        ties = [[i for i, v in enumerate(values) if v == level] for level in sorted(set(values))]
        for parts in product(*(permutations(group) for group in reversed(ties))):
            yield [i for part in parts for i in part]

    def naive(first, second):
        n = len(first)
        shares = [len(set(first[:d]) & set(second[:d])) / d for d in range(1, n + 1)]
        return (1 - p) * sum(p ** (d - 1) * s for d, s in enumerate(shares, 1)) + p**n * shares[-1]

    every = [naive(a, b) for a in orders(x) for b in orders(y)]
    assert rank_biased_overlap(x, y, p) == pytest.approx(np.mean(every), abs=1e-12)


def test_kappa_without_weights_is_that_of_statsmodels():
    assert weighted_kappa(VISION, "none") == cohens_kappa(VISION, return_results=False)


# Laws


def test_an_ordering_agrees_with_itself_and_opposes_its_reverse():
    x = np.random.default_rng(1).normal(size=50)
    assert pairs(x, np.exp(x)).tau_b == pytest.approx(1)
    assert pairs(x, -x).gamma == pytest.approx(-1)
    assert rank_biased_overlap(x, x, 0.9) == pytest.approx(1)
    assert rank_biased_overlap(x, -x, 0.9) < 0.1
    assert top_overlap(x, x, 0.2) == 1
    assert top_overlap(x, -x, 0.2) == 0


def test_a_constant_ordering_has_no_association():
    found = pairs(np.ones(5), np.arange(5))
    assert np.isnan([found.tau_b, found.gamma, found.somers_d]).all()
    assert top_overlap(np.ones(10), np.arange(10), 0.2) == pytest.approx(0.2)


def test_tiers_between_which_nobody_moves_do_not_count():
    tests = square_tests([[5, 3, 0], [1, 6, 0], [0, 0, 0]])
    assert tests.loc["Bowker", "df"] == 1
    assert tests.loc["Bowker", "statistic"] == pytest.approx((3 - 1) ** 2 / (3 + 1))
    assert tests.loc["Stuart-Maxwell", "df"] == 1


# Refusals


def test_orderings_of_different_customers_are_refused():
    with pytest.raises(ValueError, match=r"one number a customer each: \(3,\) and \(2,\)"):
        pairs([1, 2, 3], [1, 2])


def test_missing_places_are_refused_with_their_count():
    with pytest.raises(ValueError, match="1 of 3 customers lack one"):
        pairs([1, np.nan, 3], [1, 2, 3])


def test_tables_that_are_not_square_and_unknown_weights_are_refused():
    with pytest.raises(ValueError, match=r"square.*\(1, 2\)"):
        square_tests([[1, 2]])
    with pytest.raises(ValueError, match="one of linear, quadratic, none, got 'cubic'"):
        weighted_kappa(VISION, "cubic")


@pytest.mark.parametrize("p", [0, 1, 1.5])
def test_patience_outside_its_range_is_refused(p):
    with pytest.raises(ValueError, match="p must lie between 0 and 1"):
        rank_biased_overlap([1, 2], [2, 1], p)
