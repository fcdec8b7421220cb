"""Raw tables in, checked canonical tables out, with every row that does not come through counted.

Each rule is one SQL condition; the first that a row breaks is why it is left out. Rules that would
cost more rows than the study allows, or that leave nothing to study, refuse the history instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd

from goodlib.history import reading, source
from goodlib.history.canonical import CANONICAL, Canonical
from goodlib.history.engine import DuckDB, EngineError, column, quoted
from goodlib.history.study import Study, Table

T = TypeVar("T")
COLUMNS = ["table", "rule", "count", "first", "consequence"]


class IntakeError(ValueError):
    """The history cannot serve; `problems` holds all that was found."""

    def __init__(self, message: str, problems: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.problems = pd.DataFrame(columns=COLUMNS) if problems is None else problems


class IntakeWarning(UserWarning):
    """Something of the history was left out, netted or assumed."""


class History(NamedTuple):
    """Canonical tables and what happened on the way to them."""

    tables: dict[str, pd.DataFrame]
    """By canonical name; a table that the study does not name is not there."""
    problems: pd.DataFrame
    """One row a rule: table, rule, count, first, consequence."""


class Rule(NamedTuple):
    """A reason to leave a row out."""

    name: str
    broken: str
    """SQL condition."""
    shown: str
    """SQL expression of what the first offender has there."""
    unreadable: bool = False
    """Counts towards the share of unreadable rows above which a history is refused."""


def read_history(study: Study) -> History:
    """All canonical tables of a study.

    Raises
    ------
    IntakeError
        A table cannot be read, a column is missing, dates read both ways, too many rows are
        unreadable, two currencies, or no history of repeated orders is left.
    """
    tables, problems = {}, []
    with DuckDB() as engine:
        for name in CANONICAL:
            frames = []
            for part in study.sources(name):
                frame, found = _read(engine, study, name, part)
                frames.append(frame)
                problems.extend(found)
            if frames:
                tables[name] = pd.concat(frames, ignore_index=True)
    frame = pd.DataFrame(problems, columns=COLUMNS)
    _check_serves(tables["orders"], frame)
    return History(tables, frame)


def read_orders(
    orders: str | Path | pd.DataFrame,
    *,
    customer: str,
    date: str,
    amount: str,
    date_format: str | None = None,
    **columns: str,
) -> pd.DataFrame:
    """The canonical orders of a file or frame: customer_id (text), date, amount.

    Parameters
    ----------
    orders : path to CSV, Parquet or Excel, or DataFrame
    customer, date, amount : str
        The columns (or SQL expressions over them) that hold these.
    date_format : str, optional
        strptime format of the dates where they are text and not ISO.
    **columns : str
        Further canonical columns, such as `cost="expenses"`.

    Warns
    -----
    IntakeWarning
        One for each rule that left rows out, with count and first offender.
    """
    mapping = {"customer_id": customer, "date": date, "amount": amount} | columns
    with DuckDB() as engine:
        if isinstance(orders, pd.DataFrame):
            engine.register("given", orders)
            part = Table(query="select * from given", columns=mapping, date_format=date_format)
            data = Path()
        else:
            path = Path(orders).resolve()
            if not path.is_file():
                message = f"Orders come from a file, and {path} does not exist."
                raise FileNotFoundError(message)
            part = Table(file=path.name, columns=mapping, date_format=date_format)
            data = path.parent
        study = Study(
            title="orders",
            currency="XXX",
            as_of="2262-01-01",
            unit="D",
            horizon=1,
            discount=0,
            tables={"orders": part},
        )
        study._data = data  # noqa: SLF001 - a study without a file
        frame, problems = _read(engine, study, "orders", part)
    for _, rule, count, first, consequence in problems:
        said = f"orders: {rule}: {count:,} rows (first: {first}); {consequence}."
        warnings.warn(said, IntakeWarning, stacklevel=2)
    return frame


def _read(
    engine: DuckDB, study: Study, name: str, part: Table
) -> tuple[pd.DataFrame, list[tuple[str, str, int, str, str]]]:
    """One source of a canonical table, cleaned, and what was found on the way."""
    canonical = CANONICAL[name]
    rejected = _try(name, lambda: source.load(engine, "raw", part, study.data))
    problems = []
    if rejected.count:
        problems.append(
            (name, "line is no row", rejected.count, rejected.first, "left out: not readable")
        )
    total = int(engine.value("select count(*) from raw"))
    if not total:
        message = f"{name}: a table needs rows, and {part.file or 'its source'} has none."
        raise IntakeError(message)
    _stage(engine, name, canonical, part)
    staged = int(engine.value("select count(*) from staged"))
    items = len(part.items or {"": ""})
    if staged < total * items:
        left = total * items - staged
        problems.append((name, "filter of the study", left, part.where or "", "left out"))
    problems.extend(_try(name, lambda: list(reading.parse(engine, name, canonical, part))))
    rules = list(_rules(name, canonical, study, part, set(engine.columns("parsed"))))
    cases = " ".join(f"when {rule.broken} then {i}" for i, rule in enumerate(rules))
    engine.table("judged", f"select *, case {cases} end as broken from parsed")
    problems.extend(_count(engine, name, rules, study, staged))
    engine.table("kept", "select * exclude (broken) from judged where broken is null")
    if name == "orders":
        problems.extend(_net(engine, study))
    if name == "ratings":
        _try(name, lambda: reading.check_scale(engine, part))
    frame = engine.frame("select * exclude (line) from kept order by line")
    return frame.drop(columns=[c for c in frame if c.startswith("_")]), problems


def _stage(engine: DuckDB, name: str, canonical: Canonical, part: Table) -> None:
    """The source's columns under their canonical names."""
    there = engine.columns("raw")
    mapping = dict(part.columns) if part.columns else {key: key for key in there}
    missing = [key for key in canonical.required if key not in mapping]
    if part.items:
        missing = [key for key in missing if key != "score"]
    if missing:
        message = (
            f"{name}: the column {missing[0]!r} is not mapped ({len(missing)} of "
            f"{len(canonical.required)} needed are missing). Under tables.{name}.columns say "
            f"which of {list(there)} it is."
        )
        raise IntakeError(message)
    where = f"where {part.where}" if part.where else ""
    chosen = ", ".join(
        f"{column(value) if value in there else value} as {column(key)}"
        for key, value in mapping.items()
    )
    if part.items:
        melted = " union all ".join(
            f"select line, {chosen}, {quoted(item)} as item, "
            f"{column(value) if value in there else value} as score from numbered"
            for item, value in part.items.items()
        )
    else:
        melted = f"select line, {chosen} from numbered"
    try:
        engine.table(
            "numbered", f"select * from (select row_number() over () as line, * from raw) {where}"
        )
        engine.table("staged", melted)
    except EngineError as error:
        said = str(error).split("\n")[0]
        message = (
            f"{name}: a mapped column or expression does not fit the file: {said} "
            f"The file has {list(there)}."
        )
        raise IntakeError(message) from None


def _rules(
    name: str, canonical: Canonical, study: Study, part: Table, there: set[str]
) -> Iterator[Rule]:
    """The reasons to leave a row out, the first that holds counts."""
    for key in canonical.ids:
        if key in canonical.required:
            yield Rule(f"{key} is missing", f"{column(key)} is null", "'row ' || line")
    for key in (*canonical.dates, *canonical.numbers):
        if key in there:
            raw = column(f"_{key}")
            broken = f"({column(key)} is null and {raw} is not null)"
            yield Rule(f"{key} cannot be read", broken, raw, unreadable=True)
    for key in canonical.required:
        if key in there and key not in canonical.ids and key != "score":
            yield Rule(f"{key} is missing", f"{column(key)} is null", "'row ' || line")
    for key in canonical.dates:
        if key in there:
            old = f"{column(key)} < timestamp '1900-01-01'"
            yield Rule(f"{key} is before 1900", old, column(f"_{key}"))
    if canonical.past:
        key = column(canonical.past)
        later = f"cast({key} as date) > date '{study.as_of}'"
        yield Rule(f"{canonical.past} is after {study.as_of}", later, key)
    for key in canonical.least:
        if key in there:
            yield Rule(f"{key} is negative", f"{column(key)} < 0", column(key))
    if name == "ratings":
        yield Rule("no score", "score is null", "coalesce(_score, 'empty')")
    if name == "referrals":
        yield Rule("refers to itself", "referrer_id = referred_id", "referrer_id")
    if name == "orders":
        if study.options.refunds == "drop":
            yield Rule("refund", "amount < 0", "amount")
        if study.options.zero == "drop":
            yield Rule("amount is zero", "amount = 0", "amount")
        if study.options.minimum_amount is not None:
            least = study.options.minimum_amount
            yield Rule(f"amount below {least:g}", f"amount between 0 and {least} - 1e-9", "amount")


def _count(
    engine: DuckDB, name: str, rules: list[Rule], study: Study, total: int
) -> Iterator[tuple[str, str, int, str, str]]:
    """What each rule left out; refuses when too much cannot be read."""
    counts = engine.frame(
        "select broken, count(*) as n, min(line) as line from judged "
        "where broken is not null group by broken order by broken"
    )
    who = next(key for key in (*CANONICAL[name].ids, *CANONICAL[name].required))
    for broken, count, line in counts.itertuples(index=False):
        rule = rules[int(broken)]
        first = engine.value(
            f"select concat_ws(' ', {column(who)}, cast({rule.shown} as varchar)) "
            f"from judged where line = {int(line)} and broken = {int(broken)} limit 1"
        )
        if rule.unreadable and count > study.options.unreadable_share * total:
            message = (
                f"{name}: {rule.name} in {count:,} of {total:,} rows (first: row {int(line)}, "
                f"{first!r}), more than {study.options.unreadable_share:.0%}. Mend the file, give "
                f"the table's date_format or decimal, or raise options.unreadable_share."
            )
            raise IntakeError(message)
        yield (name, rule.name, int(count), f"row {int(line)}: {first}", "left out")


def _net(engine: DuckDB, study: Study) -> Iterator[tuple[str, str, int, str, str]]:
    """Duplicates, currencies, and the days whose refunds reach their orders."""
    there = [key for key in engine.columns("kept") if key != "line" and not key.startswith("_")]
    if "currency" in there:
        money = engine.frame("select currency, count(*) as n from kept group by 1 order by 2 desc")
        if len(money) > 1:
            found = ", ".join(f"{c} {n:,}" for c, n in money.itertuples(index=False))
            message = (
                f"orders: amounts must be in one currency, and there are {len(money)}: {found}. "
                "Convert them, or keep one with `where`."
            )
            raise IntakeError(message)
    keys = ", ".join(column(key) for key in there)
    twice = engine.frame(
        f"select count(*) as n, min(line) as line from (select line, row_number() over "
        f"(partition by {keys} order by line) as turn from kept) where turn > 1"
    ).iloc[0]
    if twice["n"]:
        drop = study.options.duplicates == "drop"
        first = engine.value(f"select customer_id from kept where line = {int(twice['line'])}")
        said = "left out but for one" if drop else "kept (options.duplicates)"
        where = f"row {int(twice['line'])}: {first}"
        yield ("orders", "alike in every mapped column", int(twice["n"]), where, said)
        if drop:
            engine.table(
                "kept",
                f"select * from kept qualify row_number() over (partition by {keys} "
                "order by line) = 1",
            )
    refunds = engine.frame(
        "select count(*) as n, min(line) as line, sum(amount) as total from kept where amount < 0"
    ).iloc[0]
    if refunds["n"]:
        first = engine.value(f"select customer_id from kept where line = {int(refunds['line'])}")
        where = f"row {int(refunds['line'])}: {first}"
        said = f"netted into their day ({refunds['total']:,.2f} in all)"
        yield ("orders", "refund", int(refunds["n"]), where, said)
        engine.table(
            "days",
            "select customer_id, cast(date as date) as day, sum(amount) as net, count(*) as n, "
            "min(line) as line from kept group by 1, 2 "
            "having min(amount) < 0 and sum(cents(amount)) <= 0",
        )
        gone = engine.frame("select sum(n) as n, sum(net) as net, min(line) as line from days")
        if (gone["n"] > 0).any():
            row = gone.iloc[0]
            first = engine.value(f"select customer_id from days where line = {int(row['line'])}")
            said = f"left out as no purchase ({row['net']:,.2f} in all)"
            rule = "day whose refunds reach its orders"
            yield ("orders", rule, int(row["n"]), f"row {int(row['line'])}: {first}", said)
            engine.table(
                "kept",
                "select kept.* from kept anti join days on kept.customer_id = days.customer_id "
                "and cast(kept.date as date) = days.day",
            )
    zero = engine.frame("select count(*) as n, min(line) as line from kept where amount = 0")
    if zero["n"].iloc[0]:
        line = int(zero["line"].iloc[0])
        first = engine.value(f"select customer_id from kept where line = {line}")
        said = "kept as purchases (options.zero)"
        yield ("orders", "amount is zero", int(zero["n"].iloc[0]), f"row {line}: {first}", said)


def _check_serves(orders: pd.DataFrame, problems: pd.DataFrame) -> None:
    """Refuses a history in which nobody can be compared with anybody."""
    if orders.empty:
        rules = ", ".join(f"{row.rule} ({row.count:,})" for row in problems.itertuples())
        message = f"orders: no row is left to study; what left them out: {rules or 'nothing'}."
        raise IntakeError(message, problems)
    customers = orders["customer_id"].nunique()
    if customers < 2:
        message = (
            f"orders: good customers can be told from others only where there are others: all "
            f"{len(orders):,} orders are of one customer ({orders['customer_id'].iloc[0]!r}). "
            "Is the customer column mapped right?"
        )
        raise IntakeError(message, problems)
    days = orders.assign(day=orders["date"].dt.normalize()).groupby("customer_id")["day"].nunique()
    if days.max() < 2:
        message = (
            f"orders: the value of a customer can be learned only from those who came back: 0 of "
            f"{customers:,} customers ordered on more than one day. Is the date column the order's?"
        )
        raise IntakeError(message, problems)


def _try(name: str, read: Callable[[], T]) -> T:
    """Reads a source; what the engine or the file system says becomes an IntakeError."""
    try:
        return read()
    except (EngineError, OSError, UnicodeError) as error:
        message = f"{name}: its source cannot be read: {str(error).splitlines()[0]}"
        raise IntakeError(message) from None
    except ValueError as error:
        message = f"{name}: {error}"
        raise IntakeError(message) from None
