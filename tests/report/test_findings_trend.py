"""What the chapter on relationships says of time: scores, words and raters over the years."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.relationship.rating import RatingModel
from goodlib.report.findings import trend
from goodlib.report.words import Words

SAY = Words("EUR").say


def periods(scores, wide=0.1, first=1990, step=10):
    """One row a period with a band of `wide` on either side."""
    days = pd.to_datetime([str(first + step * i) for i in range(len(scores))], format="%Y")
    frame = pd.DataFrame({"period": days, "score": scores, "n_ratings": 100})
    return frame.assign(lower_80=frame["score"] - wide, upper_80=frame["score"] + wide)


def rated(words, scale=6):
    """Ratings of several years, `words` by year; nothing else of a fit is looked at."""
    rows = [(year, word) for year, some in words.items() for word in some]
    ratings = pd.DataFrame(rows, columns=["year", "score"])
    ratings["date"] = pd.to_datetime(ratings["year"].astype(str), format="%Y")
    model = SimpleNamespace(scale=list(range(1, scale + 1)))
    return SimpleNamespace(main_ratings=ratings, model=model)


OLD, NEW = [2, 5, 5, 5], [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (
            [4.5, 3.5, 4.0],
            "Between 1990 and 2010 scores fell by 0.50 points, from 4.50 to 4.00, with 3.50 in "
            "2000 between, the mix of customers held constant.",
        ),
        (
            [3.5, 4.0],
            "Between 1990 and 2000 scores rose by 0.50 points, from 3.50 to 4.00, the mix of "
            "customers held constant.",
        ),
        (
            [4.0, 3.5, 4.0],
            "Scores fell from 4.00 in 1990 to 3.50 in 2000 and are back at 4.00 in 2010, the mix "
            "of customers held constant.",
        ),
        (
            [4.0, 4.05],
            "Between 1990 and 2000 the same customers get the same scores: 4.00 then, 4.05 now, "
            "within the uncertainty.",
        ),
        ([4.0], "All scores are of one time, 1990: no change can be seen."),
    ],
)
def test_a_trend_says_its_way_and_what_lay_between(scores, said):
    assert SAY(trend.trend(periods(scores))) == said


def test_a_period_of_five_years_is_named_by_both_its_ends():
    said = SAY(trend.trend(periods([3.5, 4.0], first=1995, step=5), 5))
    assert said.replace("\u2060", "").startswith("Between 1995–99 and 2000–04 scores rose")


def test_scores_compare_from_the_year_on_in_which_the_words_are_as_many():
    relation = rated({1990: OLD, 1991: OLD, 1992: NEW, 1993: NEW})
    assert trend.since(relation, 1) == pd.Timestamp("1992-01-01")
    assert SAY(trend.before(relation, 1)) == (
        "Until 1991 nearly all scores were two of the six words of the scale. A mean of scores "
        "would compare the words and not the work, so the figure begins after that. What can be "
        "compared is the share of scores in the upper half of the scale, with the customers of "
        "each time: 75% in 1990, 75% in 1991 and 50% in 1993."
    )


def test_where_the_words_were_always_in_use_nothing_is_left_out():
    relation = rated({1990: NEW, 1991: NEW})
    assert trend.since(relation, 1) == pd.Timestamp("1990-01-01")
    assert trend.before(relation, 1) is None


def test_a_rater_who_leaves_the_others_is_named():
    level = periods([4.0, 4.0])
    steady, leaves = periods([4.0, 4.05]), periods([4.1, 3.5])
    by_rater = pd.concat([steady.assign(rater="a"), leaves.assign(rater="b")])
    assert SAY(trend.drift(by_rater, level)) == (
        "Beside all together b has grown stricter: by 0.60 points between 1990 and 2000, over the "
        "same customers. An average over the years hides such a change."
    )
    milder = pd.concat([steady.assign(rater="a"), periods([3.5, 4.1]).assign(rater="b")])
    both = pd.concat([milder, leaves.assign(rater="c")])
    assert "b has grown milder: by 0.60 points" in SAY(trend.drift(milder, level))
    assert "; 1 more moved beyond chance." in SAY(trend.drift(both, level))


def test_raters_who_stay_are_said_to_stay_and_one_alone_cannot_drift():
    level = periods([4.0, 4.0])
    steady = periods([4.0, 4.05])
    two = pd.concat([steady.assign(rater="a"), steady.assign(rater="b")])
    assert SAY(trend.drift(two, level)) == (
        "Of 2 raters with scores from several periods none has grown stricter or milder beside "
        "the others beyond chance."
    )
    assert "cannot be told" in SAY(trend.drift(steady.assign(rater="a"), level))


@pytest.fixture(scope="module")
def keeps_to_the_middle():
    """80 customers by three raters of whom M says 2, 3 or 4 where the others go to the ends."""
    random = np.random.default_rng(5)
    rows = []
    for c, good in enumerate(random.normal(0, 1.5, 80)):
        for rater, wide in (("M", 3.0), ("A", 0.8), ("B", 0.8)):
            for item in ("x", "y"):
                eta = good + random.logistic()
                score = 1 + int((eta > wide * np.r_[-2, -0.7, 0.7, 2]).sum())
                rows.append((f"C{c}", rater, item, score))
    return pd.DataFrame(rows, columns=["customer_id", "rater", "item", "score"])


def test_who_keeps_to_the_middle_is_named(keeps_to_the_middle):
    scale = [1, 2, 3, 4, 5]
    relation = RatingModel(keeps_to_the_middle, scale).fit()
    said = SAY(trend.middle(relation, keeps_to_the_middle, scale, {}))
    assert said.startswith(
        "Some raters keep closer to the middle of the scale: M; closer to its ends:"
    )


def test_raters_who_use_the_scale_alike_are_not_told_apart(keeps_to_the_middle):
    scale = [1, 2, 3, 4, 5]
    same = keeps_to_the_middle[keeps_to_the_middle["rater"] != "M"]
    relation = RatingModel(same, scale).fit()
    assert SAY(trend.middle(relation, same, scale, {})).startswith("No rater keeps to the middle")


def test_the_middle_is_not_asked_where_words_changed_or_raters_cannot_be_compared():
    relation = rated({1990: OLD, 1991: NEW})
    relation.adjusted = True
    said = SAY(trend.middle(relation, pd.DataFrame(), [], {"years": 1}))
    assert "the words in use changed" in said
    relation.adjusted = False
    said = SAY(trend.middle(relation, pd.DataFrame(), [], {"years": 1}))
    assert "share no customer" in said
