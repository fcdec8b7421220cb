"""The commands: what they print, and their exit codes."""

from pathlib import Path

import pytest
import yaml

from goodlib import cli

ROOT = Path(__file__).resolve().parent.parent
ORDERS = "client,date,amount\na,2024-01-05,10\na,2024-02-05,20\nb,2024-01-09,0\n,2024-01-09,5\n"


@pytest.fixture
def firm(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GOODLIB_DATA", raising=False)
    (tmp_path / "orders.csv").write_text(ORDERS)
    return tmp_path


def test_new_then_check(firm, capsys):
    assert cli.main(["new", "ours", "--orders", "orders.csv"]) == 0
    said = capsys.readouterr().out
    assert "Wrote ours.yml. Guessed" in said
    assert "customer_id: the column 'client'" in said
    assert cli.main(["check", "ours.yml"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "ours, as of 2024-02-05"
    assert said[3].split() == ["orders", "4", "3", "2"]
    assert "customer_id is missing" in said[6]
    assert "left out" in said[6]
    assert "amount is zero" in said[7]


def test_new_never_overwrites(firm, capsys):
    (firm / "ours.yml").write_text("mine")
    assert cli.main(["new", "ours", "--orders", "orders.csv"]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert (firm / "ours.yml").read_text() == "mine"


def test_check_of_a_history_that_cannot_serve_exits_2(firm, capsys):
    cli.main(["new", "ours", "--orders", "orders.csv"])
    (firm / "orders.csv").write_text("client,date,amount\na,2024-01-05,10\na,2024-02-01,9\n")
    assert cli.main(["check", "ours.yml"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("goodlib check: orders: ")
    assert "of one customer" in said


def test_check_of_a_wrong_study_exits_2(firm, capsys):
    path = firm / "wrong.yml"
    path.write_text(yaml.safe_dump({"title": "x"}))
    assert cli.main(["check", str(path)]) == 2
    assert "the key 'currency' is missing" in capsys.readouterr().err


def test_the_demo_checks(capsys):
    assert cli.main(["check", str(ROOT / "studies" / "demo.yml")]) == 0
    assert "refund" in capsys.readouterr().out


def test_no_command_exits_2():
    with pytest.raises(SystemExit) as left:
        cli.main([])
    assert left.value.code == 2
