"""Do the raters agree?"""

import krippendorff
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from goodlib.relationship.agreement import icc, krippendorff_alpha, pairwise, weighted_kappa

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


# Shrout & Fleiss (1979), table 2: six targets, four judges
JUDGES = np.array([
    [9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7],
]).T.astype(float)  # fmt: skip


def test_six_targets_match_shrout_fleiss_1979():
    expected = [0.1657, 0.2898, 0.7148, 0.4428, 0.6201, 0.9093]
    np.testing.assert_allclose(icc(long(JUDGES))["icc"], expected, atol=5e-5)


# Fleiss (1971): how many of six psychiatrists gave each of five diagnoses to each of 30 patients
DIAGNOSES = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050
02031 00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""


def test_psychiatric_diagnoses_match_fleiss_1971():
    counts = np.array([[int(n) for n in word] for word in DIAGNOSES.split()])
    rows = [
        (patient, doctor, diagnosis)
        for patient, row in enumerate(counts)
        for doctor, diagnosis in enumerate(np.repeat(np.arange(5), row))
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "score"])
    found = krippendorff_alpha(frame, "nominal", draws=0).loc["all", "alpha"]
    assert found == pytest.approx(0.43341, abs=5e-6)
    assert fleiss_kappa(counts) == pytest.approx(0.4302445, abs=5e-8)


@pytest.mark.parametrize(
    ("weights", "kappa", "sd"),
    [(None, 0.4842, 0.1380), ("linear", 0.4701, 0.1457)],
)
def test_three_words_match_the_sas_manual(weights, kappa, sd):
    found = weighted_kappa(np.array([[0, 4, 1], [0, 8, 0], [0, 1, 5]]), weights)
    np.testing.assert_allclose(found, (kappa, sd), atol=5e-5)


@pytest.mark.parametrize(
    ("weights", "kappa", "sd"),
    [(None, 0.1293, 0.0686), ("linear", 0.2374, 0.0783), ("quadratic", 0.3320, None)],
)
def test_four_words_match_the_reference(weights, kappa, sd):
    table = np.array([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]])
    found = weighted_kappa(table, weights)
    assert found[0] == pytest.approx(kappa, abs=5e-5)
    assert sd is None or found[1] == pytest.approx(sd, abs=5e-5)


# Oracle


def test_variance_components_of_a_table_with_gaps_match_the_written_out_sums_of_squares():
    random = np.random.default_rng(6)
    matrix = (
        random.normal(0, 1, (1, 25)) + random.normal(0, 0.7, (5, 1)) + random.normal(0, 1, (5, 25))
    )
    matrix[random.random(matrix.shape) < 0.35] = np.nan
    frame = long(matrix)
    y = frame["score"].to_numpy()
    c, r = (pd.get_dummies(frame[k]).to_numpy(float) for k in ("customer_id", "rater"))

    def project(*blocks):
        z = np.hstack(blocks)
        return z @ np.linalg.pinv(z)

    # expectations of the three quadratic forms in (customer, rater, error), solved
    both = project(c, r)
    forms = [both - project(r), both - project(c), np.eye(y.size) - both]
    means = [[np.trace(q @ v) for v in (c @ c.T, r @ r.T, np.eye(y.size))] for q in forms]
    customer, rater, error = np.linalg.solve(means, [y @ q @ y for q in forms])
    found = icc(frame)["icc"]
    assert found["ICC(A,1)"] == pytest.approx(customer / (customer + rater + error), abs=1e-9)
    assert found["ICC(C,1)"] == pytest.approx(customer / (customer + error), abs=1e-9)


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


def test_a_rater_one_point_stricter_agrees_less_than_he_orders_alike():
    score = np.random.default_rng(4).integers(2, 6, 200).astype(float)
    frame = long(np.vstack([score, score - 1]))
    alpha = krippendorff_alpha(frame, "ordinal", draws=0).loc["all", "alpha"]
    (row,) = pairwise(frame, [1, 2, 3, 4, 5]).itertuples()
    assert row.tau_b == pytest.approx(1.0)
    assert row.difference == 1.0
    assert row.agreement == 0.0
    assert alpha < 0.85


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
