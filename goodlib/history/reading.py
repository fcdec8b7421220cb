"""From text to ids, dates, numbers and scores; what reads two ways is asked, never guessed."""

from __future__ import annotations

from collections.abc import Iterator

from goodlib.history.canonical import Canonical
from goodlib.history.engine import DuckDB, column, quoted
from goodlib.history.source import decimal_of
from goodlib.history.study import Table

FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d")
ANSWERS = ("would_have_come_anyway",)
"""Shares that people write as yes and no."""
YES, NO = ("yes", "y", "true"), ("no", "n", "false")
Problem = tuple[str, str, int, str, str]


class AmbiguousDates(ValueError):
    """Dates that read both as day/month and as month/day."""


def parse(engine: DuckDB, name: str, canonical: Canonical, part: Table) -> Iterator[Problem]:
    """Makes `parsed` from `staged`: typed columns, and `_column` with the text as it was."""
    types = engine.columns("staged")
    chosen = ["line"]
    for key, kind in types.items():
        if key == "line":
            continue
        sql = column(key)
        text = _text(sql, kind)
        if key in canonical.dates:
            parsed, note = _date(engine, name, key, kind, part)
            if note:
                yield note
            chosen += [f"{parsed} as {sql}", f"{text} as {column('_' + key)}"]
        elif key in canonical.numbers:
            chosen += [f"{_number(engine, key, kind, part)} as {sql}"]
            chosen += [f"{text} as {column('_' + key)}"]
        elif name == "ratings" and key == "score":
            chosen += [f"{_score(text, part)} as score", f"{text} as _score"]
        else:
            chosen.append(f"{text} as {sql}")
    engine.table("parsed", f"select {', '.join(chosen)} from staged")


def check_scale(engine: DuckDB, part: Table) -> None:
    """Refuses scores that the study's scale does not have."""
    if not part.scale:
        return
    bad = engine.frame("select count(*) as n, min(line) as line from kept where score = -1").iloc[0]
    if bad["n"]:
        said = engine.value(f"select _score from kept where score = -1 and line = {bad['line']}")
        message = (
            f"a score must be one of {part.scale}: {int(bad['n']):,} are not (first: row "
            f"{int(bad['line'])}, {said!r}). Add it to the scale in its order, or to `missing`."
        )
        raise ValueError(message)


def _text(sql: str, kind: str) -> str:
    """A column as trimmed text; whole numbers without a decimal point, empty text missing."""
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"case when {sql} = floor({sql}) then cast(cast({sql} as bigint) as varchar) "
        return f"nullif({whole} else cast({sql} as varchar) end, '')"
    return f"nullif(trim(cast({sql} as varchar)), '')"


def _date(
    engine: DuckDB, name: str, key: str, kind: str, part: Table
) -> tuple[str, Problem | None]:
    sql = column(key)
    if kind.startswith("TIMESTAMP WITH"):
        return f"cast({sql} at time zone 'UTC' as timestamp)", None
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"cast({sql} as timestamp)", None
    text = f"trim(cast({sql} as varchar))"
    if part.date_format:
        return f"try_strptime({text}, {quoted(part.date_format)})", None
    iso = f"try_cast({text} as timestamp)"
    filled = f"from staged where nullif({text}, '') is not null"
    total = int(engine.value(f"select count(*) {filled}"))
    if int(engine.value(f"select count({iso}) {filled}")) >= 0.5 * total:
        return iso, None
    read = {
        form: int(engine.value(f"select count(try_strptime({text}, {quoted(form)})) {filled}"))
        for form in FORMATS
    }
    best = max(FORMATS, key=lambda form: read[form])
    if not read[best]:
        return iso, None
    first = engine.value(f"select {text} {filled} limit 1")
    other = best.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    if read.get(other, 0) == read[best] and other != best:
        message = (
            f"{key} reads both as day/month and as month/day: {read[best]:,} of "
            f"{total:,} dates read either way (first: {first!r}). Say date_format: "
            f"{quoted(best)} or {quoted(other)} under tables.{name}."
        )
        raise AmbiguousDates(message)
    said = f"read as {best}: {read[best]:,} of {total:,} read so, every other way fewer"
    return (
        f"try_strptime({text}, {quoted(best)})",
        (name, f"{key} is not ISO", total, str(first), said),
    )


def _number(engine: DuckDB, key: str, kind: str, part: Table) -> str:
    sql = column(key)
    if kind != "VARCHAR":
        return f"try_cast({sql} as double)"
    decimal = part.decimal
    if decimal is None:
        values = engine.frame(
            f"select distinct {sql} as value from staged where {sql} is not null limit 5000"
        )
        decimal = decimal_of(values["value"].astype(str).tolist())
    thousands = "," if decimal == "." else "."
    bare = f"replace(replace(replace({sql}, {quoted(thousands)}, ''), ' ', ''), chr(160), '')"
    # a currency sign before or after the number is no part of it
    bare = f"regexp_replace({bare}, '^([-+]?)[€$£¥]|[€$£¥]$', '\\1')"
    number = f"try_cast(replace({bare}, {quoted(decimal)}, '.') as double)"
    if key in ANSWERS:
        yes, no = (f"lower(trim({sql})) in {words}" for words in (YES, NO))
        return f"case when {yes} then 1 when {no} then 0 else {number} end"
    return number


def _score(text: str, part: Table) -> str:
    """A score's place on the scale (words count from 1); -1 where the scale does not have it."""
    missing = ", ".join(quoted(word) for word in part.missing)
    known = f"when {text} in ({missing}) then null" if missing else ""
    if not part.scale:
        return f"case {known} else try_cast({text} as double) end"
    words = any(isinstance(step, str) for step in part.scale)
    if words:
        places = " ".join(
            f"when {text} = {quoted(step)} then {place}"
            for place, step in enumerate(part.scale, start=1)
        )
        return f"case when {text} is null then null {known} {places} else -1 end"
    number = f"try_cast({text} as double)"
    steps = ", ".join(str(float(step)) for step in part.scale)
    # a word on a scale of numbers ("don't know") is no score; a number off the scale is a mistake
    return (
        f"case {known or 'when false then null'} when {number} is null then null "
        f"when {number} in ({steps}) then {number} else -1 end"
    )
