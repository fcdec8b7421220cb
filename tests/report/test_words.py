"""Numbers as the report says them."""

import pandas as pd
import pytest

from goodlib.report.words import (
    Sentence,
    Words,
    a_span,
    between,
    day,
    duration,
    money,
    percent,
    span,
)


@pytest.mark.parametrize(
    ("x", "currency", "said"),
    [
        (3.4, "EUR", "€3.40"),
        (12_345.6, "USD", "$12,346"),
        (-500, "GBP", "−£500"),
        (999_600, "USD", "$1 million"),
        (12_345_678, "EUR", "€12.3 million"),
        (999_999_999, "USD", "$1 billion"),
        (1.234e15, "USD", "$1,234 trillion"),
        (2_500_000, "CHF", "CHF 2.50 million"),
        (4_901_000, "EUR", "€4.90 million"),
        (float("nan"), "EUR", "unknown"),
    ],
)
def test_money(x, currency, said):
    assert money(x, currency) == said


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (0, "0%"),
        (0.0004, "less than 0.1%"),
        (0.054, "5.4%"),
        (0.0999, "10%"),
        (1, "100%"),
        (-0.2, "−20%"),
    ],
)
def test_percent(x, said):
    assert percent(x) == said


@pytest.mark.parametrize(
    ("x", "said"),
    [(0.0, "less than 1%"), (0.03, "3.0%"), (0.5, "50%"), (0.99, "99%"), (0.9996, "more than 99%")],
)
def test_a_chance_is_never_nothing_nor_certain(x, said):
    assert Words().say(Sentence("{x:chance}", {"x": x})) == said


@pytest.mark.parametrize(("x", "said"), [(-0.031, "−3.1"), (0.12, "12"), (0.0996, "10")])
def test_points_are_percentages_without_their_sign(x, said):
    assert Words().say(Sentence("{x:points}", {"x": x})) == said


def test_day_has_no_order_to_guess():
    assert day("2024-03-04") == "4 March 2024"
    assert day(pd.NaT) == "unknown"


def test_a_sentence_fills_its_template():
    template = (
        "{n:plural client clients} paid {x:money}, {p:percent} more, until {d:date}: {who:name}"
    )
    values = {"n": 1, "x": 2e6, "p": 0.25, "d": pd.Timestamp("2024-12-31"), "who": "A <b>"}
    said = Words("EUR").say(Sentence(template, values))
    assert said == "1 client paid €2 million, 25% more, until 31 December 2024: A <b>"
    assert Words().say(Sentence("{n:plural reply replies}", {"n": 1200})) == "1,200 replies"


def test_a_value_that_is_not_given_is_an_error():
    with pytest.raises(KeyError, match="missing"):
        Words().say(Sentence("{missing:count}", {}))


@pytest.mark.parametrize(
    ("days", "following", "alone"),
    [
        (364, "year", "a year"),
        (365.25, "year", "a year"),
        (60 * 30.4375, "five years", "five years"),
        (39 * 7, "39 weeks", "39 weeks"),
        (182, "26 weeks", "26 weeks"),
        (7, "week", "a week"),
        (14, "two weeks", "two weeks"),
        (3, "three days", "three days"),
        (30.4375, "month", "a month"),
        (18 * 30.4375, "18 months", "18 months"),
        (13 * 365.25, "13 years", "13 years"),
        (900, "2.5 years", "2.5 years"),
    ],
)
def test_a_span_stands_after_the_next_or_alone(days, following, alone):
    assert span(days) == following
    assert a_span(days) == alone


@pytest.mark.parametrize(
    ("days", "said"),
    [(1, "1 day"), (9, "9 days"), (63, "9 weeks"), (365, "1 year"), (767, "2.1 years")],
)
def test_duration(days, said):
    assert duration(days) == said


def test_a_range_has_the_unit_of_what_lies_in_it():
    assert between(105, 125, 112) == "between 15 and 18 weeks"
    assert between(840, 1240, 1020) == "between 2.3 and 3.4 years"
    assert between(112, 113, 112) == ""
    assert between(400, float("inf"), 900) == "13 months at the earliest"


def test_few_are_words():
    say = Words().say
    assert say(Sentence("{n:few} models", {"n": 4})) == "four models"
    assert say(Sentence("{n:few} models", {"n": 23})) == "23 models"


def test_a_number_below_nothing_has_a_minus_and_a_name_keeps_its_hyphen():
    said = Words("EUR").say(Sentence("{x:.2f} of {who:name}", {"x": -0.171, "who": "A-B"}))
    assert said == "−0.17 of A-B"
