"""A drafted study file can be read at once, and says what it guessed."""

import pandas as pd
import pytest

from goodlib.history import Study, StudyError, draft, read_history

ISO = "Rechnung;Kundennr;Datum;Betrag;Kosten\n1;007;2024-01-05;100,50;40\n2;007;2024-02-05;80;30\n"


def drafted(tmp_path, text, name="orders.csv"):
    path = tmp_path / name
    path.write_text(text)
    made = draft.draft("our firm: 2024", path, tmp_path)
    (tmp_path / "our.yml").write_text(made.text)
    return made, Study.read(tmp_path / "our.yml", data=tmp_path)


def test_a_draft_is_a_study_that_reads(tmp_path):
    made, study = drafted(tmp_path, ISO + "3;008;2024-03-01;20;9\n")
    assert study.title == "our firm: 2024"
    assert str(study.as_of) == "2024-03-01"
    table = study.tables["orders"]
    assert table.file == "orders.csv"
    assert table.columns == {
        **{"customer_id": "Kundennr", "date": "Datum", "amount": "Betrag", "cost": "Kosten"}
    }
    assert "customer_id: the column 'Kundennr'" in made.guesses
    assert "Rechnung" in made.text
    assert len(read_history(study).tables["orders"]) == 3


def test_quantity_times_price(tmp_path):
    text = "customer,invoice date,quantity,unit_price\n" + "".join(
        f"{who},1/{day}/2024 8:26,2,1.5\n" for who, day in (("a", 5), ("a", 31), ("b", 13))
    )
    made, study = drafted(tmp_path, text)
    assert study.tables["orders"].columns["amount"] == '"quantity" * "unit_price"'
    assert study.tables["orders"].date_format == "%m/%d/%Y %H:%M"
    assert "a quantity and a price" in " ".join(made.guesses)


def test_dates_that_read_both_ways_are_left_to_the_reader(tmp_path):
    text = "client,date,amount\na,03/04/2024,1\na,05/06/2024,2\nb,07/08/2024,3\n"
    made, study = drafted(tmp_path, text)
    assert study.tables["orders"].date_format is None
    assert '# date_format: "%d/%m/%Y" # or "%m/%d/%Y"' in made.text
    assert any("uncomment date_format and say which" in guess for guess in made.guesses)


def test_a_unit_and_a_horizon_that_fit_the_history(tmp_path):
    days = pd.date_range("2020-01-31", "2024-12-31", freq="QE")
    rows = "".join(f"{who},{day:%Y-%m-%d},5\n" for day in days for who in "ab")
    _, study = drafted(tmp_path, "client,date,amount\n" + rows)
    assert (study.unit, study.horizon) == ("M", 12)
    _, short = drafted(
        tmp_path, "client,date,amount\na,2024-01-01,1\na,2024-03-11,2\nb,2024-02-01,3\n"
    )
    assert short.horizon <= 5


def test_a_file_in_which_nothing_looks_like_a_customer(tmp_path):
    with pytest.raises(StudyError, match=r"No column looks like customer: there are \['x', 'y'\]"):
        drafted(tmp_path, "x,y\n2024-01-01,1\n")


def test_a_file_without_rows(tmp_path):
    with pytest.raises(StudyError, match="has a header and no rows"):
        drafted(tmp_path, "client,date,amount\n")
