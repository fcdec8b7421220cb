"""A study of five orders, and chapters made of a few lines."""

from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4

STUDY = """\
title: "Tiny & Sons <b>"
currency: EUR
as_of: 2024-12-31
unit: W
horizon: 52
discount: 0.10
margin: 0.40
tables:
  orders:
    file: orders.csv
    columns: {customer_id: client, date: date, amount: amount}
"""
ORDERS = """\
client,date,amount
007,2024-01-05,100.00
007,2024-06-05,150.00
007,2024-12-05,50.00
<img src=x onerror=alert(1)>,2024-02-01,50.00
شركة النخيل,2024-03-01,75.00
"""
PARAMETERS = """\
study = "../studies/tiny.yml"  # the study file
data = None  # root of relative data paths
processed = None  # folder of the tables that chapters hand over
draws = 1000  # draws
seed = 1  # of every random number"""


@pytest.fixture
def chapter():
    """Makes a notebook: its question and its cells, each a source or (source, tags)."""

    def make(question, *cells, name="01-first"):
        opening = [
            v4.new_markdown_cell(f"# {question}"),
            v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            v4.new_code_cell(
                "from goodlib.report.chapter import Chapter\n"
                f'chapter = Chapter("{name}", study, data, processed)'
            ),
        ]
        parts = [cell if isinstance(cell, tuple) else (cell, []) for cell in cells]
        rest = [v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in parts]
        return v4.new_notebook(cells=opening + rest)

    return make


@pytest.fixture
def tiny(tmp_path):
    """A project folder with a study, its data, and a folder for notebooks."""
    for name in ("studies", "data/raw", "notebooks"):
        (tmp_path / name).mkdir(parents=True)
    study = tmp_path / "studies" / "tiny.yml"
    study.write_text(STUDY, encoding="utf-8")
    (tmp_path / "data" / "raw" / "orders.csv").write_text(ORDERS, encoding="utf-8")

    def write(name, notebook):
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")

    return SimpleNamespace(
        root=tmp_path, study=study, notebooks=tmp_path / "notebooks", write=write
    )
