"""Numbers as the report says them."""

import pandas as pd
import pytest

from goodlib.report.words import Sentence, Words, day, money, percent


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
