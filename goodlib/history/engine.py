"""Where SQL runs: the only module that knows an engine; the queries in sql/*.sql serve all.

Engines return integer days and integer cents; weeks and means are made in numpy. The few words that
differ between engines are defined here, once per engine.
"""

from __future__ import annotations

import csv
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

EngineError = duckdb.Error
"""What an engine raises when it cannot answer."""

WORDS = ("days_between", "cents")
"""What queries say and no engine knows by itself; each engine defines them all."""
DUCKDB_WORDS = """
create or replace macro days_between(a, b) as datediff('day', a, b);
create or replace macro cents(x) as cast(round(cast(x as double) * 100) as bigint);
"""


class DuckDB:
    """The default engine: embedded, no server."""

    name = "DuckDB"

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": 2})
        self.connection.execute("set timezone = 'UTC'")
        if self.value("select current_setting('enable_progress_bar')"):  # where Jupyter has widgets
            self.connection.execute("set enable_progress_bar = false")
        self.connection.execute(DUCKDB_WORDS)

    def __enter__(self) -> DuckDB:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def register(self, name: str, frame: pd.DataFrame) -> None:
        """Makes a frame a table of this name."""
        self.connection.register("_given", frame)
        self.table(name, "select * from _given")
        self.connection.unregister("_given")

    def table(self, name: str, sql: str) -> None:
        """Makes a table of this name from a query."""
        self.connection.execute(f"create or replace temp table {name} as {sql}")

    def frame(self, sql: str) -> pd.DataFrame:
        """The answer of a query."""
        return self.connection.execute(sql).df()

    def value(self, sql: str) -> Any:
        """The single value that a query answers."""
        row = self.connection.execute(sql).fetchone()
        return row[0] if row else None

    def columns(self, name: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        return {
            row[0]: str(row[1]) for row in self.connection.execute(f"describe {name}").fetchall()
        }

    def read_parquet(self, name: str, path: Path) -> None:
        """Makes a Parquet file a table."""
        files = path / "*.parquet" if path.is_dir() else path
        self.table(name, f"select * from read_parquet({quoted(files)})")

    def read_csv(self, name: str, path: Path, *, delimiter: str, encoding: str) -> pd.DataFrame:
        """Makes a CSV file a table, all columns text; returns the lines that could not be read.

        Columns, delimiter and encoding are given, not sniffed: a sniffer that meets one long line
        can take the rest of the file for a header.
        """
        with path.open(encoding=encoding) as lines:
            header = lines.readline().lstrip("\ufeff").rstrip("\r\n")
        columns = [column.strip().strip('"') for column in split_line(header, delimiter)]
        types = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in columns)
        for rejects in ("reject_errors", "reject_scans"):
            self.connection.execute(f"drop table if exists {rejects}")
        self.table(
            name,
            f"select * from read_csv({quoted(path)}, delim={quoted(delimiter)}, header=true, "
            f"auto_detect=false, columns={{{types}}}, encoding={quoted(encoding)}, quote='\"', "
            "escape='\"', store_rejects=true)",
        )
        return self.frame(
            "select line, min(csv_line) as csv_line, min(error_message) as error_message "
            "from reject_errors group by line order by line"
        )

    def attach(self, name: str, place: str) -> None:
        """Makes a database reachable under a name, to read only."""
        self.connection.execute(f'attach if not exists {quoted(place)} as "{name}" (read_only)')


SPARK_WORDS = (
    "create or replace temporary function days_between(a date, b date) returns int "
    "return datediff(b, a)",
    "create or replace temporary function cents(x double) returns bigint "
    "return cast(round(x * 100) as bigint)",
)


class Spark:
    """Where a history outgrows one machine: a session given, or a local one of its own.

    Needs pyspark 4 (its SQL functions carry the words that engines differ in) and Java 17; neither
    is installed with goodlib.
    """

    name = "Spark"

    def __init__(self, session: Any = None) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            message = "The engine 'spark' needs pyspark 4 and Java 17: pip install 'pyspark>=4,<5'."
            raise ImportError(message) from None
        self.folder = tempfile.TemporaryDirectory(prefix="goodlib-spark-")
        builder = (
            SparkSession.builder.config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", self.folder.name)
        )
        self.session = session or builder.getOrCreate()
        for words in SPARK_WORDS:
            self.session.sql(words)

    def __enter__(self) -> Spark:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()

    def register(self, name: str, frame: pd.DataFrame) -> None:
        """Makes a frame a table of this name."""
        path = Path(self.folder.name) / f"{name}.parquet"
        frame.to_parquet(path, index=False, coerce_timestamps="us", allow_truncated_timestamps=True)
        self.read_parquet(name, path)

    def read_parquet(self, name: str, path: Path) -> None:
        """Makes a Parquet file, or a folder of them, a table."""
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)

    def table(self, name: str, sql: str) -> None:
        """Makes a table of this name from a query."""
        self.session.sql(sql).createOrReplaceTempView(name)

    def frame(self, sql: str) -> pd.DataFrame:
        """The answer of a query."""
        return self.session.sql(sql).toArrow().to_pandas()


ENGINES = {"duckdb": DuckDB, "spark": Spark}


def query(name: str, **words: str) -> str:
    """The text of sql/NAME.sql with its `{words}` filled in."""
    text = files("goodlib.history").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**words)


def quoted(value: object) -> str:
    """A value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def column(name: str) -> str:
    """A name as an SQL column."""
    return '"' + name.replace('"', '""') + '"'


def split_line(line: str, delimiter: str) -> list[str]:
    """The fields of one CSV line."""
    return next(csv.reader([line], delimiter=delimiter))
