"""How much good the work does, as rated on a rubric."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit

from goodlib.decision.rubric import chance_of, rated, scale_of
from goodlib.history import demo
from goodlib.history.study import Rubric, Table

SCALE = [1, 2, 3, 4, 5]
RUBRIC = {"reach": Rubric(good="others", anchors={1: "nobody", 5: "everybody"}, good_from=4)}
SOURCE = [Table(file="x.csv", scale=SCALE)]


def scores(n=90, seed=1, severe=(-1.0, 0.0, 1.2), share=0.6):
    """Three raters of unlike severity, each of whom rates `share` of n customers; and the truth."""
    random = np.random.default_rng(seed)
    truth = pd.Series(random.normal(0, 1.2, n), [f"C{i}" for i in range(n)])
    cuts = np.array([-2.5, -1.0, 0.5, 2.0])
    rows = [
        (who, f"R{r}", "reach", 1 + int((good - hard + random.logistic() > cuts).sum()))
        for who, good in truth.items()
        for r, hard in enumerate(severe)
        for _ in range(2)
        if random.random() < share
    ]
    return pd.DataFrame(rows, columns=["customer_id", "rater", "item", "score"]), truth, cuts


def found(ratings, customers, **options):
    options = {"customers": pd.Index(customers), "draws": 400, "seed": 1} | options
    return rated(ratings, RUBRIC, "others", SOURCE, **options)


# Oracle


def test_the_chance_is_the_integral_over_the_raters_own_views():
    """One item, thresholds -1, 0, 1, spread of views 0.8: by numerical integration."""
    parts = pd.Series({"1|2": -1.0, "2|3": 0.0, "3|4": 1.0, "sd[customer]": 1.0, "sd[pair]": 0.8})
    model = SimpleNamespace(scale=[1, 2, 3, 4])
    items = pd.DataFrame({"difficulty": [0.0]}, index=["reach"])
    fit = SimpleNamespace(params=parts, model=model, items=items)
    by_hand = [
        integrate.quad(lambda z, e=eta: expit(e - 0.0 + 0.8 * z) * stats.norm.pdf(z), -9, 9)[0]
        for eta in (-2.0, 0.0, 1.5)
    ]
    assert chance_of(fit, np.array([-2.0, 0.0, 1.5]), 3) == pytest.approx(by_hand, abs=1e-6)
    assert chance_of(fit, np.zeros(2), 1).tolist() == [1.0, 1.0]


def test_planted_good_is_recovered_and_its_intervals_hold():
    held = []
    for seed in (1, 2, 3, 4):
        ratings, truth, cuts = scores(seed=seed, share=0.95)
        said = found(ratings, truth.index)
        assert said.customers["rated"].corr(truth, method="spearman") > 0.8
        exact = expit(truth - cuts[2])
        bounds = said.customers[["chance_lower_80", "chance_upper_80"]].to_numpy().T
        held.append(((exact > bounds[0]) & (exact < bounds[1])).mean())
    assert np.mean(held) == pytest.approx(0.8, abs=0.07)


def test_a_strict_rater_does_not_lower_the_good_of_whom_only_he_rates():
    ratings, truth, _ = scores(share=0.7)
    strict = truth.index[:30]
    ratings = ratings[~(ratings["customer_id"].isin(strict) & (ratings["rater"] != "R2"))]
    said = found(ratings, truth.index).customers["rated"]
    raw = ratings.groupby("customer_id")["score"].mean()
    gap = truth[strict].mean() - truth[30:].mean()
    raw_gap = raw.reindex(strict).mean() - raw.reindex(truth.index[30:]).mean()
    assert raw_gap < gap - 0.5
    assert said[strict].mean() - said[30:].mean() == pytest.approx(0.55 * gap, abs=0.35)


def test_the_demos_partners_tell_who_does_good(tmp_path):
    firm = demo.simulate()
    truth = firm.truth["clients"].set_index("customer_id")["good_for_others"]
    ratings = firm.tables["rubric"].assign(score=lambda d: d["score"].astype(int))
    rubrics = {"good for others": RUBRIC["reach"]}
    options = {"customers": truth.index, "draws": 100, "seed": 1}
    said = rated(ratings, rubrics, "others", SOURCE, **options)
    known = said.customers["n_scores"] > 0
    assert said.customers["rated"][known].corr(truth[known], method="spearman") > 0.75


# Laws


def test_nobody_rated_is_unknown_and_wide_and_too_few_scores_say_nothing():
    ratings, truth, _ = scores()
    said = found(ratings, [*truth.index, "new"]).customers
    width = said["chance_upper_80"] - said["chance_lower_80"]
    assert said.loc["new", "n_scores"] == 0
    assert width["new"] > 1.2 * width[truth.index].median()
    assert found(ratings.head(10), truth.index) is None
    assert rated(ratings, RUBRIC, "skill", SOURCE, customers=truth.index, draws=9, seed=1) is None


def test_the_scale_is_that_of_the_source_which_has_the_anchors():
    words = ["poor", "fair", "good"]
    rubric = Rubric(good="others", anchors={"poor": "nothing", "good": "much"}, good_from="fair")
    sources = [SOURCE[0], Table(file="y.csv", scale=words)]
    assert scale_of(rubric, sources) == words
    ratings, truth, _ = scores()
    ratings["score"] = ratings["score"].clip(upper=3)
    options = {"customers": truth.index, "draws": 20, "seed": 1}
    assert rated(ratings, {"reach": rubric}, "others", sources, **options).good_from == 2
