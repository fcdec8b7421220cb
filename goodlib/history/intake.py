"""Raw tables in, checked canonical tables out, with every row that does not come through counted.

What may be left out is left out and named; what would mislead (dates that read both ways, amounts
in two currencies, a history in which nobody came back) refuses the history instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from goodlib.history import netting, reading, rule, source, stage, stranger
from goodlib.history.canonical import CANONICAL, Canonical, of
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
    read: dict[str, int]
    """Rows read, by canonical name: those of the table and those that `problems` says left out."""


def read_history(study: Study) -> History:
    """All canonical tables of a study.

    Raises
    ------
    IntakeError
        A table cannot be read, a column is missing, dates read both ways, too many rows are
        unreadable, two currencies, or no history of repeated orders is left.
    """
    tables: dict[str, pd.DataFrame] = {}
    problems: list[reading.Problem] = []
    read: dict[str, int] = {}
    with DuckDB() as engine:
        for name in CANONICAL:
            parts = [_read(engine, study, name, part) for part in study.sources(name)]
            if parts:
                tables[name] = pd.concat([part.table for part in parts], ignore_index=True)
                read[name] = sum(part.read for part in parts)
                problems.extend(problem for part in parts for problem in part.problems)
    problems.extend(_strangers(tables))
    problems.extend(stranger.judge(tables, study.as_of))
    frame = pd.DataFrame(problems, columns=COLUMNS)
    _check_serves(tables["orders"], frame)
    return History(tables, frame, read)


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
        study = Study.of_orders(part, data)
        found = _read(engine, study, "orders", part)
    for _, broken, count, first, consequence in found.problems:
        said = f"orders: {broken}: {count:,} rows (first: {first}); {consequence}."
        warnings.warn(said, IntakeWarning, stacklevel=2)
    return found.table


class _Part(NamedTuple):
    """One source of a canonical table, cleaned, and what was found on the way."""

    table: pd.DataFrame
    problems: list[reading.Problem]
    read: int


def _read(engine: DuckDB, study: Study, name: str, part: Table) -> _Part:
    rejected = _try(name, lambda: source.load(engine, "raw", part, study.data))
    total = int(engine.value("select count(*) from raw"))
    problems: list[reading.Problem] = []
    if rejected.n:
        lines = total + rejected.n
        if rejected.n > study.options.unreadable_share * lines:
            message = (
                f"{name}: lines of a file must have the fields of its header: {rejected.n:,} "
                f"of {lines:,} have not (first: {rejected.first}), more than "
                f"{study.options.unreadable_share:.0%}. Is the delimiter right, are texts with "
                "line breaks quoted? Mend the file or raise options.unreadable_share."
            )
            raise IntakeError(message)
        said = "left out: not the fields of the header"
        problems.append((name, "line is no row", rejected.n, rejected.first, said))
    if not total:
        message = f"{name}: a table needs rows, and {part.file or 'its source'} has none."
        raise IntakeError(message)
    _stage(engine, name, CANONICAL[name], part)
    items = len(part.items or {"": ""})
    filtered = total * items - int(engine.value("select count(*) from staged"))
    if filtered:
        problems.append((name, "filter of the study", filtered, part.where or "", "left out"))
    if name == "orders":
        _try(name, lambda: netting.check_currency(engine, "numbered"))
        _try(name, lambda: netting.check_currency(engine, "staged"))
    problems.extend(
        _try(name, lambda: list(reading.parse(engine, name, of(name, study.stages), part)))
    )
    problems.extend(_try(name, lambda: list(rule.judge(engine, name, study))))
    if name == "orders":
        problems.extend(netting.net(engine, study))
    if name == "ratings":
        _try(name, lambda: reading.check_scale(engine, part))
    frame = engine.frame("select * exclude (line) from kept order by line")
    frame = frame.drop(columns=[key for key in frame if key.startswith("_")])
    if name == "prospects" and study.stages:
        problems.extend(stage.judge(frame, study.stages))
    return _Part(frame, problems, total * items + rejected.n)


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


def _strangers(tables: dict[str, pd.DataFrame]) -> Iterator[reading.Problem]:
    """Customers of other tables who never ordered: some may be, all of them are a mistake."""
    known = set(tables["orders"]["customer_id"].unique())
    for name in ("customers", "ratings", "interactions", "efforts"):
        if name not in tables or tables[name].empty or not known:
            continue
        ids = tables[name]["customer_id"]
        strange = ~ids.isin(known)
        if strange.all():
            message = (
                f"{name}: customer_id must name the customers of orders, and none of "
                f"{ids.nunique():,} does (first: {ids.iloc[0]!r}; orders have "
                f"{tables['orders']['customer_id'].iloc[0]!r}). Are both columns the same ids?"
            )
            raise IntakeError(message)
        if strange.any():
            row = int(np.flatnonzero(strange)[0])
            first = f"row {row + 1}: {ids.iloc[row]}"
            yield (name, "customer never ordered", int(strange.sum()), first, "kept")


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
