"""The shape of the house: what imports what, how long a module is, what a notebook holds."""

import ast
import re
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "goodlib"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ROOMS = {  # what each room may import besides itself
    "history": set(),
    "value": {"history"},
    "relationship": {"history"},
    "decision": {"history", "value", "relationship"},
    "report": {"history", "value", "relationship", "decision"},
    "cli": {"history", "value", "relationship", "decision", "report"},
    "__main__": {"cli"},
}
LINES = 460


def name(path):
    return path.relative_to(ROOT).as_posix()


def imports(path):
    """Every module a file imports, wherever in the file, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}:{node.lineno} imports relatively"
            if node.module == "goodlib":
                yield from ((f"goodlib.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno


def room(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_flow_one_way(path):
    here = room(path)
    if here == "__init__":
        return
    for module, line in imports(path):
        parts = module.split(".")
        if parts[0] == "goodlib" and len(parts) > 1 and parts[1] in ROOMS:
            allowed = ROOMS[here] | {here}
            assert parts[1] in allowed, f"{name(path)}:{line} imports {module}: not from {here}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_one_place_draws_and_one_place_has_an_engine(path):
    where = path.relative_to(PACKAGE).as_posix()
    for module, line in imports(path):
        top = module.split(".")[0]
        if top in {"matplotlib", "seaborn", "mpltern"}:
            assert where.startswith("report/figures/"), f"{where}:{line} draws"
        if top in {"duckdb", "pyspark"}:
            assert where == "history/engine.py", f"{where}:{line} speaks to an engine"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_short_nouns(path):
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= LINES, f"{name(path)} has {length} lines: split it into nouns"
    assert path.stem not in {"utils", "util", "base", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_opens_with_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), name(path)


# notebooks


def cells(path, kind):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def code_lines(source):
    return [
        line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")
    ]


def sentences(source):
    """The texts of the sentences a cell says."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_in_form(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# .+\?\s*$", first.source.splitlines()[0]), "the title is a question"
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1, "one cell tagged parameters"
    for node in ast.parse(tagged[0].source).body:
        assert isinstance(node, ast.Assign), "the parameters cell holds assignments only"
        ast.literal_eval(node.value)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_computes_elsewhere(path):
    for number, cell in enumerate(cells(path, "code"), 1):
        assert len(cell.source.splitlines()) <= 12, f"code cell {number} is too long"
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda), (
                f"code cell {number} defines something"
            )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_committed_as_it_ran(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1)), "run from top to bottom, once"
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert not (output.output_type == "stream" and output.name == "stderr"), output.text
    said = [cell for cell in cells(path, "code") if "chapter.f" in cell.source]
    assert said, "a chapter says findings or shows figures"
    assert all(cell.outputs for cell in said)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_prose_with_code_in_it(path):
    words = sum(len(cell.source.split()) for cell in cells(path, "markdown"))
    lines = 0
    for cell in cells(path, "code"):
        lines += len(code_lines(cell.source))
        words += sum(len(text.split()) for text in sentences(cell.source))
    assert words >= 4 * lines, f"{words} words of prose for {lines} lines of code"


# what is installed


def literals(path):
    """Every string of a module that is no docstring, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value, node.lineno


def test_who_buys_is_a_customer_wherever_a_reader_looks():
    """docs/glossary.md; "client" alone is the side of a rating, as a study's files have it."""
    spoken = [
        (text, f"{name(path)}:{line}")
        for folder in ("findings", "figures")
        for path in (PACKAGE / "report" / folder).glob("*.py")
        for text, line in literals(path)
        if text != "client"
    ]
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        spoken += [(cell.source, f"{name(path)}, {cell.id}") for cell in cells]
    assert len(spoken) > 1000
    assert not [place for text, place in spoken if re.search(r"\bclients?\b", text, re.I)]


def test_conda_users_get_the_same_names_and_ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = set(project["project"]["dependencies"]) | set(project["dependency-groups"]["lab"])
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["--editable ."]
    given = {d for d in environment["dependencies"] if isinstance(d, str)}
    python = project["project"]["requires-python"]
    on_conda = {
        "matplotlib": "matplotlib-base",
        "duckdb": "python-duckdb",
        "lazy-loader": "lazy_loader",
    }
    renamed = {
        re.sub(r"^[\w-]+", lambda m: on_conda.get(m[0], m[0]), requirement)
        for requirement in wanted
    }
    build = set(project["dependency-groups"]["build"])
    assert given - {"pip"} == renamed | build | {f"python{python}"}


def test_every_group_of_the_project_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {
        "report": project["project"]["dependencies"] + project["dependency-groups"]["build"],
        "test": project["dependency-groups"]["test"],
        "lab": project["dependency-groups"]["lab"],
        "spark": project["dependency-groups"]["spark"],
    }
    for lock, wanted in groups.items():
        text = (ROOT / "locks" / f"{lock}.txt").read_text(encoding="utf-8")
        locked = {m[1].lower() for m in re.finditer(r"^([\w.-]+)==", text, re.M)}
        names = {re.split(r"[<>=!~ ]", requirement)[0].lower() for requirement in wanted}
        assert names <= locked, f"locks/{lock}.txt lacks {sorted(names - locked)}: make lock"
        assert "://" not in text, f"locks/{lock}.txt names an address"
