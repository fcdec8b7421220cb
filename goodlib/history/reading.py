"""From text to ids, dates, numbers and scores; what reads two ways is asked, never guessed."""

from __future__ import annotations

from collections.abc import Iterator

from goodlib.history.canonical import Canonical
from goodlib.history.engine import DuckDB, column, quoted
from goodlib.history.study import Table

FORMATS = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y"),
)
TIMES = ("", " %H:%M", " %H:%M:%S")
"""What may follow a date."""
POINT = r"[-+]?(\d{1,3}([, ]\d{3})+|\d+)?(\.\d*)?(e[-+]?\d+)?"
COMMA = r"[-+]?(\d{1,3}([. ]\d{3})+|\d+)?(,\d*)?"
"""Numbers as text, with a point or a comma as decimal mark and thousands set apart or not."""
SIGNS = "€$£¥"
ANSWERS = ("would_have_come_anyway",)
"""Shares that people write as yes and no."""
YES, NO = ("yes", "y", "true"), ("no", "n", "false")
Problem = tuple[str, str, int, str, str]


class AmbiguousDates(ValueError):
    """Dates that read both as day/month and as month/day."""


def parse(engine: DuckDB, name: str, canonical: Canonical, part: Table) -> Iterator[Problem]:
    """Makes `parsed` from `staged`: typed columns, and `_column` with what was there before."""
    types = engine.columns("staged")
    chosen = ["line"]
    for key, kind in types.items():
        if key == "line":
            continue
        sql = column(key)
        text = _text(sql, kind)
        given = text if kind == "VARCHAR" else sql
        if key in canonical.dates:
            parsed, note = _date(engine, name, key, kind, part)
            if note:
                yield note
            chosen += [f"{parsed} as {sql}", f"{given} as {column('_' + key)}"]
        elif key in canonical.numbers:
            chosen += [f"{_number(engine, key, kind, part)} as {sql}"]
            chosen += [f"{given} as {column('_' + key)}"]
        elif name == "prospects" and key == "outcome":
            chosen.append(f"nullif(lower(trim({text})), '') as {sql}")
        elif name == "ratings" and key == "score":
            chosen += [f"{_score(text, part)} as score", f"{text} as _score"]
        else:
            chosen.append(f"{text} as {sql}")
    engine.table("parsed", f"select {', '.join(chosen)} from staged")


def check_scale(engine: DuckDB, part: Table) -> None:
    """Refuses scores that the study's scale does not have."""
    if not part.scale and not part.item_scales:
        return
    bad = engine.frame("select count(*) as n, min(line) as line from kept where score = -1").iloc[0]
    if bad["n"]:
        first = f"from kept where score = -1 and line = {bad['line']}"
        said, item = engine.value(f"select _score {first}"), None
        if part.item_scales:
            item = engine.value(f"select item {first}")
        message = (
            f"a score{f' of {item!r}' if item else ''} must be one of "
            f"{part.item_scales.get(item, part.scale)}: {int(bad['n']):,} are not (first: row "
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
    total, as_iso = map(int, engine.frame(f"select count(*), count({iso}) {filled}").iloc[0])
    if as_iso >= 0.5 * total:
        return iso, _zones(engine, name, key, text, filled, total)
    reads = [f"count({_strptime(text, form)})" for form in FORMATS]
    others = engine.frame(f"select {', '.join(reads)} {filled}").iloc[0]
    if not others.any():
        return iso, _zones(engine, name, key, text, filled, total)
    read = {form: int(count) for form, count in zip(FORMATS, others, strict=True)}
    best = max(FORMATS, key=lambda form: read[form])
    first = engine.value(f"select {text} {filled} order by line limit 1")
    other = best.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    if other != best and read.get(other, 0) >= 0.99 * read[best]:
        message = (
            f"{key} reads both as day/month and as month/day: of {total:,} dates {read[best]:,} "
            f"read as {best} and {read[other]:,} as {other} (first: {first!r}). Say date_format: "
            f"{quoted(best)} or {quoted(other)} under tables.{name}."
        )
        raise AmbiguousDates(message)
    said = f"read as {best}: {read[best]:,} of {total:,} read so, every other way fewer"
    return _strptime(text, best), (name, f"{key} is not ISO", total, str(first), said)


def _zones(
    engine: DuckDB, name: str, key: str, text: str, filled: str, total: int
) -> Problem | None:
    """Some of the times name their zone and some do not: hours apart, and nobody can tell."""
    zoned = f"regexp_matches({text}, '\\d\\d:\\d\\d(:[\\d.]+)? ?(Z|UTC|[+-]\\d\\d(:?\\d\\d)?)$')"
    some = engine.frame(
        f"select count(*) as n, min_by({text}, line) as first {filled} and {zoned}"
    ).iloc[0]
    if not 0 < some["n"] < total:
        return None
    said = "read as the clock showed: zones are ignored"
    return name, f"{key} names a time zone in some rows", int(some["n"]), str(some["first"]), said


def _strptime(text: str, form: str) -> str:
    forms = ", ".join(quoted(form + time) for time in TIMES)
    return f"try_strptime({text}, [{forms}])"


def _number(engine: DuckDB, key: str, kind: str, part: Table) -> str:
    sql = column(key)
    if kind != "VARCHAR":
        number = f"try_cast({sql} as double)"
        return f"case when isfinite({number}) then {number} end"
    signs = engine.frame(
        f"select regexp_extract({sql}, '[{SIGNS}]') as sign, count(*) as n from staged "
        f"where regexp_matches({sql}, '[{SIGNS}]') group by 1 order by 2 desc, 1"
    )
    if len(signs) > 1:
        found = ", ".join(f"{sign} {n:,}" for sign, n in signs.itertuples(index=False))
        message = (
            f"{key} must be in one currency, and {len(signs)} signs stand beside its numbers: "
            f"{found}. Convert them, or keep one with `where`."
        )
        raise ValueError(message)
    # a currency sign and spaces are no part of the number; a narrow space sets thousands apart
    bare = f"replace(replace({sql}, chr(160), ' '), chr(8239), ' ')"
    bare = f"lower(trim(regexp_replace({bare}, '[{SIGNS}]', '')))"
    bare = f"regexp_replace({bare}, '^([-+]) +', '\\1')"
    decimal = part.decimal or _decimal(engine, key, bare)
    form, thousands = (POINT, "[, ]") if decimal == "." else (COMMA, "[. ]")
    digits = f"replace(regexp_replace({bare}, '{thousands}', '', 'g'), ',', '.')"
    number = f"case when regexp_full_match({bare}, '{form}') then try_cast({digits} as double) end"
    if key in ANSWERS:
        yes, no = (f"lower(trim({sql})) in {words}" for words in (YES, NO))
        return f"case when {yes} then 1 when {no} then 0 else {number} end"
    return number


def _decimal(engine: DuckDB, key: str, bare: str) -> str:
    """The decimal mark of a column of text: the one with which more of it reads as numbers.

    Raises
    ------
    ValueError
        Numbers read either way, and differ by it ("1.234" alone: a thousand, or a little more
        than one).
    """
    point, comma, both = (
        f"regexp_full_match({bare}, '{POINT}')",
        f"regexp_full_match({bare}, '{COMMA}')",
        f"regexp_matches({bare}, '[.,]')",
    )
    row = engine.frame(
        f"select sum(({point})::int) as point, sum(({comma})::int) as comma, "
        f"sum((({point}) and ({comma}) and {both})::int) as both, "
        f"min_by({column(key)}, line) filter ((({point}) and ({comma}) and {both})) as first "
        f"from staged where {column(key)} is not null"
    ).iloc[0]
    if row["point"] == row["comma"] and row["both"]:
        message = (
            f"{key} reads with a decimal point and with a decimal comma: {int(row['both']):,} "
            f"numbers mean something else each way (first: {row['first']!r}). Say decimal: '.' or "
            "decimal: ',' for the table."
        )
        raise ValueError(message)
    return "," if row["comma"] > row["point"] else "."


def _score(text: str, part: Table) -> str:
    """A score's place on its item's scale (words count from 1); -1 where that does not have it."""
    own = [
        f"when item = {quoted(item)} then {_place(text, scale, part.missing)}"
        for item, scale in part.item_scales.items()
    ]
    common = _place(text, part.scale, part.missing)
    return f"case {' '.join(own)} else {common} end" if own else common


def _place(text: str, scale: list[str | int | float] | None, absent: list[str]) -> str:
    missing = ", ".join(quoted(word) for word in absent)
    known = f"when {text} in ({missing}) then null" if missing else ""
    if not scale:
        return f"case {known} else try_cast({text} as double) end"
    if any(isinstance(step, str) for step in scale):
        places = " ".join(
            f"when {text} = {quoted(str(step))} then {place}"
            for place, step in enumerate(scale, start=1)
        )
        return f"case when {text} is null then null {known} {places} else -1 end"
    number = f"try_cast({text} as double)"
    steps = ", ".join(str(float(step)) for step in scale)
    # a word on a scale of numbers ("don't know") is no score; a number off the scale is a mistake
    return (
        f"case {known or 'when false then null'} when {number} is null then null "
        f"when {number} in ({steps}) then {number} else -1 end"
    )
