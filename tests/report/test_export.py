"""Tables for spreadsheets."""

import openpyxl
import pandas as pd
import pytest

from goodlib.report.export import export

FRAME = pd.DataFrame(
    {"name": ["=HYPERLINK(1)", "plain", "+49 30", "-x", "@sum", "\tx", None, "O'Brien"]}
    | {"hours": [-1.5, 2, 3, 4, 5, 6, 7, 8]},
    index=pd.Index(["=C1", *"bcdefgh"], name="customer_id"),
)


# Laws


@pytest.fixture
def files(tmp_path):
    return export(FRAME, tmp_path / "plan.parquet")


def test_no_text_of_the_csv_begins_like_a_formula(files):
    table = pd.read_csv(files[0], dtype=str, keep_default_na=False)
    assert list(table["name"])[:6] == ["'=HYPERLINK(1)", "plain", "'+49 30", "'-x", "'@sum", "'\tx"]
    assert table["customer_id"][0] == "'=C1"


def test_no_cell_of_the_sheet_is_a_formula_and_numbers_stay_numbers(files):
    sheet = openpyxl.load_workbook(files[1]).active
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert [row[2].value for row in sheet.iter_rows(min_row=2)] == [-1.5, 2, 3, 4, 5, 6, 7, 8]


def test_every_row_and_column_is_there(files):
    table = pd.read_csv(files[0])
    assert list(table) == ["customer_id", "name", "hours"]
    assert table["hours"].tolist() == FRAME["hours"].tolist()
    assert table["name"][7] == "O'Brien"
