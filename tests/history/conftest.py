"""Studies of a few lines, written where a test can spoil them."""

import pytest
import yaml

from goodlib.history import Study, read_history

GOOD = "client;day;fee\n007;2024-01-05;100,50\n007;2024-02-05;80\n008;2024-01-09;20\n"


@pytest.fixture
def write(tmp_path):
    """Writes a study over the CSV text (or bytes) of its orders; returns the study file's path."""

    def write(orders=GOOD, *, table=None, tables=None, **study):
        content = orders if isinstance(orders, bytes) else orders.encode()
        (tmp_path / "orders.csv").write_bytes(content)
        columns = {"customer_id": "client", "date": "day", "amount": "fee"}
        spec = {
            "title": "A firm",
            "currency": "EUR",
            "as_of": "2024-12-31",
            "unit": "W",
            "horizon": 26,
            "discount": 0.1,
            "tables": {"orders": {"file": "orders.csv", "columns": columns} | (table or {})},
        }
        spec["tables"] |= tables or {}
        path = tmp_path / "firm.yml"
        path.write_text(yaml.safe_dump(spec | study, allow_unicode=True, sort_keys=False))
        return path

    return write


@pytest.fixture
def read(write, tmp_path):
    """Reads the history of such a study."""

    def read(*given, **options):
        return read_history(Study.read(write(*given, **options), data=tmp_path))

    return read
