"""Tables as people read them: a tidy frame in, an escaped accessible HTML table out.

How a column is written follows from its name, as docs/glossary.md has it: `residual_value` is
money, `p_alive` a share, `first_date` a date. A heading is the column's name in words.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from goodlib.report.words import money, percent

ROWS = 200
"""A table in a report shows no more rows; the run's tables/ hold them all."""

LONG = 1e8
"""A column with money of this size is written in words, three digits a cell; nine digits of an
estimate say nothing."""

KINDS = ("money", "percent", "count", "number", "date", "text")
BY_NAME = (
    (r"_(lower|upper)_\d\d$", ""),  # the bounds of an interval are written as what they bound
    (r"^(p_|share|.*_share$|hit_rate|.*_rate$|value_captured|bias$|response)", "percent"),
    (
        r"(^|_)(value|amount|good_for_you|value_if_won|margin|cost|spend|revenue|monetary_value|own|attributed|total)$",
        "money",
    ),
    (r"(^|_)(date|since|first_contact|as_of|origin|day)$", "date"),
    (r"^(frequency|count|n_.*|nobs|orders|customers|clients|.*_count)$", "count"),
    (r"(^|_)(id|name|year|kind)$|^level|^firm$|^top_today$", "text"),
)
HEADINGS = {
    "customer_id": "Customer",
    "prospect_id": "Prospect",
    "p_alive": "Chance still a customer",
    "p_won": "Chance to be won",
    "p_top": "Chance to be among the best",
    "sd": "Uncertainty (sd)",
    "T": "Time since first purchase",
    "recency": "First to last purchase",
    "frequency": "Repeat purchases",
    "monetary_value": "Mean of a purchase",
    "llf": "Log-likelihood",
    "aic": "AIC",
    "bic": "BIC",
    "nobs": "Customers",
    "n": "Number",
    "expected_referrals": "Referrals to come",
}


def kind(column: str, values: pd.Series | None = None) -> str:
    """How a column is written: one of KINDS."""
    name = re.sub(BY_NAME[0][0], "", column)
    for pattern, found in BY_NAME[1:]:
        if re.search(pattern, name):
            return found
    if values is None:
        return "number"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "text"
    known = values.dropna()
    whole = pd.api.types.is_integer_dtype(values) or (len(known) and known.mod(1).eq(0).all())
    return "count" if whole else "number"


def heading(column: str) -> str:
    """A column's name in words: `residual_value_lower_80` is "Residual value, lower 80%"."""
    bound = re.search(r"_(lower|upper)_(\d\d)$", column)
    name = column[: bound.start()] if bound else column
    words = HEADINGS.get(name) or name.removeprefix("n_").replace("_", " ")
    words = words[:1].upper() + words[1:]
    return f"{words}, {bound[1]} {bound[2]}%" if bound else words


def write(value: Any, how: str, currency: str = "", *, large: bool = False) -> str:
    """One cell in plain text; a missing value is a dash. `large`: the column holds `LONG` money."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if how == "text" or isinstance(value, str):
        return str(value)
    if how == "date":
        stamp = pd.Timestamp(value)
        return f"{stamp.day} {stamp:%b %Y}"
    if how == "money":
        return money(float(value), currency) if large else _money(float(value), currency)
    if how == "percent":
        return percent(float(value))
    if how == "count" and float(value).is_integer():
        return f"{value:,.0f}".replace("-", "−")
    return _number(float(value))


def to_html(
    frame: pd.DataFrame,
    caption: str,
    currency: str = "",
    formats: Mapping[str, str] | None = None,
) -> str:
    """The frame as a table with a caption and scoped headers; every cell is escaped.

    Raises
    ------
    ValueError
        An unknown format, or a format for a column that the frame does not have.
    """
    cells, kinds, left_out = _cells(frame, currency, formats)
    label = html.escape(caption, quote=True)
    head = "".join(
        f'<th scope="col" class="{how}">{html.escape(heading(str(column)))}</th>'
        for column, how in kinds.items()
    )
    rows = []
    for row in cells.itertuples(index=False):
        first, *others = zip(row, kinds.values(), strict=True)
        written = f'<th scope="row" class="{first[1]}">{html.escape(first[0])}</th>' + "".join(
            f'<td class="{how}">{html.escape(text)}</td>' for text, how in others
        )
        rows.append(f"<tr>{written}</tr>")
    more = f'<p class="more">{html.escape(left_out)}</p>' if left_out else ""
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{more}"
    )


def to_text(
    frame: pd.DataFrame, currency: str = "", formats: Mapping[str, str] | None = None
) -> str:
    """The same table in plain text."""
    cells, kinds, left_out = _cells(frame, currency, formats)
    text = cells.set_axis([heading(str(column)) for column in kinds], axis=1).to_string(index=False)
    return f"{text}\n{left_out}" if left_out else text


def _cells(
    frame: pd.DataFrame, currency: str, formats: Mapping[str, str] | None
) -> tuple[pd.DataFrame, dict[Any, str], str]:
    """All cells as text, how each column is written, and what is said about rows left out."""
    if not isinstance(frame.index, pd.RangeIndex) and frame.index.names != [None]:
        frame = frame.reset_index()
    elif not isinstance(frame.index, pd.RangeIndex) and frame.index.inferred_type == "string":
        frame = frame.rename_axis("").reset_index()
    if {"customer_id", "name"} <= set(frame) and frame["customer_id"].equals(frame["name"]):
        frame = frame.drop(columns="customer_id")
    formats = dict(formats or {})
    for column, how in formats.items():
        if how not in KINDS:
            message = f"The format {how!r} of column {column!r} is none of {', '.join(KINDS)}."
            raise ValueError(message)
        if column not in frame.columns:
            message = f"No column {column!r} to format; the table has {', '.join(map(str, frame))}."
            raise ValueError(message)
    kinds = {c: formats.get(c) or kind(str(c), frame[c]) for c in frame.columns}
    left_out = ""
    if len(frame) > ROWS:
        left_out = f"The first {ROWS:,} of {len(frame):,} rows."
        frame = frame.head(ROWS)
    large = {c for c, how in kinds.items() if how == "money" and frame[c].abs().max() >= LONG}
    cells = pd.DataFrame(
        {
            c: [write(value, how, currency, large=c in large) for value in frame[c]]
            for c, how in kinds.items()
        },
        columns=list(kinds),
        dtype=object,
    )
    return cells, kinds, left_out


def _money(x: float, currency: str) -> str:
    """Money with all its digits below a billion: in a column, length shows size."""
    if not 1e6 <= abs(x) < 1e9:
        return money(x, currency)
    unit = money(1.0, currency).removesuffix("1.00")
    return f"{'−' if x < 0 else ''}{unit}{abs(x):,.0f}"


def _number(x: float) -> str:
    """Three significant digits, no exponents."""
    if not math.isfinite(x):
        return "unknown"
    digits = 0 if x == 0 else max(0, 2 - math.floor(math.log10(abs(x))))
    return f"{x:,.{min(digits, 6)}f}".replace("-", "−")
