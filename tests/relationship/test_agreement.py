"""Do the raters agree?"""

import krippendorff
import numpy as np
import pandas as pd
import pytest

from goodlib.relationship.agreement import krippendorff_alpha

N = np.nan
# Krippendorff (2011), "Computing Krippendorff's alpha-reliability": 4 observers x 12 units
OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
])  # fmt: skip


def long(matrix):
    """A matrix raters x units as one row a rating."""
    rater, unit = np.indices(matrix.shape)
    frame = pd.DataFrame(
        {"customer_id": unit.ravel(), "rater": rater.ravel(), "score": matrix.ravel()}
    )
    return frame.dropna()


# Published


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.7434), ("ordinal", 0.8154), ("interval", 0.8491), ("ratio", 0.7974)],
)
def test_four_observers_match_krippendorff_2011(level, alpha):
    found = krippendorff_alpha(long(OBSERVERS), level, draws=0)
    assert found.loc["all", "alpha"] == pytest.approx(alpha, abs=5e-5)


# Oracle


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_random_ratings_with_gaps_match_the_krippendorff_package(level):
    random = np.random.default_rng(3)
    matrix = random.integers(1, 6, (5, 40)).astype(float)
    matrix[random.random(matrix.shape) < 0.4] = np.nan
    found = krippendorff_alpha(long(matrix), level, draws=0).loc["all", "alpha"]
    expected = krippendorff.alpha(reliability_data=matrix, level_of_measurement=level)
    assert found == pytest.approx(expected, abs=1e-12)


# Laws


def test_order_of_rows_and_names_of_raters_do_not_matter():
    frame = long(OBSERVERS)
    other = frame.sample(frac=1, random_state=1)
    other["rater"] = other["rater"].map({0: "d", 1: "a", 2: "c", 3: "b"})
    pd.testing.assert_frame_equal(
        krippendorff_alpha(frame, "ordinal", draws=0), krippendorff_alpha(other, "ordinal", draws=0)
    )


def test_words_on_a_scale_are_their_ranks():
    frame = long(OBSERVERS)
    words = ["bad", "poor", "fair", "good", "best"]
    spoken = frame.assign(score=[words[int(s) - 1] for s in frame["score"]])
    found = krippendorff_alpha(spoken, "ordinal", scale=words, draws=0)
    assert found.loc["all", "alpha"] == pytest.approx(0.8154, abs=5e-5)


def test_bootstrap_covers_the_alpha_of_the_population():
    random = np.random.default_rng(5)

    def sample(units):
        truth = random.normal(0, 1, units)
        matrix = np.round(truth + random.normal(0, 0.8, (3, units)))
        return long(np.clip(matrix, -2, 2) + 3)

    truth = krippendorff_alpha(sample(40_000), "interval", draws=0).loc["all", "alpha"]
    inside = 0
    for seed in range(100):
        found = krippendorff_alpha(sample(60), "interval", draws=300, seed=seed).loc["all"]
        inside += found["lower"] <= truth <= found["upper"]
    assert 84 <= inside <= 99  # the percentile bootstrap is a little short with 60 units


def test_leaving_out_the_odd_rater_raises_alpha():
    truth = np.tile(np.arange(1.0, 6.0), 6)
    odd = truth[::-1]
    frame = long(np.vstack([truth, truth, truth, odd]))
    found = krippendorff_alpha(frame, "ordinal", draws=0, without=True)["alpha"]
    assert found.idxmax() == 3
    assert found[3] == 1.0


# Refusals


def test_no_second_opinion_is_refused():
    frame = pd.DataFrame({"customer_id": [1, 2, 3], "rater": ["a"] * 3, "score": [1, 2, 3]})
    with pytest.raises(ValueError, match="none of 3 has them"):
        krippendorff_alpha(frame, "ordinal")


def test_scores_that_do_not_vary_are_refused():
    frame = pd.DataFrame({"customer_id": [1, 1], "rater": ["a", "b"], "score": [3, 3]})
    with pytest.raises(ValueError, match="nothing varies: all 2 paired scores"):
        krippendorff_alpha(frame, "ordinal")


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="'cardinal' was given"):
        krippendorff_alpha(long(OBSERVERS), "cardinal")


def test_words_without_a_scale_are_refused():
    frame = pd.DataFrame({"customer_id": [1, 1], "rater": ["a", "b"], "score": ["ok", "good"]})
    with pytest.raises(ValueError, match="need their `scale`"):
        krippendorff_alpha(frame, "ordinal")
