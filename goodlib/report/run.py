"""Parameters in, executed chapters out: papermill runs the notebooks, one after another.

A chapter runs as a prepared copy: cells that need a table the study lacks are left out, and one
sentence says what could not be looked at. The kernel is this interpreter, whatever kernels the user
has registered, and neither writes to nor reads from the user's home. It is started once, for what a
chapter imports takes longer than what it computes; between chapters it forgets every name.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbformat import NotebookNode

NEEDS = re.compile(r"needs:(\w+)")
SHOWS = re.compile(r"\bchapter\.(decide|finding|claim|note|alert|figure|table)\(")
TABLES = {
    "orders": "orders",
    "customers": "names and descriptions of customers",
    "ratings": "ratings of the relationship",
    "relationship": "ratings of the relationship",
    "rubrics": "ratings of how much good the work does",
    "interactions": "log of interactions",
    "referrals": "referrals",
    "prospects": "prospects",
    "efforts": "hours of effort",
    "services": "levels of service",
    "work": "hours of effort, nor orders that say whom they were good for",
}
"""The tables of a study, as a sentence names them."""
BASE = 30
"""Customers from which a model of the base can say what each of them may bring."""


class ChapterError(Exception):
    """A chapter failed: its executed copy, the number of the cell, the error."""

    def __init__(self, notebook: Path, cell: int | None, reason: str) -> None:
        self.notebook, self.cell, self.reason = notebook, cell, reason
        where = f"{notebook.stem}, In [{cell}]" if cell else notebook.stem
        super().__init__(f"{where}: {reason}")


class ParameterError(ValueError):
    """No chapter has such a parameter."""


class Executed(NamedTuple):
    """A chapter that has run."""

    name: str
    """File name without ending: "02-lifetime-value"."""
    notebook: NotebookNode
    """With its outputs."""
    seconds: float
    """Wall time."""
    warnings: tuple[str, ...]
    """What the kernel wrote to standard error, a line each."""


def chapters(folder: str | Path) -> list[Path]:
    """The notebooks of a folder in the order of their numbers."""
    found = sorted(Path(folder).glob("[0-9][0-9]-*.ipynb"))
    if not found:
        message = f"No chapters in {folder}: they are named 01-name.ipynb, 02-name.ipynb, ..."
        raise FileNotFoundError(message)
    return found


def read(path: Path) -> NotebookNode:
    """A notebook of format 4.5."""
    return nbformat.read(path, as_version=4)


def parameters(notebook: NotebookNode) -> set[str]:
    """Names that the cell tagged `parameters` gives."""
    from papermill.translators import PythonTranslator

    cell = next(c for c in notebook.cells if "parameters" in tags(c))
    return {found.name for found in PythonTranslator.inspect(cell)}


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def needed(cell: NotebookNode) -> list[str]:
    """The tables a cell needs, by its tags `needs:NAME`."""
    return [found[1] for tag in tags(cell) if (found := NEEDS.fullmatch(tag))]


def whole(notebook: NotebookNode) -> list[str]:
    """What a chapter as a whole needs, by its metadata `goodlib: {needs: [NAME]}`."""
    return list(notebook.metadata.get("goodlib", {}).get("needs", []))


def foreseen(notebook: NotebookNode) -> list[str]:
    """Errors that are an answer of the chapter, by its metadata `goodlib: {refuses: [NAME]}`."""
    return list(notebook.metadata.get("goodlib", {}).get("refuses", []))


def accept(given: Mapping[str, Any], notebooks: Mapping[str, NotebookNode]) -> None:
    """Refuses a parameter that no chapter has.

    Raises
    ------
    ParameterError
        Names the parameter and all that there are.
    """
    known = set().union(*(parameters(notebook) for notebook in notebooks.values()))
    known -= {"study", "data", "processed"}
    for name in given:
        if name not in known:
            message = (
                f"No chapter has a parameter {name!r}; there are {', '.join(sorted(known))}. "
                "The study, --data and --out have options of their own."
            )
            raise ParameterError(message)


def prepared(notebook: NotebookNode, has: Callable[[str], bool]) -> NotebookNode:
    """A copy without the cells whose tables are lacking, and one sentence in their place.

    `has` says whether a table (or "base", "holdout") is there. Of a chapter in which no cell that
    shows anything is left, only its title and that sentence remain, and so of one that as a whole
    needs what is lacking.
    """
    notebook = copy.deepcopy(notebook)
    nothing = [n for n in whole(notebook) if not has(n)]
    lacking = {n for cell in notebook.cells for n in needed(cell) if not has(n)}
    lacking = set(nothing) or lacking
    if not lacking:
        return notebook
    kept: list[NotebookNode] = []
    place, lost = None, 0
    for cell in notebook.cells:
        if lacking.intersection(needed(cell)):
            place = len(kept) if place is None else place
            lost += cell.cell_type == "code"
        else:
            kept.append(cell)
    ready = next((i for i, c in enumerate(kept) if "Chapter(" in c.source), -1) + 1
    if nothing:
        kept = kept[:ready]
    shows = [c for c in kept if c.cell_type == "code" and SHOWS.search(c.source)]
    sentence = _lacking(sorted(lacking), title(notebook), whole=not shows)
    notice = nbformat.v4.new_code_cell(
        f'chapter.alert("{{text:name}}", text={sentence!r}, lacking={" ".join(sorted(lacking))!r})',
        id="what-is-lacking",
        metadata={"tags": ["lacking"]},
    )
    if not shows:
        kept = [c for c in kept if c.cell_type == "code" or c.source.lstrip().startswith("# ")]
        place, ready = len(kept), 0
    kept.insert(max(place or 0, ready), notice)
    notebook.cells = kept
    return notebook


def refused(notebook: NotebookNode, reason: str) -> NotebookNode:
    """A copy with its title, what makes the chapter, and in place of all else why it has no answer.

    For an error that the chapter foresees (`foreseen`): it says what the study asks for and cannot
    have, and the other chapters stand.
    """
    notebook = copy.deepcopy(notebook)
    ready = next((i for i, c in enumerate(notebook.cells) if "Chapter(" in c.source), -1) + 1
    notice = nbformat.v4.new_code_cell(
        f'chapter.alert("{{text:name}}", text={reason!r})',
        id="what-is-refused",
        metadata={"tags": ["refused"]},
    )
    opening = [c for c in notebook.cells[:ready] if not needed(c)]
    notebook.cells = [*opening, notice]
    return notebook


def title(notebook: NotebookNode) -> str:
    """The question a chapter asks: its first heading."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^# +(.+)", cell.source, re.M)):
            return found[1].strip()
    return "Untitled"


def execute(
    paths: Iterable[Path], given: Mapping[str, Any], to: Path, has: Callable[[str], bool]
) -> Iterator[Executed]:
    """Runs the chapters one after another; the executed copies stand in `to`.

    `given` are papermill's parameters; `has` says whether a table (or "base", "holdout") is there
    when its chapter starts.

    Raises
    ------
    ChapterError
        At the first cell that fails, unless the chapter foresees the error: see `refused`.
    """
    from jupyter_core.utils import run_sync

    def why(error: ChapterError) -> str:
        name, _, said = error.reason.partition(": ")
        return said if name in foreseen(read(error.notebook)) else ""

    private = to / ".kernel"
    private.mkdir(exist_ok=True)
    with _interpreter(private / "log") as kernel:
        for path in paths:
            notebook, place = prepared(read(path), has), to / path.name
            try:
                done = _execute(notebook, path, given, place, kernel)
            except ChapterError as error:
                if not (reason := why(error)):
                    raise
                run_sync(kernel.forget)()
                done = _execute(refused(notebook, reason), path, given, place, kernel)
            yield done
            run_sync(kernel.forget)()


def _execute(
    notebook: NotebookNode, path: Path, given: Mapping[str, Any], to: Path, kernel: Any
) -> Executed:
    """Runs one chapter in its own folder, as JupyterLab does."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.WARNING)
    known = parameters(notebook)
    started = time.perf_counter()
    with _environment(kernel.mutter.parent):
        try:
            executed = papermill.execute_notebook(
                notebook,
                str(to),
                parameters={n: _literal(v) for n, v in given.items() if n in known},
                kernel_name="python3",
                language="python",
                km=kernel,
                cwd=str(path.parent),
                progress_bar=False,
                request_save_on_cell_execute=False,
            )
        except PapermillExecutionError as error:
            reason = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
            raise ChapterError(to, error.exec_count, reason) from error
        except RuntimeError as error:  # the kernel did not start, or died
            nbformat.write(notebook, to)
            last = kernel.mutter.read_text(errors="replace").strip().splitlines()[-1:]
            reason = " ".join([str(error).splitlines()[0], *last])
            raise ChapterError(to, None, reason) from error
    return Executed(path.stem, executed, time.perf_counter() - started, _warnings(executed))


@contextmanager
def _interpreter(log: Path) -> Iterator[Any]:
    """A manager of one kernel, this interpreter; what it mutters goes to `log`."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync
    from zmq import has

    class ThisInterpreter(AsyncKernelManager):
        transport_encryption = "auto" if has("curve") else "disabled"

        def _kernel_spec_manager_default(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])

        async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
            with log.open("ab") as file:
                await super()._async_launch_kernel(kernel_cmd, stderr=file, **options)

        def client(self, **options: Any) -> Any:
            self.speaker = super().client(**options)
            return self.speaker

        async def forget(self) -> None:
            """Empties the namespace and counts cells from one again."""
            await self.speaker.execute("get_ipython().reset()", silent=True, reply=True)
            self.speaker.stop_channels()

        async def end(self) -> None:
            if self.has_kernel:
                self.speaker.stop_channels()
                await self.shutdown_kernel(now=True)
            await self.cleanup_resources()

    kernel: Any = ThisInterpreter()
    kernel.mutter = log
    try:
        yield kernel
    finally:
        run_sync(kernel.end)()


@contextmanager
def _environment(private: Path) -> Iterator[None]:
    """The environment of a kernel: bytecode is kept, no settings of the user's IPython are read.

    Linear algebra has one thread: for matrices of this size more only wait for each other, and in
    another order sums end in other digits.
    """
    before = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "MPLBACKEND"):
        os.environ.pop(name, None)
    os.environ["IPYTHONDIR"] = os.environ["JUPYTER_RUNTIME_DIR"] = str(private)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[2]), *filter(None, [before.get("PYTHONPATH")])]
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _literal(value: Any) -> Any:
    """A parameter as papermill can write it into a cell."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _warnings(notebook: NotebookNode) -> tuple[str, ...]:
    """Lines on standard error, without the source lines that Python repeats below a warning."""
    lines = [
        line.strip()
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
        for line in output.text.splitlines()
        if line.strip() and not line.startswith(" ")
    ]
    return tuple(re.sub(r"^\S*?([^/\\]+\.py):\d+: ", r"\1: ", line) for line in lines)


def absent(name: str) -> str:
    """That a table is not there, in words without a full stop."""
    if name == "base":
        return f"This study has fewer than {BASE} customers, too few to model what they may bring"
    if name == "holdout":
        return "This study's history is too short to try a forecast on its own past"
    if name in TABLES:
        return f"This study has no {TABLES[name]}"
    return f"This study could not make the table '{name}', which an earlier chapter makes"


def _lacking(names: list[str], question: str, whole: bool) -> str:
    """What a chapter says of tables that are not there."""
    said = list(dict.fromkeys(absent(name) for name in names))
    text = "; ".join([said[0], *(part[0].lower() + part[1:] for part in said[1:])])
    question = question.rstrip("?.").strip()
    if whole:
        return f"{text}: the question “{question}?” could not be looked at."
    return f"{text}: what needs it is left out of the answer to “{question}?”"
