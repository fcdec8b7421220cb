"""Tables: escaped, accessible, written as their columns' names say."""

import html5lib
import numpy as np
import pandas as pd
import pytest

from goodlib.report.tables import ROWS, heading, kind, to_html, to_text

FRAME = pd.DataFrame(
    {
        "name": ["<img src=x onerror=alert(1)>", "B & Sons"],
        "residual_value": [1_234_567.4, -3.0],
        "residual_value_lower_80": [1.2, None],
        "p_alive": [0.5, 1.0],
        "first_date": pd.to_datetime(["2020-01-02", None]),
        "n_raters": [3, 1200],
        "top_today": [True, False],
    },
    index=pd.Index(["007", "8"], name="customer_id"),
)


def parsed(html):
    return html5lib.parse(html, namespaceHTMLElements=False)


def test_cells_are_written_as_their_columns_say():
    table = parsed(to_html(FRAME, "Two", "EUR"))
    rows = [[cell.text for cell in row] for row in table.iter("tr")]
    assert rows[1] == [
        "007",
        FRAME.name.iloc[0],
        "€1,234,567",
        "€1.20",
        "50%",
        "2 Jan 2020",
        "3",
        "yes",
    ]
    assert rows[2] == ["8", "B & Sons", "−€3.00", "–", "100%", "–", "1,200", "no"]


def test_data_is_text_and_never_an_element():
    table = parsed(to_html(FRAME, 'A "caption" <script>', "EUR"))
    assert {e.tag for e in table.iter() if isinstance(e.tag, str)}.isdisjoint(
        {"img", "script", "i"}
    )
    assert next(table.iter("caption")).text == 'A "caption" <script>'


def test_every_header_has_a_scope():
    table = parsed(to_html(FRAME, "Two", "EUR"))
    assert {e.get("scope") for e in table.iter("th")} == {"col", "row"}
    assert len([e for e in table.iter("th") if e.get("scope") == "row"]) == len(FRAME)


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("residual_value_upper_95", "money"),
        ("p_won_lower_80", "percent"),
        ("monetary_value", "money"),
        ("first_date", "date"),
        ("n_ratings", "count"),
        ("recency", "number"),
        ("customer_id", "text"),
        ("hit_rate", "percent"),
    ],
)
def test_kind_follows_the_name(column, written):
    assert kind(column) == written


def test_whole_numbers_are_written_whole_though_some_are_missing():
    text = to_text(pd.DataFrame({"rated": [21.0, np.nan, 163.0]}))
    assert text.split() == ["Rated", "21", "–", "163"]


def test_a_column_of_large_money_is_written_in_one_way():
    frame = pd.DataFrame({"value": [1.74e11, 263_074_954.0, 0.0], "cost": [1_234_567.0, 5.5, 0.0]})
    lines = [line.split() for line in to_text(frame, "USD").splitlines()]
    assert lines[1:] == [
        ["$174", "billion", "$1,234,567"], ["$263", "million", "$5.50"], ["$0", "$0"],
    ]  # fmt: skip


def test_headings_are_words():
    assert heading("residual_value_lower_80") == "Residual value, lower 80%"
    assert heading("p_alive") == "Chance still a customer"
    assert heading("n_raters") == "Raters"


def test_long_tables_say_what_they_leave_out():
    text = to_html(pd.DataFrame({"x": range(ROWS + 50)}), "Long")
    assert text.count('scope="row"') == ROWS
    assert f"The first {ROWS} of {ROWS + 50} rows." in text


def test_an_id_that_is_the_name_is_written_once():
    frame = pd.DataFrame({"name": ["Kenya"]}, index=pd.Index(["Kenya"], name="customer_id"))
    assert to_text(frame).split() == ["Name", "Kenya"]


def test_formats_overrule_names():
    assert "40%" in to_text(pd.DataFrame({"x": [0.4]}), formats={"x": "percent"})


def test_unknown_formats_are_refused():
    with pytest.raises(ValueError, match="'dollars' of column 'x' is none of money"):
        to_html(pd.DataFrame({"x": [1]}), "One", formats={"x": "dollars"})
    with pytest.raises(ValueError, match="No column 'y' to format; the table has x"):
        to_html(pd.DataFrame({"x": [1]}), "One", formats={"y": "money"})
