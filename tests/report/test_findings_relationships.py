"""What the chapter on relationships says: the sentences that branch on their numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.relationship.evidence import evidence
from goodlib.relationship.interaction import read_log
from goodlib.relationship.rating import RatingModel
from goodlib.relationship.respect import Respect
from goodlib.relationship.signal import signals, standardized
from goodlib.report.findings import logbook, relationships
from goodlib.report.words import Words

SAY = Words("EUR").say
NOBODY = pd.Series(dtype=object)


@pytest.fixture(scope="module")
def relation():
    """60 customers, of whom one nobody rated; R0 is far stricter than R1."""
    random = np.random.default_rng(3)
    rows = []
    for c, good in enumerate(random.normal(0, 1.5, 60)):
        for rater, strict in (("R0", 1.5), ("R1", -1.5), ("R2", 0.0)):
            eta = good - strict + random.logistic()
            rows.append((f"C{c}", rater, 1 + int((eta > np.r_[-2, -1, 1, 2]).sum())))
    ratings = pd.DataFrame(rows, columns=["customer_id", "rater", "score"])
    return RatingModel(ratings, [1, 2, 3, 4, 5], customers=["unasked"]).fit()


@pytest.fixture(scope="module")
def log():
    """Ten customers who answer within two days; the eleventh dismisses, falls silent, chases."""
    rows = []
    for c in range(10):
        for piece in range(4):
            start = pd.Timestamp("2024-01-01") + pd.Timedelta(days=40 * piece + c)
            thread = f"{c}-{piece}"
            for after, side, kind in (
                *((0, "them", "request"), (5, "us", "deliverable")),
                (6 + 0.1 * c, "them", "comment"),
            ):
                rows.append((f"K{c}", start + pd.Timedelta(days=after), side, kind, thread))
    bad = [(0, "them", "request"), (0.5, "them", "chase"), (5, "us", "deliverable")]
    bad += [(9, "them", "dismissal"), (10, "us", "mail"), (150, "them", "edits")]
    start = pd.Timestamp("2024-01-01")
    rows += [("bad", start + pd.Timedelta(days=d), side, kind, "x") for d, side, kind in bad]
    columns = ["customer_id", "time", "side", "kind", "thread"]
    return read_log(pd.DataFrame(rows, columns=columns), "2024-06-30")


def test_the_strict_rater_and_the_mild_one_are_named(relation):
    said = SAY(relationships.severity(relation))
    assert said.startswith("It matters who is asked: the same customer gets")
    assert said.endswith("points more from R1 than from R0.")


def test_whom_nobody_rated_is_unknown_and_not_average(relation):
    assert SAY(relationships.unknown(relation)) == (
        "Nobody rated 1 of 61 customers (1.6%): their relationship is unknown, not average. Of the "
        "others none are known through one rater only."
    )
    assert "The 1 customer whom nobody rated" in SAY(relationships.if_worse(relation))


@pytest.mark.parametrize(
    ("basis", "end"),
    [
        (["one rater"] * 3, "every one by one rater only."),
        (["one rater", "several raters"], "1 of them by one rater only."),
        (["several raters"] * 2, "none of them by one rater only."),
    ],
)
def test_who_is_known_through_one_rater_is_counted_once(basis, end):
    known = SimpleNamespace(customers=pd.DataFrame({"basis": basis}))
    said = SAY(relationships.unknown(known))
    assert said == f"Each of the {len(basis)} customers has been rated, {end}"


def test_only_those_who_rate_often_are_compared():
    raters = pd.DataFrame({"points": [-0.1, 0.1, 0.9], "n_ratings": [500, 499, 1]}, list("abc"))
    even = SimpleNamespace(adjusted=True, raters=raters, stricter=lambda a, b: (0.2, 0.2))
    assert SAY(relationships.severity(even)) == (
        "No rater is clearly stricter than another: the strictest and the mildest of 2 who rate "
        "often, a and b, differ by 0.20 points over the same customer, which chance explains."
    )


def test_the_gap_of_two_sides_names_whom_we_flatter():
    gap = pd.DataFrame({"gap": [1.0, 0.0, -1.0, -1.0]}, list("abcd"))
    gap = gap.assign(lower_80=gap["gap"] - 0.5, upper_80=gap["gap"] + 0.5)
    assert SAY(relationships.gaps(gap, NOBODY)) == (
        "Of 4 customers rated by both sides, we think the relationship with 1 clearly better than "
        "they do (a); 2 clearly think it better than we do."
    )
    assert SAY(relationships.gaps(gap[gap["gap"] == 0], NOBODY)) == (
        "Of 1 customer rated by both sides, there is none with whom we clearly think it better "
        "than they do."
    )


def test_a_rater_with_one_rating_is_noted_and_raters_apart_stand_out():
    said = []
    chapter = SimpleNamespace(
        note=lambda text, problem: said.append(("note", problem)),
        alert=lambda text, problem: said.append(("alert", problem)),
    )
    rows = [("a", "x", 3), ("b", "x", 4), ("c", "x", 2), ("d", "y", 5), ("e", "z", 1)]
    ratings = pd.DataFrame(rows, columns=["customer_id", "rater", "score"])
    relationships.show_problems(chapter, RatingModel(ratings, [1, 2, 3, 4, 5]).fit())
    assert [kind for kind, _ in said] == ["note", "alert"]
    assert "gave one rating only" in said[0][1]
    assert "share no customer" in said[1][1]


def test_the_heading_does_not_repeat_the_finding(relation):
    said = []
    chapter = SimpleNamespace(claim=said.append, figure=lambda *given: None, note=said.append)
    relationships.show_severity(chapter, relation)
    assert [SAY(sentence) for sentence in said] == ["It matters who is asked"]


def test_views_that_the_scores_cannot_show_are_not_invented(relation):
    assert "cannot be told" in SAY(relationships.own_views(relation))


def test_the_log_names_its_worst_client_with_the_story(log):
    found, told = evidence(log), standardized(signals(log))
    said = SAY(logbook.from_the_log(found, told, pd.Series({"bad": "Bad & Sons"})))
    assert said.startswith(
        "The log alone calls 1 of 11 customers strained; first of them Bad & Sons"
    )
    assert "dismissed, no comment; silence 141 days" in said


def test_cards_are_of_one_side_and_quote_only_that_side(log):
    found, told = evidence(log), standardized(signals(log))
    strained = logbook.cards(found, told, NOBODY, "strained", show=5)
    warm = logbook.cards(found, told, NOBODY, "warm", show=5)
    assert strained.index[0] == "bad"
    assert warm["evidence"].str.contains("commented within").all()
    assert "bad" not in warm.index


def test_what_the_log_is_worth_is_said_in_percent():
    weights = pd.Series({"their_reply": 0.5, "read": 0.1})
    heard = Respect(pd.Series(dtype=float), weights, 0.3, 0.06, 3.0, 120)
    assert "are guessed 10% better than without (error 2.0%" in SAY(logbook.worth_of_log(heard))
    nothing = heard._replace(gain=-0.1)
    assert "no better with it than without" in SAY(logbook.worth_of_log(nothing))


@pytest.mark.parametrize(
    ("owed", "said"),
    [
        (
            {"promises": 20, "kept": 0.9, "rework": 0.17, "open": 17},
            "They had to chase us in 25% of the cases; we kept 90% of 20 promises that named a "
            "day; a delivery went through 0.17 rounds of changes; 17 questions still wait for us.",
        ),
        (
            {"promises": 0, "kept": np.nan, "rework": 0.0, "open": 1},
            "They had to chase us in 25% of the cases; 1 question still waits for us.",
        ),
        (
            {"promises": 0, "kept": np.nan, "rework": 0.0, "open": 0},
            "They had to chase us in 25% of the cases; no question waits for us.",
        ),
    ],
)
def test_what_we_owe_as_a_supplier_is_said_as_far_as_it_is_known(owed, said):
    ours = SimpleNamespace(reply=4.2, chased=0.25, **owed)
    assert SAY(logbook.supplied(ours)) == said
    assert SAY(logbook.as_supplier(ours, SimpleNamespace(reply=2.8))) == (
        "Are we a good supplier? We answer in 4.2 days at the median, customers in 2.8"
    )
