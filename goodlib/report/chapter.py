"""A chapter while it runs: what a notebook says, shows and hands over.

Every output carries, beside what Jupyter shows, the kind of thing it is (`metadata["goodlib"]`), so
that the renderer builds the front page, the alerts and values.json from what the executed chapters
said and from nothing else. Data is escaped here, once.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import display

from goodlib.history import Study, prepare
from goodlib.report.export import export
from goodlib.report.words import Sentence, Words


class Chapter:
    """One chapter of a study's report.

    Parameters
    ----------
    name : str
        File name of the notebook without ending: "02-lifetime-value".
    study : str or Path
        The study file (YAML).
    data : str or Path or None
        Root of the study's relative data paths; None: as the study file says.
    processed : str or Path or None
        Folder of the tables that chapters hand over; None: data/processed/<study>.
    """

    def __init__(
        self,
        name: str,
        study: str | Path,
        data: str | Path | None = None,
        processed: str | Path | None = None,
    ) -> None:
        self.name = name
        self.study = Study.read(study, data=data)
        self.processed = Path(processed) if processed else self.study.processed
        prepare(self.study, self.processed)
        self.words = Words(self.study.currency)

    # what a chapter says

    def decide(self, sentence: str | Sentence | None, **values: Any) -> None:
        """Says what to do or settle now; it stands first on the report's front page.

        None: there is nothing to decide, and nothing is said.
        """
        if sentence is not None:
            self._say("decision", "p", sentence, values)

    def finding(self, sentence: str | Sentence, **values: Any) -> None:
        """Says what the reader takes home; it also stands on the report's front page."""
        self._say("finding", "p", sentence, values)

    def claim(self, sentence: str | Sentence, **values: Any) -> None:
        """The heading of a section: a full sentence that the figure below shows.

        A heading of one sentence goes without its full stop.
        """
        sentence = self._sentence(sentence, values)
        if sentence.text.endswith(".") and ". " not in sentence.text:
            sentence = sentence._replace(text=sentence.text[:-1])
        self._say("claim", "h2", sentence, {})

    def note(self, sentence: str | Sentence, **values: Any) -> None:
        """A paragraph: what a figure shows and what it does not."""
        self._say("note", "p", sentence, values)

    def alert(self, sentence: str | Sentence, **values: Any) -> None:
        """Something the reader must know before any number: missing, doubtful, refused."""
        self._say("alert", "p", sentence, values)

    # what a chapter shows

    def figure(self, axes: Any, alt: str | Sentence, *, front: bool = False, **values: Any) -> None:
        """Shows a figure; `alt` is a sentence that says what it shows, for who cannot see it.

        `front`: it stands on the report's front page too.
        """
        text = self.words.say(self._sentence(alt, values))
        if not text.strip():
            message = "A figure needs an alt text: one sentence that says what it shows."
            raise ValueError(message)
        from goodlib.report.figures import style

        picture = base64.b64encode(style.png(axes)).decode("ascii")
        bundle = {"image/png": picture, "text/plain": f"Figure: {text}"}
        meta = {"kind": "figure", "alt": text} | ({"front": True} if front else {})
        display(bundle, metadata={"goodlib": meta}, raw=True)

    def table(
        self,
        frame: pd.DataFrame,
        caption: str | Sentence,
        formats: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        """Shows a frame as an accessible table; cells are escaped.

        `formats` says how a column is written (money, percent, count, number, date, text) where its
        name does not tell.
        """
        from goodlib.report.tables import to_html, to_text

        text = self.words.say(self._sentence(caption, values))
        bundle = {
            "text/html": to_html(frame, text, self.study.currency, formats),
            "text/plain": f"{text}\n{to_text(frame, self.study.currency, formats)}",
        }
        display(bundle, metadata={"goodlib": {"kind": "table", "caption": text}}, raw=True)

    # what a chapter hands over

    def save(self, name: str, frame: pd.DataFrame) -> None:
        """Hands a table to later chapters and to the run's tables/: <name>.parquet."""
        path = self.processed / f"{name}.parquet"
        part = path.with_suffix(".part")
        frame.to_parquet(part)
        part.replace(path)

    def export(self, name: str, frame: pd.DataFrame) -> None:
        """Leaves a table in the run's tables/ for a spreadsheet: <name>.csv and <name>.xlsx."""
        export(frame, self.processed / name)

    def load(self, name: str) -> pd.DataFrame:
        """A canonical table of the study, or one that an earlier chapter handed over."""
        path = self.processed / f"{name}.parquet"
        if not path.exists():
            message = (
                f"{self.name} needs the table '{name}', and {self.processed} does not hold it: "
                "either the study has no such table, or the chapter that makes it has not run yet."
            )
            raise FileNotFoundError(message)
        return pd.read_parquet(path)

    def has(self, name: str) -> bool:
        """Whether `load(name)` would find its table."""
        return (self.processed / f"{name}.parquet").exists()

    # how

    @staticmethod
    def _sentence(sentence: str | Sentence, values: dict[str, Any]) -> Sentence:
        return sentence if isinstance(sentence, Sentence) else Sentence(sentence, values)

    def _say(self, kind: str, tag: str, sentence: str | Sentence, values: dict[str, Any]) -> None:
        sentence = self._sentence(sentence, values)
        text = self.words.say(sentence)
        bundle = {
            "text/html": f'<{tag} class="{kind}">{html.escape(text)}</{tag}>',
            "text/plain": text,
        }
        quoted = {name: _plain(value) for name, value in sentence.values.items()}
        meta = {"kind": kind, "text": text, "template": sentence.text, "values": quoted}
        display(bundle, metadata={"goodlib": meta}, raw=True)


def _plain(value: Any) -> Any:
    """A value as JSON can keep it: dates as ISO text, what is not finite as nothing."""
    if isinstance(value, pd.Timestamp) or hasattr(value, "isoformat"):
        return value.isoformat()
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
