"""One text of SQL, the same answer from every engine and from every way in."""

import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from goodlib.history import summarize
from goodlib.history.engine import ENGINES, SPARK_WORDS, WORDS, DuckDB, query

ENDS = {"end": "2023-06-30", "unit": "W", "holdout_end": "2023-12-31"}


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(11)
    n = 5000
    seconds = rng.integers(0, 730 * 86_400, n)
    return pd.DataFrame(
        {
            "customer_id": rng.geometric(0.005, n).astype(str),
            "date": pd.Timestamp("2022-01-01") + pd.to_timedelta(seconds, unit="s"),
            "amount": np.round(rng.normal(50, 40, n), 2),
        }
    )


# --- Oracle


def test_spark_answers_as_duckdb_does(orders):
    pytest.importorskip("pyspark", reason="pyspark is not installed (an engine of one's own)")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java, and none is on this machine")
    pd.testing.assert_frame_equal(
        summarize(orders, **ENDS, engine="spark"), summarize(orders, **ENDS), check_dtype=False
    )


def test_a_folder_of_parquet_is_read_as_a_frame_is(orders, tmp_path):
    orders[:2000].to_parquet(tmp_path / "one.parquet")
    orders[2000:].to_parquet(tmp_path / "two.parquet")
    pd.testing.assert_frame_equal(summarize(tmp_path, **ENDS), summarize(orders, **ENDS))


def test_the_words_of_the_queries_by_hand():
    with DuckDB() as engine:
        assert engine.value("select days_between(date '2024-02-28', date '2024-03-01')") == 2
        assert engine.value("select cents(12.345)") in (1234, 1235)
        assert engine.value("select cents(-0.01)") == -1
        assert engine.value("select cents(1e13 + 0.5)") == 10**15 + 50


# --- Laws


def test_every_engine_defines_every_word():
    said = " ".join(SPARK_WORDS)
    assert set(ENGINES) == {"duckdb", "spark"}
    for word in WORDS:
        assert f"function {word}(" in said
        with DuckDB() as engine:
            assert engine.value(
                f"select count(*) from duckdb_functions() where function_name = '{word}'"
            )


def test_texts_of_all_engines_use_what_all_engines_have():
    for name in ("summary", "complete"):
        text = query(name, end="2024-01-01", holdout_end="2024-01-01").lower()
        assert not {word for word in ("qualify", "exclude", "::", "list_", "epoch") if word in text}


# --- Refusals


def test_spark_without_pyspark_says_what_it_needs(orders, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ImportError, match="needs pyspark 4 and Java 17"):
        summarize(orders, **ENDS, engine="spark")
