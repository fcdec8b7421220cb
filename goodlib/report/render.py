"""Executed chapters in, one self-contained HTML file out.

The file asks the network for nothing and its content security policy would not let it. Data is
escaped; HTML is taken over only from what a Chapter has shown, anything else appears as plain text.
A figure without alt text fails the report, and so does an output that went in and did not come out.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nbformat import NotebookNode

from goodlib.report.run import absent, title

TEMPLATE = Path(__file__).parent / "template"


class RenderError(ValueError):
    """A chapter cannot be shown as it is."""


class Statement(NamedTuple):
    """What an executed chapter said or showed."""

    kind: str
    """decision, finding, claim, note, alert, figure or table."""
    text: str
    """The sentence, the alt text or the caption."""
    template: str
    """The sentence before its values were filled in."""
    values: Mapping[str, Any]
    """The numbers it quotes, by name."""


class Section(NamedTuple):
    """A chapter as the page shows it."""

    anchor: str
    title: str
    decisions: Sequence[str]
    findings: Sequence[str]
    pictures: Sequence[Any]
    """Figures that the front page shows too."""
    alerts: Sequence[Statement]
    body: Any


def statements(notebook: NotebookNode) -> list[Statement]:
    """Everything a chapter said and showed, in order."""
    return [
        Statement(
            kind=said["kind"],
            text=said.get("text", said.get("alt", said.get("caption", ""))),
            template=said.get("template", ""),
            values=said.get("values", {}),
        )
        for _, output in _outputs(notebook)
        if (said := output.get("metadata", {}).get("goodlib"))
    ]


def render(
    chapters: Mapping[str, NotebookNode],
    *,
    title: str,
    as_of: str,
    currency: str,
    notices: Sequence[str] = (),
    source: str = "",
    provenance: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
) -> str:
    """The report as one HTML file: decisions, findings and alerts, the chapters, how it was made.

    Parameters
    ----------
    chapters : executed notebooks by name
    notices : texts
        What stands under the title, such as that the firm is simulated.
    source : str
        Where the data comes from.
    provenance : mapping
        `sentence`, and `parts`: each with `title`, `heads` and `rows` of text.
    changes : mapping, optional
        `since` (a date in words) and `sentences` (pairs: now, before).

    Raises
    ------
    RenderError
        A figure without alt text, or an output that cannot be shown; names notebook and cell.
    """
    from markupsafe import Markup

    import goodlib

    environment, exporter = _environment(), _exporter()
    sections = [section(name, notebook, exporter) for name, notebook in chapters.items()]
    script = environment.loader.get_source(environment, "report/report.js")[0].strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report/report.html.j2").render(
        title=title,
        as_of=as_of,
        currency=currency,
        notices=notices,
        source=source,
        chapters=sections,
        decisions=any(part.decisions for part in sections),
        findings=any(part.findings for part in sections),
        alerts=_alerts(sections),
        changes=changes,
        provenance=provenance,
        css=Markup(environment.loader.get_source(environment, "report/report.css")[0]),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        version=goodlib.__version__,
    )


def section(name: str, notebook: NotebookNode, exporter: Any) -> Section:
    """One chapter: what it found, its alerts, and its body without the title.

    Raises
    ------
    RenderError
        See `render`.
    """
    from markupsafe import Markup

    _no_picture_without_alt(name, notebook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbconvert's word on what it cannot show; counted below
        body = exporter.from_notebook_node(_untitled(notebook))[0]
    went_in = sum(1 for _ in _outputs(notebook))
    came_out = len(re.findall(r"<[^<>]* data-output[ >]", body))
    if went_in != came_out:
        message = (
            f"{name}: {went_in} outputs went in and {came_out} came out. The report shows pictures "
            "(PNG), what a Chapter says and shows, and plain text; is there another kind?"
        )
        raise RenderError(message)
    said = statements(notebook)
    return Section(
        anchor=name,
        title=title(notebook),
        decisions=[unbroken(s.text) for s in said if s.kind == "decision"],
        findings=[unbroken(s.text) for s in said if s.kind == "finding"],
        pictures=[
            Markup(image(output, f"From chapter {int(name[:2])}: {told['alt']}"))
            for _, output in _outputs(notebook)
            if (told := output.get("metadata", {}).get("goodlib", {})).get("front")
        ],
        alerts=[s for s in said if s.kind == "alert"],
        body=Markup(body),
    )


def _alerts(sections: Sequence[Section]) -> list[tuple[str, list[str]]]:
    """Each alert once, with the chapters that say it; what a study lacks comes last."""
    said: dict[str, list[str]] = {}
    lacking: dict[str, list[str]] = {}
    for part in sections:
        for alert in part.alerts:
            names = str(alert.values.get("lacking", "")).split()
            for text in dict.fromkeys(f"{absent(name)}." for name in names) or [alert.text]:
                (lacking if names else said).setdefault(text, []).append(part.anchor)
    return [*said.items(), *lacking.items()]


def _outputs(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Number of the cell and output, for all but what went to standard error."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if not (output.output_type == "stream" and output.name == "stderr"):
                yield number, output


def _alt(output: NotebookNode) -> str:
    """The sentence that says what a picture shows."""
    metadata = output.get("metadata", {})
    said = metadata.get("goodlib", {}).get("alt") or metadata.get("image/png", {}).get("alt")
    return (said or "").strip()


def _no_picture_without_alt(name: str, notebook: NotebookNode) -> None:
    """Refuses a picture that nobody described."""
    for number, output in _outputs(notebook):
        if "image/png" in output.get("data", {}) and not _alt(output):
            message = (
                f"{name}, cell {number}: a figure without alt text. Show it with "
                "chapter.figure(axes, alt), alt being one sentence that says what it shows."
            )
            raise RenderError(message)


def _exporter() -> Any:
    """nbconvert with the report's own template."""
    from nbconvert.exporters.templateexporter import TemplateExporter
    from traitlets.config import Config

    def figure(output: NotebookNode) -> str:
        """A picture with its alt text."""
        shown = image(output, _alt(output))
        return f'<div class="figure" role="group" tabindex="0" data-output>{shown}</div>'

    def said(output: NotebookNode) -> str:
        """What a Chapter said or showed as it stands; other HTML as its plain text."""
        if "goodlib" in output.get("metadata", {}):
            shown = unbroken(deeper("".join(output.data["text/html"])))
            return f"<div data-output>{shown}</div>"
        return (
            f'<pre data-output tabindex="0">{html.escape(output.data.get("text/plain", ""))}</pre>'
        )

    priority = ["image/png", "text/html", "text/plain"]
    return TemplateExporter(
        config=Config(
            {
                "NbConvertBase": {"display_data_priority": priority},
                "TemplateExporter": {"default_preprocessors": []},  # none of them changes a chapter
            }
        ),
        template_name="report",
        template_file="chapter.html.j2",
        extra_template_basedirs=[str(TEMPLATE)],
        filters={"figure": figure, "said": said, "prose": prose},
    )


def image(output: NotebookNode, alt: str) -> str:
    """The picture of an output at half its pixels, for screens that have two a point."""
    data = "".join(output.data["image/png"]).replace("\n", "")
    wide, high = struct.unpack(">II", base64.b64decode(data[:64])[16:24])
    return (
        f'<img alt="{html.escape(alt, quote=True)}" width="{wide // 2}" height="{high // 2}" '
        f'style="--natural: {wide // 2}px" src="data:image/png;base64,{data}">'
    )


def prose(markdown: str) -> str:
    """Markdown as HTML; HTML in it is escaped."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    return deeper(MarkdownWithMath(renderer=renderer).render(markdown))


def deeper(fragment: str) -> str:
    """The fragment with headings one level down, and without ids, which chapters might share."""
    return re.sub(
        r"<(/?)h([1-5])\b([^>]*)>",
        lambda m: f"<{m[1]}h{int(m[2]) + 1}{re.sub(r' id=.[^ >]*', '', m[3])}>",
        fragment,
    )


def unbroken(text: str) -> str:
    """The text with minus and percent sign held to their numbers at the end of a line."""
    text = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)
    return text.replace("−", "−\N{WORD JOINER}")


def _untitled(notebook: NotebookNode) -> NotebookNode:
    """The notebook without its first heading, which the page sets itself."""
    notebook = NotebookNode(notebook | {"cells": list(notebook.cells)})
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and re.search(r"^# +", cell.source, re.M):
            source = re.sub(r"^# +.+\n?", "", cell.source, count=1, flags=re.M)
            notebook.cells[place] = NotebookNode(cell | {"source": source})
            break
    return notebook


def _environment() -> Any:
    """Jinja for the page around the chapters; everything is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined
    )
