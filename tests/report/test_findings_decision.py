"""Sentences of chapters 5 and 6: each branch says what its numbers say."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goodlib.decision.goods import three_goods
from goodlib.decision.quadrant import QUADRANTS, UNDECIDED, UNKNOWN
from goodlib.report.findings import agenda, analyst, comparison, goods
from goodlib.report.words import Words

SAY = Words("EUR").say
IDS = pd.Index(["A", "B", "C"], name="customer_id")


def agreement(estimate, lower, upper):
    views = ("naive", "disattenuated")
    frame = pd.DataFrame({"view": views, "measure": "correlation", "estimate": [0.3, estimate]})
    frame["lower_95"], frame["upper_95"] = lower, upper
    return SAY(comparison.agreement(frame, pd.Series({"value": 0.7, "relationship": 0.5}), 120))


# Oracle


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((0.1, -0.2, 0.4), "says little about how good it is to work together"),
        ((0.3, 0.1, 0.5), "agree a little"),
        ((0.8, 0.7, 0.9), "agree closely"),
        ((-0.4, -0.6, -0.2), "hardest to work"),
        ((np.nan, np.nan, np.nan), "cannot be told"),
    ],
)
def test_agreement_is_said_as_strong_as_it_is(numbers, said):
    assert said in agreement(*numbers)


@pytest.mark.parametrize(
    ("overall", "inner", "said"),
    [
        ((0.4, 0.3, 0.5), (0.05, -0.1, 0.2), "among those of equal tenure it vanishes"),
        ((0.02, -0.1, 0.1), (0.3, 0.2, 0.4), "though over all customers it does not show"),
        ((0.3, 0.2, 0.4), (-0.3, -0.4, -0.2), "the sign turns round"),
        ((0.3, 0.2, 0.4), (0.28, 0.1, 0.4), "does not change the picture"),
        ((0.0, -0.1, 0.1), (0.0, -0.1, 0.1), "Nor is an agreement hidden"),
    ],
)
def test_confounding_is_said_only_where_it_is(overall, inner, said):
    frame = pd.DataFrame([overall, inner], columns=["tau_b", "lower_95", "upper_95"])
    claim, note = comparison.confounding(frame, pd.Series({"partial": 0.1}), "tenure")
    assert said in SAY(claim)
    numbers = f"is {overall[0]:.2f} over all and {inner[0]:.2f} within groups"
    assert numbers.replace("-", "−") in SAY(note)


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (0.1, 0.2, "The ratings told who bought again"),
        (-0.2, -0.1, "added nothing"),
        (-0.1, 0.1, "added nothing"),
    ],
)
def test_a_gain_is_claimed_only_beyond_doubt(lower, upper, said):
    row = {"forecast": "gain", "outcome": "bought again", "lower_95": lower, "upper_95": upper}
    assert said in SAY(comparison.gain_claim(pd.DataFrame([row])))


def test_the_log_is_quoted_for_the_ratings_or_as_their_opposite():
    asked = pd.DataFrame(
        {
            "side": "money", "value_rank": 3.0, "rated": 90, "residual_value": 500.0,
            "residual_value_lower_80": 100.0, "residual_value_upper_80": 900.0, "p_alive": 0.9,
            "relationship_rank": 80.0, "n_ratings": 1, "n_raters": 1,
        },
        index=IDS[:2],
    )  # fmt: skip
    events = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B"],
            "date": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"]),
            "weight": [-4.0, 3.0, 2.0],
            "short": ["2025-01-01 'No', no comment", "2025-02-01 paid", "2025-03-01 commented"],
        }
    )
    said = agenda.case(asked, events, Words("EUR"))["people_say"]
    assert said["A"].endswith("In the log: 2025-01-01 'No', no comment.")
    assert said["B"].endswith("The log shows the opposite: 2025-03-01 commented.")
    assert "1 rating of 1 rater." in said["A"]


def test_an_agenda_asks_those_who_left_for_referrals_and_not_for_an_owner():
    asked = pd.DataFrame(
        {
            "side": "people", "value_rank": 80.0, "rated": 90, "residual_value": 1.0,
            "residual_value_lower_80": 0.0, "residual_value_upper_80": 2.0, "p_alive": 0.05,
            "relationship_rank": 2.0, "n_ratings": 5, "n_raters": 2,
        },
        index=IDS[:1],
    )  # fmt: skip
    assert "refer" in agenda.case(asked, None, Words("EUR"))["question"].iloc[0]
    sure = agenda.case(asked.assign(p_alive=0.999), None, Words("EUR"))["money_says"].iloc[0]
    assert sure.endswith("chance still a customer more than 99%.")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((0.15, 0.25, 0.60), "the balance the firm chose."),
        ((0.02, 0.08, 0.90), "too much for our own income"),
        ((0.60, 0.20, 0.20), "missing for our own income"),
    ],
)
def test_the_balance_names_what_is_too_much_and_what_is_missing(now, said):
    names = ["others", "skill", "you"]
    ring = pd.DataFrame([now, now], columns=names)
    goal = dict(zip(names, (0.15, 0.25, 0.60), strict=True))
    assert said in SAY(goods.balance(pd.Series(now, names), goal, ring, 12))


def test_money_through_friends_of_the_house_is_named_and_not_added():
    draws = pd.DataFrame(np.full((3, 4), 10.0), IDS)
    work = pd.DataFrame(
        {"customer_id": ["A"], "date": pd.to_datetime(["2025-05-01"]), "hours": [1.0],
         "good": ["you"], "skill": ["s"]}
    )  # fmt: skip
    given = three_goods(work, draws, start="2025-01-01", paid=pd.Series(4.0, IDS), seed=1)
    sent = pd.DataFrame({"attributed": [0.0, 0.0, 0.0, 8.0]}, [*IDS, "F1"])
    names = pd.Series({"F1": "Judge Carvalho"})
    text = SAY(goods.adds_up(given, None, sent, names))
    assert "adds up to the €30.00 of residual value in chapter 2" in text
    assert "1 person who never paid anything sent €8.00 of it, first of all Judge Carvalho" in text


@pytest.mark.parametrize(
    ("rising", "said"),
    [(0, "are also the likeliest"), (1, "one is not among"), (2, "2 are not among the likeliest")],
)
def test_who_is_worth_most_and_not_likeliest_next_is_counted(rising, said):
    group = ["stays best"] * (3 - rising) + ["rising"] * rising + ["fading"] * rising
    frame = pd.DataFrame({"group": group})
    frame["top_today"] = frame["group"].isin(["stays best", "fading"])
    assert said in SAY(analyst.potential_claim(frame))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "The 5 best customers are the same by money alone and by all three goods."),
        (1, ": f0 give way to r0. Their"),
        (3, ": f0, f1 and f2 give way to r0, r1 and r2. Their"),
        (4, ": f0, f1, f2 and others give way to r0, r1, r2 and others. Their"),
    ],
)
def test_who_falls_gives_way_by_name_to_who_rises(count, said):
    names = [f"{way}{i}" for way in "fr" for i in range(count)] or ["s0"]
    moves = pd.DataFrame({"move": ["falls"] * count + ["rises"] * count or ["stays"]}, names)
    moves = moves.assign(money_rank=range(len(names)), good_rank=range(len(names)))
    moves["top_money"] = [1] * 5 + [0] * (len(names) - 5) if count == 4 else 5 / len(names)
    cost = pd.Series({"given_up": 1.0, "lower_80": 0.0, "upper_80": 2.0, "share": 0.1})
    text = SAY(goods.money_alone(moves, pd.Series(names, names), cost))
    assert said in text


def test_forecasts_side_by_side_are_written_with_equal_digits():
    rows = [("value alone", 0.284, 0.98, 1.0123), ("value and relationship", 0.292, 0.98, 0.984)]
    tested = pd.DataFrame(rows, columns=["forecast", "deviance", "auc", "calibration"])
    saved = {"forecast": "gain", "deviance": -0.0004, "lower_95": -0.0278, "upper_95": 0.0067}
    tested = pd.concat([tested, pd.DataFrame([saved])]).assign(outcome="bought again")
    table = comparison.gain_table(tested)
    assert table["error"].to_list() == ["0.28", "0.29"]
    assert table["chances right at 1"].to_list() == ["1.01", "0.98"]
    assert table.iloc[1, -3:].to_list() == ["0.000", "−0.028", "0.007"]
    assert set(comparison.GAIN_FORMATS) <= set(table)
    nothing = comparison.gain_table(tested.iloc[:0])
    assert nothing.empty
    assert set(comparison.GAIN_FORMATS) <= set(nothing)


def grouped(*quadrants):
    names = pd.Categorical(quadrants, [*QUADRANTS, UNDECIDED, UNKNOWN])
    frame = pd.DataFrame({"quadrant": names}, [f"C{i}" for i in range(len(names))])
    return SAY(comparison.groups(frame, pd.Series(1.0, frame.index)))


def test_an_empty_quadrant_is_said_in_words():
    assert grouped("modest but warm", "undecided") == (
        "No customer is valuable and warm, none valuable but strained, 1 modest but warm, none "
        "modest and distant; 1 cannot honestly be put into any of the four (50% of all expected "
        "value)."
    )
    assert grouped("valuable and warm", "unknown") == (
        "1 customer is valuable and warm, none valuable but strained, none modest but warm, none "
        "modest and distant; 1 nobody has rated (50% of it)."
    )


@pytest.mark.parametrize(
    ("worth", "said"),
    [
        (50.0, "1 nobody has rated (33% of the expected value): they stand as unknown"),
        (0.1, "unknown, but with 0.1% of the expected value little hangs on them."),
    ],
)
def test_whom_nobody_rated_is_asked_about_where_something_hangs_on_them(worth, said):
    frame = pd.DataFrame(
        {"name": list("abc"), "quadrant": ["modest but warm"] * 2 + ["unknown"],
         "residual_value": [60.0, 40.0, worth]}, IDS,
    )  # fmt: skip
    assert said in SAY(comparison.coverage(frame, IDS[:2]))


def test_who_is_counted_as_low_stands_in_the_table_most_effort_first():
    near = pd.DataFrame(
        {"name": list("abc"), "p_low": [0.85, 0.95, 0.3], "hours": [40.0, 7.0, 900.0]}, IDS
    ).assign(good_at_it=[0.00369, 1.2345, 0.0])
    table, caption = goods.low_table(near, IDS[:2])
    assert caption == "Low on all three goods, most effort first"
    assert table["name"].to_list() == ["a", "b"]
    assert table["learned, in first engagements"].to_list() == ["0.00", "1.23"]
    table, caption = goods.low_table(near, IDS[:0])
    assert caption == "Nearest to low on all three goods"
    assert table["name"].to_list() == ["b", "a", "c"]


def test_the_table_of_the_low_says_when_it_holds_only_the_first():
    many = pd.Index([f"C{i}" for i in range(14)])
    near = pd.DataFrame({"name": many, "p_low": 0.9, "hours": np.arange(14.0)}, many)
    table, caption = goods.low_table(near, many)
    assert caption == "Low on all three goods, most effort first: the first 12 of 14"
    assert table["name"].iloc[0] == "C13"


def test_who_is_low_and_good_to_work_with_is_not_dropped_unsaid():
    sure = pd.DataFrame({"name": ["Ada", "Bo"], "hours": [3.0, 9.0]}, IDS[:2])
    warm = pd.DataFrame({"quadrant": ["modest but warm", "modest and distant"]}, IDS[:2])
    (said,) = goods.low_but_warm(sure, warm)
    assert SAY(said).startswith("With Ada, among these, it is good to work (chapter 5)")
    assert goods.low_but_warm(sure, warm.iloc[1:]) == []
    assert goods.low_but_warm(sure, None) == []
    four = pd.DataFrame({"name": list("abcd"), "hours": [4.0, 3.0, 2.0, 1.0]}, list("abcd"))
    (said,) = goods.low_but_warm(four, pd.DataFrame({"quadrant": "modest but warm"}, four.index))
    assert SAY(said).startswith("With a, b and c, the first of 4 among these,")


@pytest.mark.parametrize(("new", "said"), [(0.0, "none of it in new ones"), (0.035, "3.5% of it")])
def test_paid_work_in_new_cells_is_said_in_words_where_there_is_none(new, said):
    skills = pd.DataFrame({"age": [5.1], "new_share": [new]}, ["you"])
    began = pd.DataFrame(
        {"customers": [3, 2], "value_share": [0.7, 0.3]}, ["paid work", "work given away"]
    )
    text = SAY(goods.only_revenue(skills, began))
    assert said in text
    assert "2 customers with 30% of the expected value came by what others sent" in text


def test_prospects_are_told_apart_by_whether_they_are_customers_already():
    draws = pd.DataFrame(np.full((3, 4), 10.0), IDS)
    given = three_goods(
        pd.DataFrame({"customer_id": ["A"], "date": pd.to_datetime(["2025-05-01"]), "hours": 1.0,
                      "good": "you", "skill": "s"}),
        draws, start="2025-01-01", paid=pd.Series(4.0, IDS), seed=1,
    )  # fmt: skip
    asked = pd.DataFrame({"already_customer": [True, False], "expected_value": [5.0, 7.0]})
    text = SAY(goods.adds_up(given, asked, None, pd.Series(dtype=object)))
    assert "Prospects still open who would be new customers (1) are worth €7.00" in text
    assert "Further work for customers (1 prospect) is a part of the sum already." in text


@pytest.mark.parametrize(
    ("new", "said"),
    [(0.25, "25% were in cells of the map that were new"), (0.0, "None of the 40 hours booked")],
)
def test_hours_booked_as_learning_are_held_against_the_map(new, said):
    given = SimpleNamespace(customers=pd.DataFrame({"learned": [2.0, 1.0, 1.0]}, IDS))
    skills = pd.DataFrame({"hours": [40.0], "age": [5.0], "new_share": [new]}, ["skill"])
    text = SAY(goods.learned(given, pd.Series(list("abc"), IDS), skills, 1.0))
    assert text.startswith("What the work taught was worth 4.0 first engagements in all")
    assert said in text


@pytest.mark.parametrize(
    ("months", "said"), [(8.6, "8.6 months of work"), (np.nan, "does not know what the work costs")]
)
def test_how_long_the_money_lasts(months, said):
    assert said in SAY(goods.only_pro_bono(months))


# Laws


def test_everybody_has_a_name_even_without_a_table_of_names():
    names = pd.DataFrame({"customer_id": ["A"], "name": ["Ada"]})
    assert comparison.named(IDS, names).to_list() == ["Ada", "B", "C"]
    assert comparison.named(IDS, None).to_list() == ["A", "B", "C"]
