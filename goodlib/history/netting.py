"""Orders become purchases: one currency, no row twice unasked, refunds taken off their day."""

from __future__ import annotations

from collections.abc import Iterator

from goodlib.history.engine import DuckDB, column, query
from goodlib.history.reading import Problem
from goodlib.history.study import Study

CURRENCY = ("currency", "currency_code", "currencycode", "curr", "ccy", "waehrung", "währung")
"""What a column of currencies is called, in small letters."""


def check_currency(engine: DuckDB, table: str) -> None:
    """Refuses amounts in more than one currency, by a column that says so.

    Raises
    ------
    ValueError
        A column of currencies holds two.
    """
    for name in engine.columns(table):
        if name.lower() not in CURRENCY:
            continue
        found = engine.frame(
            f"select trim(cast({column(name)} as varchar)) as currency, count(*) as n "
            f"from {table} where {column(name)} is not null group by 1 order by 2 desc, 1"
        )
        if len(found) > 1:
            counts = ", ".join(f"{c} {n:,}" for c, n in found.itertuples(index=False))
            message = (
                f"amounts must be in one currency, and the column {name!r} has {len(found)}: "
                f"{counts}. Convert them, or keep one with `where`."
            )
            raise ValueError(message)


def net(engine: DuckDB, study: Study) -> Iterator[Problem]:
    """Takes repeated rows (where the study says so) and days without a purchase out of `kept`."""
    yield from _repeats(engine, drop=study.options.duplicates == "drop")
    yield from _refunds(engine)
    yield from _found(engine, "amount is zero", "amount = 0", "kept as purchases (options.zero)")


def _repeats(engine: DuckDB, *, drop: bool) -> Iterator[Problem]:
    there = [key for key in engine.columns("kept") if key != "line" and not key.startswith("_")]
    keys = ", ".join(column(key) for key in there)
    engine.table("repeats", query("repeats", keys=keys))
    said = "left out but for one" if drop else "kept (options.duplicates)"
    yield from _found(engine, "alike in every mapped column", "line in (from repeats)", said)
    if drop:
        engine.table("kept", "select * from kept where line not in (from repeats)")


def _refunds(engine: DuckDB) -> Iterator[Problem]:
    yield from _found(engine, "refund", "amount < 0", "netted into their day ({total})")
    engine.table("days", query("days_without_purchase"))
    gone = "(customer_id, cast(date as date)) in (select customer_id, day from days)"
    said = "left out as no purchase ({total})"
    yield from _found(engine, "day whose refunds reach its orders", gone, said)
    engine.table("kept", f"select * from kept where not {gone}")


def _found(engine: DuckDB, rule: str, condition: str, consequence: str) -> Iterator[Problem]:
    """The rows of `kept` that meet a condition, where there are any."""
    row = engine.frame(
        "select count(*) as n, min(line) as line, min_by(customer_id, line) as who, "
        f"coalesce(sum(amount), 0) as total from kept where {condition}"
    ).iloc[0]
    if row["n"]:
        said = consequence.format(total=f"{row['total']:,.2f} in all")
        yield ("orders", rule, int(row["n"]), f"row {int(row['line'])}: {row['who']}", said)
