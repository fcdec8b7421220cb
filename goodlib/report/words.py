"""How the report says numbers: a sentence is a template and the values it quotes.

Format specifications beyond Python's own: `{x:money}` (in the study's currency, three significant
digits from a million on), `{x:percent}`, `{x:count}`, `{x:date}`, `{x:name}` (data as it stands; it
is escaped where it is shown), `{x:few}` (one to twelve in words), `{x:chance}` (a percentage "
"that is
never 0 or 100), `{x:points}` (of two shares' difference), and `{n:plural customer customers}`.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from datetime import date
from numbers import Real
from typing import Any, NamedTuple

import pandas as pd

LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


class Sentence(NamedTuple):
    """A generated sentence."""

    text: str
    """The template, with `{name:format}` fields."""
    values: Mapping[str, Any]
    """The numbers it quotes, by name; they are kept in values.json."""


def money(x: float, currency: str = "") -> str:
    """`x` with its currency: thousands grouped below a million, words from there on."""
    if x is None or not math.isfinite(x):
        return "unknown"
    symbol = SYMBOLS.get(currency, f"{currency} " if currency else "")
    sign, size = ("−" if x < 0 else ""), abs(x)
    for unit, word in LARGE:
        if size >= unit * 0.9995:
            return f"{sign}{symbol}{_three_digits(size / unit)} {word}"
    whole = size >= 100 or size == 0
    return f"{sign}{symbol}{size:,.0f}" if whole else f"{sign}{symbol}{size:,.2f}"


def percent(x: float) -> str:
    """A share as a percentage, whole from 10 % on, else with one digit."""
    if x is None or not math.isfinite(x):
        return "unknown"
    if 0 < abs(x) < 0.0005:
        return "less than 0.1%" if x > 0 else "more than −0.1%"
    return (f"{x:.0%}" if abs(x) >= 0.0995 or x == 0 else f"{x:.1%}").replace("-", "−")


def chance(x: float) -> str:
    """A chance as a percentage; nothing that may happen is written as 0 or 100 %."""
    if x < 0.005:
        return "less than 1%"
    return "more than 99%" if x > 0.99 else percent(x)


def points(x: float) -> str:
    """A difference of two shares, in percentage points: a digit below ten, as in `percent`."""
    digits = 0 if abs(x) >= 0.0995 else 1
    return f"{100 * x:.{digits}f}".replace("-", "−")


def _three_digits(x: float) -> str:
    """1.20, 12.3, 123, 1,234; whole numbers as they are."""
    rounded = float(f"{x:.3g}")
    if rounded >= 100 or rounded.is_integer():
        return f"{x:,.0f}"
    return f"{x:.2f}" if rounded < 10 else f"{x:.1f}"


def day(x: Any) -> str:
    """A date as the reader writes it in any country: 30 September 1997."""
    stamp = pd.Timestamp(x)
    return "unknown" if pd.isna(stamp) else f"{stamp.day} {stamp:%B %Y}"


NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()


def duration(days: float) -> str:
    """A length of time in the unit a reader would choose: 9 days, 9 weeks, 9 months, 2.1 years."""
    if not math.isfinite(days):
        return "more than a lifetime"
    number, unit = _measured(days, _unit(days))
    return f"{number} {unit}" + ("" if number == "1" else "s")


def between(lower: float, upper: float, like: float) -> str:
    """A range of lengths of time in the unit of one within it: "between 2.3 and 3.4 years".

    Empty where both ends read alike.
    """
    unit = _unit(like)
    if not math.isfinite(upper):
        return f"{duration(lower)} at the earliest"
    (low, word), (high, _) = _measured(lower, unit), _measured(upper, unit)
    return f"between {low} and {high} {word}s" if low != high else ""


UNITS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


def _unit(days: float) -> str:
    """Days to a fortnight, weeks to four months, months to two years; whole years as years."""
    years = days / 365.25
    if years > 0.98 and abs(years - round(years)) < 0.02:
        return "year"
    limits = {"day": 14, "week": 120, "month": 730}
    return next((unit for unit, limit in limits.items() if days < limit), "year")


def _measured(days: float, unit: str) -> tuple[str, str]:
    """A number of units as it is read: years below ten with a digit unless they are whole."""
    number = days / UNITS[unit]
    whole = unit != "year" or number >= 10 or abs(number - round(number)) < 0.02
    return (f"{number:,.0f}" if whole else f"{number:.1f}"), unit


def span(days: float) -> str:
    """A length of time as it stands after "the next" or "the last": year, five years, 39 weeks.

    Whole weeks up to a year stay weeks, whole months up to two years months.
    """
    years = days / 365.25
    if abs(years - round(years)) < 0.02 and round(years) >= 1:
        whole = round(years)
        return "year" if whole == 1 else f"{_number(whole)} years"
    for unit, size, limit in (("week", 7, 366), ("day", 1, 14), ("month", 30.4375, 731)):
        number = round(days / size)
        if days < limit and (abs(days / size - number) < 0.05 or unit == "month"):
            return unit if number == 1 else f"{_number(number)} {unit}s"
    return f"{years:.1f} years"


def a_span(days: float) -> str:
    """The same where it stands alone, as in "within a year": a year, five years, 39 weeks."""
    words = span(days)
    return f"a {words}" if " " not in words else words


def _number(n: int) -> str:
    """One to twelve in words."""
    return NUMBERS[n - 1] if 1 <= n <= 12 else f"{n:,}"


class Words(string.Formatter):
    """Fills a sentence's template; knows the study's currency."""

    def __init__(self, currency: str = "") -> None:
        self.currency = currency

    def say(self, sentence: Sentence) -> str:
        """The sentence as plain text (not escaped: that is done where it is shown)."""
        return self.vformat(sentence.text, (), dict(sentence.values))

    def format_field(self, value: Any, format_spec: str) -> str:
        word, _, rest = format_spec.partition(" ")
        if word == "plural":
            one, many = rest.split(" ") if " " in rest else (rest, rest + "s")
            return f"{value:,.0f} {one if value == 1 else many}"
        if word == "money":
            return money(float(value), self.currency)
        if word == "percent":
            return percent(float(value))
        if word == "chance":
            return chance(float(value))
        if word == "points":
            return points(float(value))
        if word == "count":
            return f"{value:,.0f}"
        if word == "few":
            return _number(int(value))
        if word == "date" or isinstance(value, date):
            return day(value)
        if word == "name":
            return str(value)
        said = super().format_field(value, format_spec)
        number = isinstance(value, Real) and not isinstance(value, bool)
        return said.replace("-", "−") if number else said  # a hyphen is no minus
