"""One relationship per customer from scores by people who differ."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels

from goodlib.relationship import crossed
from goodlib.relationship.design import design
from goodlib.relationship.rating import RatingModel

from .conftest import simulate_ratings

SCALE = [1, 2, 3, 4, 5]

# Randall (1989), "The analysis of sensory data by generalized linear model", Biometrical J. 31:
# the 72 published ratings of the bitterness of wine, one line a judge: two bottles each of
# cold without skin contact, cold with, warm without, warm with
WINE = """2 3 3 4 4 4 5 5
1 2 1 3 2 3 5 4
2 3 3 2 5 5 4 4
3 2 3 2 3 2 5 3
2 3 4 3 3 3 3 3
3 2 3 2 2 4 5 4
1 1 2 2 2 3 2 3
2 2 2 3 3 3 3 4
1 2 3 2 3 2 4 4"""


def wine(judge_effect, boundary=0.0):
    """Randall's wine as arrays: the judge is the one who is alike over eight ratings."""
    rating = np.array([[int(word) for word in line.split()] for line in WINE.split("\n")])
    judge, bottle = (a.ravel() for a in np.indices(rating.shape))
    x = np.column_stack([bottle >= 4, bottle % 4 >= 2]).astype(float)
    y = rating.ravel() - 1
    fixed = {} if judge_effect else {"customer": 1e-6}
    return crossed.Crossed(
        upper=np.where(y < 4, y, -1), lower=y - 1, sets=[4], x=x, customer=np.arange(9),
        rater=np.zeros(9, dtype=int), pair=np.arange(9), occasion=judge, size={"customer": 9},
        weight=np.ones(72), boundary=boundary, fixed_sd=fixed,
    )  # fmt: skip


def best(data, method, start, *more):
    """Natural parameters, log-likelihood and covariance of the free numbers at the maximum."""
    psi, covariance, _ = crossed.maximize(
        lambda psi: getattr(data, method)(psi, data.zero(), *more)[:2], start
    )
    value = getattr(data, method)(psi, data.zero(), *more)[0]
    return data.natural(psi), value, covariance


START = np.array([-1.0, 0.5, 0.5, 0.5, 1.0, 1.0])

# Published


def test_ucla_ordered_logit_matches_statsmodels_reference():
    path = Path(statsmodels.__file__).parent / "miscmodels/tests/results/ologit_ucla.csv"
    if not path.exists():
        pytest.skip("this build of statsmodels comes without its reference results")
    table = pd.read_csv(path)
    y = table["apply"].astype("category")
    y = y.cat.set_categories(["unlikely", "somewhat likely", "very likely"]).cat.codes.to_numpy()
    n = y.size
    data = crossed.Crossed(
        upper=np.where(y < 2, y, -1), lower=y - 1, sets=[2],
        x=table[["pared", "public", "gpa"]].to_numpy(float), customer=np.zeros(1, dtype=int),
        rater=np.zeros(1, dtype=int), pair=np.zeros(1, dtype=int),
        occasion=np.zeros(n, dtype=int), size={"customer": 1}, weight=np.ones(n),
        fixed_sd={"customer": 1e-6},
    )  # fmt: skip
    par, llf, _ = best(data, "laplace", np.array([0.0, 0.5, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(par.beta, [1.0476, -0.0586, 0.6158], atol=1e-3)
    np.testing.assert_allclose(par.theta, [2.2035, 4.2990], atol=2e-3)
    assert llf == pytest.approx(-358.512, abs=5e-4)


def test_wine_without_judges_matches_christensen_ordinal():
    par, llf, covariance = best(wine(False), "laplace", START)
    np.testing.assert_allclose(par.beta, [2.5031, 1.5278], atol=5e-4)
    np.testing.assert_allclose(par.theta, [-1.3444, 1.2508, 3.4669, 5.0064], atol=5e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance))[4:6], [0.5287, 0.4766], atol=5e-4)
    assert llf == pytest.approx(-86.4919, abs=5e-5)


def test_wine_with_random_judges_by_quadrature_matches_christensen_ordinal():
    par, llf, _ = best(wine(True), "quadrature", np.r_[START, 0.0], 31)
    np.testing.assert_allclose(par.beta, [3.0619, 1.8334], atol=5e-4)
    np.testing.assert_allclose(par.theta, [-1.6235, 1.5128, 4.2271, 6.0862], atol=5e-4)
    assert np.exp(2 * par.log_sd[0]) == pytest.approx(1.288, abs=5e-4)
    assert llf == pytest.approx(-81.5325, abs=5e-5)


def test_wine_with_random_judges_by_laplace_matches_christensen_ordinal():
    par, llf, _ = best(wine(True), "laplace", np.r_[START, 0.0])
    assert np.exp(2 * par.log_sd[0]) == pytest.approx(1.279, abs=5e-4)
    assert llf == pytest.approx(-81.57, abs=5e-3)


# Oracle


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("central", [False, True])
def test_gradient_of_the_marginal_likelihood_is_its_difference(rated, link, central):
    ratings, _, _ = rated
    model = RatingModel(ratings.head(120), SCALE, link=link, central=central)
    data, _, _ = model.arrays()
    psi = model.start(data) + 0.1 * np.cos(np.arange(model.start(data).size))
    _, gradient, _, _ = data.laplace(psi, data.zero())
    for k in range(psi.size):
        step = 1e-5 * (np.arange(psi.size) == k)
        up, down = (
            data.laplace(psi + step, data.zero())[0],
            data.laplace(psi - step, data.zero())[0],
        )
        assert gradient[k] == pytest.approx((up - down) / 2e-5, abs=2e-5)


def test_precision_is_that_of_the_written_out_hessian():
    ratings, _, _ = simulate_ratings(3, customers=8, raters=5, dates=2, day=0.5)
    model = RatingModel(ratings, SCALE)
    data, _, _ = model.arrays()
    par = data.natural(model.start(data))
    _, precision, t, _ = data.mode(par, data.zero())
    score = np.arange(data.upper.size)
    levels = [
        (data.customer_of_score, data.size["customer"]),
        (data.rater_of_score, data.size["rater"]),
        (data.pair[data.occasion], data.size["pair"]),
        (data.occasion, data.size["occasion"]),
    ]
    z = np.hstack([np.eye(size)[at] for at, size in levels])
    prior = np.repeat(np.exp(-2 * par.log_sd), [size for _, size in levels])
    full = z.T @ (-t.curve[:, None] * z) + np.diag(prior)
    inverse = np.linalg.inv(full)
    expected = np.linalg.slogdet(full)[1] - np.log(prior).sum()
    assert precision.log_ratio == pytest.approx(expected, abs=1e-9)
    np.testing.assert_allclose(
        precision.spread().score, np.einsum("ij,jk,ik->i", z, inverse, z)[score], atol=1e-10
    )
    sample = precision.sample(100_000, np.random.default_rng(1))
    np.testing.assert_allclose(np.cov(sample), inverse[:8, :8], atol=0.02)


# Laws


def test_planted_severities_come_back_with_three_overlapping_raters():
    r = []
    for seed in range(8):
        ratings, _, strict = simulate_ratings(seed)
        raters = RatingModel(ratings, SCALE).fit().raters
        r.append(np.corrcoef(raters["severity"], strict[raters.index])[0, 1])
    assert np.mean(r) > 0.9


def test_intervals_of_the_relationship_cover_as_they_say():
    inside = []
    for seed in range(12):
        ratings, good, _ = simulate_ratings(100 + seed)
        known = RatingModel(ratings, SCALE).fit().customers
        inside.append(good[known.index].between(known["lower_80"], known["upper_80"]).mean())
    assert 0.75 < np.mean(inside) < 0.85


def test_relabelling_raters_and_shuffling_rows_change_nothing(rated):
    ratings, _, _ = rated
    other = ratings.sample(frac=1, random_state=2)
    other["rater"] = other["rater"].map(lambda name: f"person {9 - int(name[1:])}")
    here, there = RatingModel(ratings, SCALE).fit(), RatingModel(other, SCALE).fit()
    assert here.llf == pytest.approx(there.llf, abs=1e-6)
    np.testing.assert_allclose(
        there.customers["relationship"].reindex(here.customers.index),
        here.customers["relationship"],
        atol=1e-4,
    )


def test_a_stricter_rater_moves_the_means_and_not_the_adjusted_relationships():
    random = np.random.default_rng(8)
    good = random.normal(0, 1, 150)
    rows = [(c, f"r{r}", c, good[c] + random.logistic()) for c in range(150) for r in range(4)]
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "unit", "impression"])
    words = np.arange(-2.5, 3.5)
    strict = frame["impression"] - 1.0 * (frame["rater"] == "r0")
    scale = list(range(len(words) + 1))
    before = RatingModel(frame.assign(score=np.searchsorted(words, frame["impression"])), scale)
    after = RatingModel(frame.assign(score=np.searchsorted(words, strict)), scale)
    a, b = before.fit(), after.fit()
    moved = b.raters["severity"]["r0"] - a.raters["severity"]["r0"]
    assert moved > 0.6
    difference = (b.customers["relationship"] - a.customers["relationship"]).abs()
    assert difference.mean() < 0.1


def test_a_rater_who_gives_everyone_the_same_adds_no_order(rated):
    ratings, _, _ = rated
    same = ratings[ratings["rater"] == "R0"].assign(rater="same", score=5)
    here = RatingModel(ratings, SCALE).fit().customers["relationship"]
    there = RatingModel(pd.concat([ratings, same]), SCALE).fit().customers["relationship"]
    assert here.corr(there.reindex(here.index), method="spearman") > 0.985


def test_an_unrated_customer_is_unknown_with_the_width_of_the_prior(rated):
    ratings, _, _ = rated
    found = RatingModel(ratings, SCALE, customers=["never rated"]).fit()
    unknown = found.customers.loc["never rated"]
    assert unknown["basis"] == "unrated"
    assert unknown["sd"] == found.prior_sd
    assert unknown["sd"] > found.customers["sd"].drop("never rated").max()
    worse = found.if_unrated(points=-1.0).loc["never rated"]
    assert unknown["expected_score"] - worse["expected_score"] == pytest.approx(1.0, abs=0.01)


def test_draws_have_the_moments_of_the_customers(rated):
    ratings, _, _ = rated
    found = RatingModel(ratings, SCALE, customers=["never rated"]).fit()
    draws, known = found.draws(4000, seed=1), found.customers
    assert list(draws.index) == list(known.index)
    np.testing.assert_allclose(draws.mean(axis=1), known["relationship"], atol=0.06)
    np.testing.assert_allclose(draws.std(axis=1), known["sd"], rtol=0.06)
    assert draws.equals(found.draws(4000, seed=1))


def test_raters_of_different_times_are_compared_within_their_time():
    # all scores fall by a point's worth while the lenient rater leaves and the strict one comes
    random = np.random.default_rng(12)
    good = random.normal(0, 1, 80)
    rows = []
    for year, level, raters in ((2000, 1.5, ("old", "both")), (2020, -1.5, ("new", "both"))):
        for c in range(80):
            for rater in raters:
                eta = good[c] + level + random.logistic()
                rows.append((c, rater, f"{year}-06-30", 1 + int((eta > np.r_[-2, -1, 1, 2]).sum())))
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "date", "score"])
    naive = RatingModel(frame, SCALE).fit()
    within = RatingModel(frame, SCALE, years=1).fit()
    assert naive.stricter("new", "old")[0] > 1.0
    difference, sd = within.stricter("new", "old")
    assert abs(difference) < 2.5 * sd
    change = within.over_time()["score"].diff().iloc[1]
    raw = frame.groupby("date")["score"].mean().diff().iloc[1]
    assert change == pytest.approx(raw, abs=0.2)


def test_a_planted_bias_for_own_clients_and_a_planted_drift_come_back():
    random = np.random.default_rng(21)
    good = random.normal(0, 1, 150)
    rows = []
    for c in range(150):
        for rater in range(4):
            for year in (2018, 2021, 2024):
                own = c % 4 == rater
                strict = 0.25 * (year - 2021) * (rater == 0)
                eta = good[c] + 0.8 * own - strict + random.logistic()
                score = 1 + int((eta > np.r_[-2, -1, 1, 2]).sum())
                rows.append((c, f"r{rater}", f"{year}-06-30", own, score))
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "date", "own", "score"])
    found = RatingModel(frame, SCALE, drift=True).fit()
    low, high = found.conf_int(0.01).loc["own_client"]
    assert low < 0.8 < high
    assert low > 0.3
    raters = found.raters
    # the common part of a drift is the customers': 0.25 of one in four is 0.1875 above the mean
    assert abs(raters.loc["r0", "drift"] - 0.1875) < 3 * raters.loc["r0", "drift_sd"]
    assert raters["drift"].sum() == pytest.approx(0.0, abs=1e-9)


def test_raters_who_keep_to_the_middle_and_to_the_ends_are_told_apart():
    random = np.random.default_rng(31)
    good, words = random.normal(0, 1.2, 200), np.r_[-2.4, -0.8, 0.8, 2.4]
    apart = {"middle": 1.6, "plain": 1.0, "ends": 0.6}
    rows = [
        (c, rater, item, 1 + int((good[c] + random.logistic() > width * words).sum()))
        for c in range(200)
        for rater, width in apart.items()
        for item in "ab"
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "item", "score"])
    found = RatingModel(frame, SCALE, central=True).fit().raters["centrality"]
    truth = np.log(pd.Series(apart))
    np.testing.assert_allclose(found - found.mean(), (truth - truth.mean())[found.index], atol=0.12)


def test_old_ratings_count_less_and_the_interval_widens(rated):
    ratings, _, _ = rated
    old = RatingModel(ratings, SCALE, as_of="2034-01-01", half_life="1826D").fit()
    new = RatingModel(ratings, SCALE).fit()
    assert (old.customers["sd"] / old.prior_sd).mean() > (new.customers["sd"] / new.prior_sd).mean()


# Refusals


def test_raters_who_share_no_customer_are_not_compared():
    ratings, _, _ = simulate_ratings(4, overlap=1)
    found = RatingModel(ratings, SCALE).fit()
    assert not found.adjusted
    assert "severity" not in found.raters
    (problem,) = found.problems
    assert "6 groups that share no customer" in problem
    assert "with 'R" in problem
    assert "and 2 more; 5 ratings by 'R" in problem
    # the ratings that it names do connect them
    named = re.search(r"ratings by '(R\d)' would connect them: of (.*) and 2 more", problem)
    more = pd.DataFrame({"customer_id": re.findall(r"'(C\d+)'", named[2]), "rater": named[1]})
    both = pd.concat([ratings, more.assign(item="item 0", score=3)])
    assert len(design(both).ratings) == len(design(ratings).ratings) - 3
    assert set(found.customers["basis"]) == {"one rater"}


def test_one_rater_alone_is_said_and_widens_by_the_stated_reliability():
    ratings, _, _ = simulate_ratings(4, raters=1, overlap=1)
    doubtful = RatingModel(ratings, SCALE, reliability=0.5).fit()
    trusted = RatingModel(ratings, SCALE, reliability=0.9).fit()
    assert "by one rater ('R0')" in doubtful.problems[0]
    share = [(f.customers["sd"] / f.prior_sd).mean() for f in (doubtful, trusted)]
    assert share[0] > share[1]


def test_a_score_outside_the_scale_is_refused():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "rater": ["x", "y"], "score": [3, 7]})
    with pytest.raises(ValueError, match="1 of 2 are not .first: '7' for 'b' by 'y'"):
        RatingModel(frame, SCALE)


def test_a_rating_from_the_future_is_refused():
    frame = pd.DataFrame(
        {"customer_id": ["a", "b"], "rater": ["x", "y"], "score": [3, 4], "date": "2026-05-01"}
    )
    said = "2 of 2 are .first: 'a' on 2026-05-01.. Correct the date, or look from a later day"
    with pytest.raises(ValueError, match=said):
        RatingModel(frame, SCALE, as_of="2026-01-01")


def test_ratings_that_are_all_alike_are_refused():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "rater": ["x", "y"], "score": [3, 3]})
    with pytest.raises(ValueError, match="all 2 scores are '3'"):
        RatingModel(frame, SCALE).fit()


def test_a_missing_score_is_counted_and_left_out(rated):
    ratings, _, _ = rated
    gap = ratings.astype({"score": float})
    gap.loc[0, "score"] = np.nan
    model = RatingModel(gap, SCALE)
    assert model.problems[0].startswith("1 of 360 ratings have no score")


def test_quadrature_over_crossed_effects_is_refused(rated):
    ratings, _, _ = rated
    with pytest.raises(ValueError, match="customers alone"):
        RatingModel(ratings, SCALE).fit(method="quadrature")


def test_who_rated_once_is_counted_named_and_has_a_cure(rated):
    ratings, _, _ = rated
    once = pd.concat([ratings, ratings.head(1).assign(rater="guest")])
    (problem,) = RatingModel(once, SCALE).problems
    assert problem.endswith(
        "raters gave one rating only, so their severity is little more than the average rater's "
        "(first: 'guest'). Ask them about a second customer, or leave them out."
    )


def test_a_rating_given_twice_on_a_day_is_counted_named_and_has_a_cure():
    rows = [(c, r, 3 + (c > "a")) for c in "abc" for r in "xy"]
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "score"]).assign(date="2025-05-01")
    (problem,) = RatingModel(pd.concat([frame, frame.head(1)]), SCALE).problems
    assert problem == (
        "1 of 7 ratings repeat customer, rater, item and day; all are kept as one occasion (first: "
        "'a' by 'x'). Delete what was entered twice, or name the piece of work in a column "
        "`occasion`."
    )


def test_ratings_without_any_score_are_refused():
    frame = pd.DataFrame({"customer_id": ["a"], "rater": ["x"], "score": [np.nan]})
    with pytest.raises(ValueError, match="0 of 1 have one. Add scores"):
        RatingModel(frame, SCALE)
