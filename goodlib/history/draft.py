"""A study file drafted from a file of orders; what was guessed is said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from goodlib.history import reading, source
from goodlib.history.canonical import CANONICAL
from goodlib.history.engine import DuckDB, column
from goodlib.history.study import StudyError, Table

NAMES = {
    "customer_id": r"customer|client|kunde|account|buyer|member|cust",
    "date": r"date|datum|day|invoiced|ordered|time|booked",
    "amount": r"amount|total|revenue|fee|betrag|umsatz|net|value|sales|price|paid|spend",
    "cost": r"cost|kosten|expense|cogs",
}
QUANTITY, PRICE = r"^(quantity|qty|units?|menge|anzahl)$", r"^(unit_?price|price|preis)$"
TEMPLATE = """\
# {name}: drafted by `goodlib new` from {file}. Lines marked (guessed) want a look.
title: {title}
currency: {currency} # (guessed) the three letters of ISO 4217
as_of: {as_of} # (guessed) the last day the history knows: here that of its last order
unit: {unit} # (guessed) D, W, M, Q or Y: the unit in which customers' habits are counted
horizon: {horizon} # how many of these units to look ahead
discount: 0.10 # effective annual rate at which later money counts less
# calibration_end: {calibration_end} # forecasts are tested on what came after it
{margin}top_share: 0.10 # whom you call your best customers
# balance: {{others: 0.15, skill: 0.25, you: 0.60}} # shares of effort you want in the three goods
source: "" # where the data comes from, as a reader should cite it

tables:
  orders:
    file: {path}
    columns:
{columns}
{date_format}    # where: "status <> 'draft'" # rows to keep; the others are counted
  # more tables, each as far as you have it: customers, ratings, interactions, referrals, prospects,
  # efforts, services (docs/glossary.md names their columns)
# stages: [first talk, proposal, negotiation] # those of your prospects, first to last
# options:
#   refunds: net # or drop; negative amounts are taken off the day they fall on
#   duplicates: keep # or drop rows that are alike in every mapped column
"""
MARGIN = "margin: 1 # (guessed) value counts revenue; better the share of an amount that stays\n"


class Draft(NamedTuple):
    """A drafted study file."""

    text: str
    guesses: list[str]
    """What was guessed and from what, a sentence each."""


def draft(name: str, orders: Path, root: Path) -> Draft:
    """A study file for `orders`, whose path is written relative to `root` where it lies there.

    Raises
    ------
    StudyError
        No column looks like a customer, a date or an amount.
    """
    orders, root = orders.resolve(), root.resolve()
    with DuckDB() as engine:
        _load(engine, orders)
        there = engine.columns("raw")
        frame = engine.frame("select * from (select *, row_number() over () as line from raw)")
        guessed, guesses = _columns(engine, there)
        dates, form = _dates(frame[guessed["date"]])
        guesses.append(f"date: {form.said}")
    money = next((c for c in there if c.lower() in ("currency", "ccy")), None)
    currency = str(frame[money].mode().iloc[0]) if money else "EUR"
    guesses.append(
        f"currency: {currency}" + (f", from {money!r}" if money else ", nothing says so")
    )
    unit, horizon = _unit(frame[guessed["customer_id"]], dates)
    guesses.append(f"unit: {unit}, from the days between a customer's orders")
    if "cost" not in guessed:
        guesses.append("margin: 1, no column of costs: value counts revenue")
    last = dates[dates <= pd.Timestamp.now()].max()
    text = TEMPLATE.format(
        name=name,
        title=_quoted(name),
        file=orders.name,
        currency=currency if re.fullmatch("[A-Z]{3}", currency) else "EUR",
        as_of=f"{last:%Y-%m-%d}",
        unit=unit,
        horizon=horizon,
        calibration_end=f"{last - pd.Timedelta(days=365):%Y-%m-%d}",
        margin="" if "cost" in guessed else MARGIN,
        path=_quoted(orders.relative_to(root) if orders.is_relative_to(root) else orders),
        columns="\n".join(_lines(guessed, there)),
        date_format=form.line,
    )
    return Draft(text, guesses)


class _Form(NamedTuple):
    line: str
    said: str


def _load(engine: DuckDB, orders: Path) -> None:
    try:
        source.load(engine, "raw", Table(file=orders.name), orders.parent)
    except (ValueError, OSError) as error:
        raise StudyError(str(error)) from None
    if not engine.value("select count(*) from raw"):
        message = f"{orders.name} has a header and no rows: there is nothing to guess from."
        raise StudyError(message)


def _columns(engine: DuckDB, there: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Canonical name: column or expression; and why."""
    share = {
        key: {
            "date": _share(engine, f"coalesce(try_cast({_text(key)} as timestamp), {_any(key)})"),
            "amount": _share(engine, f"regexp_extract({_text(key)}, '^[-+€$£¥ ]*[0-9][0-9., ]*$')"),
        }
        for key in there
    }
    chosen: dict[str, str] = {}
    guesses = []
    for wanted in ("date", "customer_id", "amount", "cost"):
        pattern = NAMES[wanted]
        free = [key for key in there if key not in chosen.values()]
        named = [key for key in free if re.search(pattern, key.lower())]
        if wanted in ("date", "amount", "cost"):
            content = "date" if wanted == "date" else "amount"
            named = [key for key in named if share[key][content] > 0.9]
            if wanted == "date":
                named = named or [key for key in free if share[key]["date"] > 0.9]
        if wanted == "customer_id":
            named.sort(key=lambda key: not re.search(r"id|no|num|code|key", key.lower()))
        if wanted == "amount":
            named.sort(key=lambda key: bool(re.search(r"price|unit", key.lower())))
        product = _product(free) if wanted == "amount" else None
        if product and (not named or re.search("price", named[0].lower())):
            chosen[wanted] = product
            guesses.append(f"amount: {product}, a quantity and a price")
        elif named:
            chosen[wanted] = named[0]
            other = f" (or {', '.join(named[1:])})" if named[1:] else ""
            guesses.append(f"{wanted}: the column {named[0]!r}{other}")
        elif wanted in CANONICAL["orders"].required:
            message = (
                f"No column looks like {wanted.replace('_id', '')}: there are {list(there)}. Write "
                "the study file by hand; studies/demo.yml is one to start from."
            )
            raise StudyError(message)
    return chosen, guesses


def _share(engine: DuckDB, sql: str) -> float:
    """The share of filled values that an expression makes something of."""
    return float(
        engine.value(
            f"select coalesce(avg((nullif(cast({sql} as varchar), '') is not null)::int), 0) "
            "from (select * from raw limit 2000)"
        )
    )


def _text(key: str) -> str:
    return f"trim(cast({column(key)} as varchar))"


def _any(key: str) -> str:
    forms = ", ".join(f"'{form}{time}'" for form in reading.FORMATS for time in reading.TIMES)
    return f"try_strptime({_text(key)}, [{forms}])"


def _product(free: Iterable[str]) -> str | None:
    quantity = next((key for key in free if re.match(QUANTITY, key.lower())), None)
    price = next((key for key in free if re.match(PRICE, key.lower())), None)
    return f"{column(quantity)} * {column(price)}" if quantity and price else None


def _dates(values: pd.Series) -> tuple[pd.Series, _Form]:
    """The dates, and the line of the study file that says how they are written."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values, _Form("", "dates, as the file has them")
    text = values.astype("string").str.strip()
    iso = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if iso.notna().mean() > 0.5 and not text.str.fullmatch(r"\d{8}").all():
        return iso, _Form("", "ISO dates")
    read = {
        form + time: pd.to_datetime(text, format=form + time, errors="coerce")
        for form in reading.FORMATS
        for time in reading.TIMES
    }
    counts = {form: int(found.notna().sum()) for form, found in read.items()}
    best = max(counts, key=lambda form: counts[form])
    other = best.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    if other != best and counts.get(other) == counts[best]:
        line = (
            f'    # date_format: "{best}" # or "{other}": the dates read both ways, so say which\n'
        )
        said = f"dates read as {best} and as {other}: uncomment date_format and say which"
        return read[best], _Form(line, said)
    line = f'    date_format: "{best}" # (guessed) {counts[best]:,} of {len(text):,} read so\n'
    return read[best], _Form(line, f"dates written {best}, {counts[best]:,} of {len(text):,}")


def _unit(customers: pd.Series, dates: pd.Series) -> tuple[str, int]:
    """The unit in which customers' gaps are a few, and a year of it or half the history."""
    days = pd.DataFrame({"customer": customers.astype("string"), "day": dates.dt.normalize()})
    days = days.dropna().drop_duplicates().sort_values(["customer", "day"])
    gap = days.groupby("customer")["day"].diff().dt.days.median()
    half = (days["day"].max() - days["day"].min()).days / 2
    unit, length, year = ("M", 30.4375, 12) if gap > 60 else ("W", 7, 52)
    return unit, max(1, min(year, int(half / length)))


def _lines(guessed: dict[str, str], there: dict[str, str]) -> list[str]:
    order = [key for key in NAMES if key in guessed]
    kept = [f"      {key}: {_quoted(guessed[key])} # (guessed)" for key in order]
    used = " ".join(guessed.values())
    rest = ", ".join(key for key in there if key not in used)
    said = f"      # not used: {rest}; add what describes an order, such as industry: column"
    return [*kept, said] if rest else kept


def _quoted(value: Any) -> str:
    text = value.as_posix() if isinstance(value, Path) else str(value)
    return "'" + text.replace("'", "''") + "'"
