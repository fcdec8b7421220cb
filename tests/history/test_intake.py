"""Raw tables in, canonical tables out: nothing silently dropped, nothing silently guessed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goodlib.history import IntakeError, IntakeWarning, Study, read_history, read_orders

IMG = "<img src=x onerror=alert(1)>"
ARABIC = "شركة النور"
STUDIES = Path(__file__).resolve().parents[2] / "studies"


def found(history, rule, table="orders"):
    """The row of a rule; there must be exactly one."""
    rows = history.problems.query("table == @table and rule == @rule")
    assert len(rows) == 1, history.problems
    return rows.iloc[0]


def left_out(history, table="orders"):
    problems = history.problems[history.problems["table"] == table]
    return problems.loc[problems["consequence"].str.startswith("left out"), "count"].sum()


def lines(*rows, header="client;day;fee"):
    return "\n".join([header, *rows]) + "\n"


# --- Published: what is known of the real histories


def test_online_retail_traps_are_counted(real_data):
    history = read_history(Study.read(STUDIES / "online-retail.yml", data=real_data))
    assert history.read["orders"] == 541_909
    assert found(history, "customer_id is missing")["count"] == 135_080
    assert left_out(history) + len(history.tables["orders"]) == 541_909
    orders = history.tables["orders"]
    days = orders.groupby([orders["customer_id"], orders["date"].dt.date])["amount"].sum()
    assert (days > -0.005).all()


def test_world_bank_traps_are_counted(real_data):
    history = read_history(Study.read(STUDIES / "worldbank.yml", data=real_data))
    orders, ratings = history.tables["orders"], history.tables["ratings"]
    assert history.read["orders"] == 17_586
    assert len(orders) + left_out(history) == 17_586
    assert orders["date"].max() <= pd.Timestamp("2024-08-29")
    assert orders["customer_id"].nunique() == 206
    zero = found(history, "amount is zero")
    assert zero["count"] / len(orders) == pytest.approx(0.127, abs=0.0005)
    assert history.read["ratings"] == 12_328 * 5
    assert ratings["date"].max() <= pd.Timestamp("2024-08-29")
    assert set(ratings["score"]) == {1, 2, 3, 4, 5, 6}
    assert (ratings["date"].dt.strftime("%m-%d") == "06-30").all()


def test_cdnow_master_is_kept_whole(real_data):
    history = read_history(Study.read(STUDIES / "cdnow.yml", data=real_data))
    orders = history.tables["orders"]
    assert (len(orders), orders["customer_id"].nunique()) == (69_659, 23_570)
    assert found(history, "alike in every mapped column")["count"] == 255
    assert found(history, "amount is zero")["count"] == 80


# --- Oracle: what a reader would make of a file by hand


def test_ids_stay_text_and_commas_are_decimal(read):
    orders = read().tables["orders"]
    assert orders["customer_id"].tolist() == ["007", "007", "008"]
    assert orders["amount"].tolist() == [100.5, 80.0, 20.0]
    assert orders["date"].tolist() == list(
        pd.to_datetime(["2024-01-05", "2024-02-05", "2024-01-09"])
    )


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1.234,50", 1234.5),
        ("1234,5", 1234.5),
        ("-12,00", -12.0),
        ("€ 1.234,50", 1234.5),
        ("1 234,50", 1234.5),
        ("1\u202f234,50 €", 1234.5),
        ("+3,5", 3.5),
    ],
)
def test_numbers_with_a_comma(read, written, amount):
    orders = lines(
        "a;2024-01-05;7,25", f"a;2024-01-12;{written}", "b;2024-01-05;9", "a;2024-01-12;2000"
    )
    assert read(orders).tables["orders"]["amount"].iloc[1] == amount


@pytest.mark.parametrize(
    ("written", "amount"),
    [("1,234.50", 1234.5), ("1234.5", 1234.5), ("$1,234.50", 1234.5), ("1e3", 1000.0), (".5", 0.5)],
)
def test_numbers_with_a_point(read, written, amount):
    orders = lines("a;2024-01-05;7.25", f"a;2024-01-12;{written}", "b;2024-01-05;9")
    assert read(orders).tables["orders"]["amount"].iloc[1] == amount


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (("05.01.2024", "31.01.2024"), "2024-01-05"),
        (("05/01/2024", "31/01/2024"), "2024-01-05"),
        (("01/05/2024", "01/31/2024"), "2024-01-05"),
        (("1/5/2024 8:26", "1/31/2024 17:05"), "2024-01-05 08:26"),
        (("20240105", "20240131"), "2024-01-05"),
        (("5 Jan 2024", "31 Jan 2024"), "2024-01-05"),
        (("2024-01-05 10:30:00", "2024-01-31"), "2024-01-05 10:30"),
    ],
)
def test_dates_that_are_beyond_doubt(read, days, first):
    history = read(lines(f"a;{days[0]};1", f"a;{days[1]};2", f"b;{days[1]};2"))
    assert history.tables["orders"]["date"].iloc[0] == pd.Timestamp(first)
    assert history.tables["orders"]["date"].iloc[1].date() == pd.Timestamp("2024-01-31").date()


def test_a_byte_order_mark_and_windows_line_ends(read):
    text = "\ufeff" + lines("a;2024-01-05;1", "a;2024-01-12;2", "b;2024-01-05;3")
    orders = read(text.replace("\n", "\r\n").encode()).tables["orders"]
    assert orders["customer_id"].tolist() == ["a", "a", "b"]


def test_latin_1_is_seen(read):
    text = lines("Müller;2024-01-05;1", "Müller;2024-01-12;2", "Señor;2024-01-05;3")
    assert read(text.encode("latin-1")).tables["orders"]["customer_id"].tolist()[1:] == [
        "Müller",
        "Señor",
    ]


def test_names_are_data_and_nothing_else(read):
    text = lines(
        *(f'"{who}";2024-01-0{day};1' for who in (IMG, ARABIC, "O'Hara; Sons") for day in (5, 6))
    )
    assert sorted(set(read(text).tables["orders"]["customer_id"])) == sorted(
        [IMG, ARABIC, "O'Hara; Sons"]
    )


def test_refunds_net_into_their_day(read):
    # a: 100 - 40 on one day stays; b: 30 - 30 is no purchase; c: a refund alone is none either
    text = lines(
        *("a;2024-01-05;100", "a;2024-01-05;-40", "a;2024-03-01;10"),
        *("b;2024-01-05;30", "b;2024-01-05;-30", "b;2024-02-05;5"),
        *("c;2024-01-05;8", "c;2024-02-01;-8"),
    )
    history = read(text)
    orders = history.tables["orders"]
    assert orders.groupby("customer_id")["amount"].sum().to_dict() == {"a": 70, "b": 5, "c": 8}
    assert found(history, "refund")["count"] == 3
    assert found(history, "refund")["consequence"] == "netted into their day (-78.00 in all)"
    gone = found(history, "day whose refunds reach its orders")
    assert (gone["count"], gone["first"]) == (3, "row 4: b")


def test_expressions_filters_and_rows_of_the_study(read):
    rows = ("a;2024-01-05;2;3", "a;2024-01-12;1;3", "C9;2024-01-12;1;3", "b;2024-01-12;1;3")
    text = lines(*rows, header="client;day;n;price")
    services = {"rows": [{"level": 1, "name": "letter", "hours": 0.5}]}
    history = read(
        text,
        table={
            "columns": {"customer_id": "client", "date": "day", "amount": "n::int * price::int"},
            "where": "client not like 'C%'",
        },
        tables={"services": services},
    )
    assert history.tables["orders"]["amount"].tolist() == [6.0, 3.0, 3.0]
    assert found(history, "filter of the study")["count"] == 1
    assert history.tables["services"]["name"].tolist() == ["letter"]


def test_ratings_in_wide_form_are_melted_on_an_ordered_scale(read, tmp_path):
    (tmp_path / "ratings.csv").write_text(
        "client,who,day,Outcome,Speed\n007,x,2024-03-01,bad,good\n008,x,2024-03-01,Not Rated,fair\n"
    )
    ratings = {
        "file": "ratings.csv",
        "columns": {"customer_id": "client", "rater": "who", "date": "day"},
        "items": {"outcome": "Outcome", "speed": "Speed"},
        "scale": ["bad", "fair", "good"],
        "missing": ["Not Rated"],
    }
    history = read(tables={"ratings": ratings})
    table = history.tables["ratings"].set_index(["customer_id", "item"])["score"]
    assert table.to_dict() == {("007", "outcome"): 1, ("007", "speed"): 3, ("008", "speed"): 2}
    assert found(history, "no score", "ratings")["count"] == 1
    assert history.read["ratings"] == 4


def test_who_does_not_know_is_kept_apart_from_who_left_the_field_empty(read, tmp_path):
    (tmp_path / "ratings.csv").write_text(
        "c,r,d,s\n007,x,2024-03-01,don't know\n007,y,2024-03-01,\n008,x,2024-03-01,4\n"
    )
    columns = {"customer_id": "c", "rater": "r", "date": "d", "score": "s"}
    history = read(
        tables={"ratings": {"file": "ratings.csv", "columns": columns, "missing": ["don't know"]}}
    )
    assert found(history, "no score", "ratings")["first"] == "row 1: 007 don't know"
    assert found(history, "score is empty", "ratings")["first"] == "row 2: 007"


def test_times_of_which_some_name_a_zone_are_counted(read, tmp_path):
    (tmp_path / "log.csv").write_text(
        "c,t,s,k\n007,2024-03-01T10:00+02:00,us,mail\n008,2024-03-01T10:00,us,mail\n"
    )
    columns = {"customer_id": "c", "time": "t", "side": "s", "kind": "k"}
    history = read(tables={"interactions": {"file": "log.csv", "columns": columns}})
    problem = found(history, "time names a time zone in some rows", "interactions")
    assert problem["count"] == 1
    assert problem["first"] == "2024-03-01T10:00+02:00"
    assert history.tables["interactions"]["time"].dt.hour.tolist() == [10, 10]


def test_an_item_may_have_a_scale_of_its_own(read, tmp_path):
    (tmp_path / "ratings.csv").write_text(
        "client,who,day,Outcome,Plan\n007,x,2024-03-01,good,low\n008,x,2024-03-01,bad,high\n"
    )
    ratings = {
        "file": "ratings.csv",
        "columns": {"customer_id": "client", "rater": "who", "date": "day"},
        "items": {"outcome": "Outcome", "plan": "Plan"},
        "scale": ["bad", "fair", "good"],
        "item_scales": {"plan": ["low", "high"]},
    }
    table = read(tables={"ratings": ratings}).tables["ratings"]
    scores = table.set_index(["customer_id", "item"])["score"].to_dict()
    assert scores == {
        ("007", "outcome"): 3, ("007", "plan"): 1, ("008", "outcome"): 1, ("008", "plan"): 2
    }  # fmt: skip
    ratings["item_scales"] = {"plan": ["low", "middling"]}
    said = r"a score of 'plan' must be one of \['low', 'middling'\]: 1 are not .*'high'"
    with pytest.raises(IntakeError, match=said):
        read(tables={"ratings": ratings})


def test_excel_and_parquet_read_as_csv_does(read, tmp_path):
    frame = pd.DataFrame(
        {
            "client": ["007", "007", "008"],
            "day": pd.to_datetime(["2024-01-05", "2024-02-05", "2024-01-09"]),
            "fee": [100.5, 80, 20],
        }
    )
    frame.to_excel(tmp_path / "o.xlsx", index=False)
    frame.to_parquet(tmp_path / "o.parquet", index=False)
    expected = read().tables["orders"]
    for name in ("o.xlsx", "o.parquet"):
        pd.testing.assert_frame_equal(read(table={"file": name}).tables["orders"], expected)


def test_read_orders_says_what_it_left_out():
    frame = pd.DataFrame(
        {
            "who": ["a", None, "b", "a"],
            "at": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-02-01"],
            "paid": [1.0, 2.0, 3.0, 0.0],
        }
    )
    with pytest.warns(IntakeWarning) as said:
        orders = read_orders(frame, customer="who", date="at", amount="paid")
    assert orders["customer_id"].tolist() == ["a", "b", "a"]
    texts = [str(warning.message) for warning in said]
    assert texts == [
        "orders: customer_id is missing: 1 rows (first: row 2); left out; "
        "fill it in if it is known.",
        "orders: amount is zero: 1 rows (first: row 4: a); kept as purchases (options.zero).",
    ]


# --- Laws


def test_rows_in_are_rows_kept_and_rows_counted(read):
    rng = np.random.default_rng(7)
    days = ["2024-01-05", "2024-02-05", "2025-06-01", "1899-12-31", "soon"]
    fees = ["5.5", "-2", "0", "12,5x", "100"]
    parts = (
        rng.choice(["a", "b", "c", "d", ""], 2000, p=[0.3, 0.3, 0.2, 0.1, 0.1]),
        rng.choice(days, 2000, p=[0.5, 0.45, 0.03, 0.015, 0.005]),
        rng.choice(fees, 2000, p=[0.5, 0.2, 0.1, 0.005, 0.195]),
    )
    rows = [";".join(row) for row in zip(*parts, strict=True)]
    for duplicates in ("keep", "drop"):
        history = read(lines(*rows), options={"duplicates": duplicates})
        assert history.read["orders"] == 2000
        assert len(history.tables["orders"]) + left_out(history) == 2000
    rules = set(history.problems["rule"])
    assert {
        *("customer_id is missing", "date cannot be read", "amount cannot be read"),
        *("date is before 1900", "date is after 2024-12-31", "alike in every mapped column"),
    } <= rules


def test_reading_twice_gives_the_same(read):
    first, second = read(), read()
    pd.testing.assert_frame_equal(first.tables["orders"], second.tables["orders"])
    pd.testing.assert_frame_equal(first.problems, second.problems)


def test_ten_thousand_identical_rows_are_one_purchase(read):
    same = ["a;2024-01-05;3.5"] * 10_000
    history = read(lines(*same, "a;2024-02-05;1", "b;2024-02-05;1"))
    assert found(history, "alike in every mapped column")["count"] == 9_999
    assert len(history.tables["orders"]) == 10_002
    once = read(lines(*same, "a;2024-02-05;1", "b;2024-02-05;1"), options={"duplicates": "drop"})
    assert len(once.tables["orders"]) == 3


def test_a_date_before_1900_is_counted_and_left_out(read):
    history = read(lines("a;1899-12-31;1", "a;2024-01-05;1", "a;2024-01-06;1", "b;2024-01-05;1"))
    assert found(history, "date is before 1900")["first"] == "row 1: a 1899-12-31"
    assert len(history.tables["orders"]) == 3


def test_a_customer_without_orders_is_said(read, tmp_path):
    (tmp_path / "customers.csv").write_text("id,name\n007,Bond\n009,Nobody\n007,Again\n")
    customers = {"file": "customers.csv", "columns": {"customer_id": "id", "name": "name"}}
    history = read(tables={"customers": customers})
    assert found(history, "customer never ordered", "customers")["first"] == "row 2: 009"
    assert found(history, "customer_id comes again", "customers")["first"] == "row 3: 007"
    assert history.tables["customers"]["name"].tolist() == ["Bond", "Nobody"]


# --- Refusals


REFUSED = {
    "an empty file": ("", "orders.csv is empty"),
    "a header alone": (lines(), "orders: a table needs rows, and orders.csv has none"),
    "one customer": (
        lines("a;2024-01-05;1", "a;2024-01-06;1"),
        r"all 2 orders are of one customer \('a'\)",
    ),
    "one-time buyers": (
        lines("a;2024-01-05;1", "b;2024-01-06;1", "b;2024-01-06;4"),
        "0 of 2 customers ordered on more than one day",
    ),
    "a missing column": (
        lines("a;2024-01-05", "a;2024-01-06", header="client;day"),
        r"orders: a mapped column .*fee.* The file has \['client', 'day'\]",
    ),
    "an amount with a letter": (
        lines("a;2024-01-05;12,5x", "a;2024-01-06;1", "b;2024-01-06;1"),
        r"amount cannot be read in 1 of 3 rows \(first: row 1, 'a 12,5x'\), more than 1%",
    ),
    "dates that read both ways": (
        lines("a;03/04/2024;1", "a;05/06/2024;1", "b;07/08/2024;1"),
        r"date reads both .*\(first: '03/04/2024'\).*date_format: '%d/%m/%Y' or '%m/%d/%Y'",
    ),
    "numbers that read both ways": (
        lines("a;2024-01-05;1.234", "a;2024-02-05;2.500", "b;2024-01-05;3"),
        r"amount reads with a decimal point and with a decimal comma: 2 .*'1.234'",
    ),
    "two currency signs": (
        lines("a;2024-01-05;€3", "a;2024-02-05;$4", "b;2024-01-05;€5"),
        "amount must be in one currency, and 2 signs .* € 2, \\$ 1",
    ),
    "two currencies": (
        lines(
            *("a;2024-01-05;3;EUR", "a;2024-02-05;4;USD", "b;2024-01-05;5;EUR"),
            header="client;day;fee;Currency",
        ),
        r"one currency, and the column 'Currency' has 2: EUR 2, USD 1",
    ),
    "two columns of one name": (
        lines("a;2024-01-05;1;2", header="client;day;fee;fee"),
        "has 'fee' twice",
    ),
    "lines that are no rows": (
        lines("a;2024-01-05;1", "a;2024-02-05;1;9;9", "b;2024-01-05;1"),
        r"1 of 3 have not \(first: line 3: a;2024-02-05;1;9;9\)",
    ),
    "nothing in the past": (
        lines("a;2031-01-05;1", "b;2031-01-05;1"),
        r"no row is left to study; .*date is after 2024-12-31 \(2\)",
    ),
}


@pytest.mark.parametrize(("text", "match"), REFUSED.values(), ids=REFUSED)
def test_a_history_that_cannot_serve_is_refused(read, text, match):
    with pytest.raises(IntakeError, match=match):
        read(text)


def test_one_currency_by_a_filter_is_enough(read):
    text = lines(
        *("a;2024-01-05;3;EUR", "a;2024-02-05;4;EUR", "b;2024-01-05;5;EUR", "b;2024-01-05;5;USD"),
        header="client;day;fee;Currency",
    )
    history = read(text, table={"where": "Currency = 'EUR'"})
    assert len(history.tables["orders"]) == 3


def test_a_column_that_is_not_mapped(read):
    with pytest.raises(IntakeError, match="the column 'amount' is not mapped"):
        read(table={"columns": {"customer_id": "client", "date": "day"}})


def test_a_score_off_the_scale(read, tmp_path):
    (tmp_path / "ratings.csv").write_text("c,r,d,s\n007,x,2024-03-01,9\n008,x,2024-03-01,4\n")
    columns = {"customer_id": "c", "rater": "r", "date": "d", "score": "s"}
    with pytest.raises(IntakeError, match=r"ratings: a score must be one of .* 1 are not .*'9'"):
        read(
            tables={"ratings": {"file": "ratings.csv", "columns": columns}},
            scales={"score": [1, 2, 3, 4, 5]},
        )


def test_ids_that_never_meet(read, tmp_path):
    (tmp_path / "customers.csv").write_text("id,name\n7,Bond\n8,Nobody\n")
    customers = {"file": "customers.csv", "columns": {"customer_id": "id", "name": "name"}}
    with pytest.raises(IntakeError, match=r"none of 2 does \(first: '7'; orders have '007'\)"):
        read(tables={"customers": customers})


def test_a_file_that_is_no_table(read, tmp_path):
    (tmp_path / "orders.doc").write_text("hello")
    with pytest.raises(IntakeError, match=r"comes from CSV, Parquet or Excel, and orders.doc ends"):
        read(table={"file": "orders.doc"})
