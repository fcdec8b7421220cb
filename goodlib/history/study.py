"""A study: one YAML file that says where a firm's history lies and what its columns mean.

The file is checked before anything runs. What is wrong with it is said with the line, the key and
the cure, all of it at once.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from goodlib.history import problem

TABLES = (
    *("orders", "customers", "ratings", "interactions"),
    *("referrals", "prospects", "efforts", "services"),
)
UNIT_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Q": 91.3125, "Y": 365.25}
"""Days in each unit of time; a month is a twelfth of 365.25 days."""
UNIT_WORDS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}


class StudyError(ValueError):
    """The study file cannot serve; the message has one line a problem."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Table(_Strict):
    """Where a canonical table comes from and how its columns map."""

    file: str | None = None
    """CSV, Parquet or Excel, relative to the data root."""
    query: str | None = None
    """SQL instead of a file; `{data}` in it is the data root."""
    attach: dict[str, str] = Field(default_factory=dict)
    """Databases that the query reads, by the name it has for them: a DuckDB file such as
    `{data}/firm.duckdb`, or whatever else DuckDB attaches (`postgres:dbname=firm`); read-only."""
    rows: list[dict[str, Any]] | None = None
    """The rows themselves, for small tables such as services."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Canonical name: a column of the source, or an SQL expression over its columns."""
    where: str | None = None
    """SQL condition that rows must meet; the others are counted."""
    date_format: str | None = None
    """strptime format of the dates, such as %d.%m.%Y; none: ISO, or what is beyond doubt."""
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    sheet: str | int = 0
    """Sheet of an Excel file."""
    scale: list[str | int | float] | None = None
    """Ratings: the scores in order, worst first; words become 1, 2, 3, ..."""
    missing: list[str] = Field(default_factory=list)
    """Ratings: words that say there is no score ("Not Rated")."""
    items: dict[str, str] | None = None
    """Ratings: item: column, for a table with one column an item."""
    item_scales: dict[str, list[str | int | float]] = Field(default_factory=dict)
    """Ratings: the scale of each item that has another one than `scale`."""

    @model_validator(mode="after")
    def _one_source(self) -> Table:
        if sum(source is not None for source in (self.file, self.query, self.rows)) != 1:
            message = "a table needs exactly one of file, query and rows"
            raise ValueError(message)
        if self.attach and self.query is None:
            message = "what is attached is read by a query, and there is none"
            raise ValueError(message)
        return self


class Options(_Strict):
    """What intake does where a history leaves a choice."""

    refunds: Literal["net", "drop"] = "net"
    """net: a negative amount lowers its day; drop: it is left out. Both are counted."""
    duplicates: Literal["keep", "drop"] = "keep"
    """Rows that are alike in every mapped column."""
    zero: Literal["keep", "drop"] = "keep"
    """Orders of amount zero."""
    minimum_amount: float | None = None
    """Orders below it are left out and counted."""
    unreadable_share: float = Field(0.01, ge=0, le=1)
    """Largest share of rows without a readable date or amount; above it the study is refused."""


class Balance(_Strict):
    """The balance of the three goods that the firm chose; the shares sum to one."""

    others: float = Field(ge=0, le=1)
    skill: float = Field(ge=0, le=1)
    you: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> Balance:
        total = self.others + self.skill + self.you
        if abs(total - 1) > 1e-6:
            message = f"the shares of the balance must sum to one, they sum to {total:.3g}: mend it"
            raise ValueError(message)
        return self


class Rubric(_Strict):
    """An item of the ratings that says how much good our work does, with its anchors in words."""

    good: Literal["others", "skill"]
    """others: what came of the work for others; skill: how well we did it."""
    anchors: dict[str | int | float, str] = Field(min_length=2)
    """What a score means: one line in words for each, by the score as the scale writes it."""
    good_from: str | int | float | None = None
    """The lowest score that says the work did good; none: the upper half of the scale."""
    relationship: bool = False
    """Whether the item also counts as one of those that say how good it is to work together."""


class Rate(_Strict):
    """What good for others is worth in money, where the firm says so; else it has no price."""

    per_hour: float | None = Field(None, gt=0)
    """Money for an hour (an engagement, where no hours are known) that did others good."""
    per_point: float | None = Field(None, gt=0)
    """Money for a customer whose work is rated a point of the rubric higher."""

    @model_validator(mode="after")
    def _one(self) -> Rate:
        if (self.per_hour is None) == (self.per_point is None):
            message = "good for others is priced per_hour or per_point: give one of the two"
            raise ValueError(message)
        return self


class Investment(_Strict):
    """Limits of the service plan (decision/investment.py), a month."""

    hours_per_month: float | None = Field(None, gt=0)
    """Hours for service to customers and prospects; none: as many as are given now."""
    budget: float | None = Field(None, gt=0)
    """Money a month that service may cost."""
    minimum_level: int | None = None
    floors: dict[Literal["others", "skill", "you"], Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict
    )
    customer_share: float | None = Field(None, gt=0, le=1)
    explore: float = Field(0.10, ge=0, le=1)
    explore_chance: float = Field(0.10, gt=0, le=1)
    strained_level: int | None = None
    """Highest level for a strained customer without a named owner."""
    skills: dict[str, float] = Field(default_factory=dict)
    """Hours that are there of a skill, by its name in efforts."""


class Study(_Strict):
    """A study file, checked.

    Read one with `Study.read(path)`; `data` moves the root of relative data paths, which else is
    GOODLIB_DATA or the project's data/raw.
    """

    title: str = Field(min_length=1)
    currency: str = Field(pattern="^[A-Z]{3}$")
    as_of: date
    unit: Literal["D", "W", "M", "Q", "Y"]
    horizon: Annotated[float, Field(gt=0)]
    """Length of the future, in `unit`."""
    discount: Annotated[float, Field(ge=0, lt=10)]
    """Effective annual rate."""
    tables: dict[Literal[TABLES], Table | list[Table]]  # type: ignore[valid-type]
    source: str = ""
    """Where the data comes from, as a reader should cite it."""
    note: str = ""
    """One or two sentences that a reader needs to know about these data."""
    simulated: bool = False
    calibration_end: date | None = None
    """The cut between calibration and holdout; none: the horizon before `as_of`."""
    margin: float | None = Field(None, gt=0, le=1)
    """Share of an amount that stays with the firm, where orders have neither margin nor cost."""
    balance: Balance | None = None
    rubrics: dict[str, Rubric] = Field(default_factory=dict)
    """Items of the ratings that say how much good the work does, by the item's name."""
    rate_for_others: Rate | None = None
    referral_saving: float = Field(0.0, ge=0)
    """What it costs to win a customer nobody sent, and a referral therefore saves."""
    top_share: float = Field(0.10, gt=0, lt=1)
    investment: Investment = Field(default_factory=Investment)
    scales: dict[Literal["score"], list[str | int | float]] = Field(default_factory=dict)
    """The scale of all ratings that do not say their own, worst first."""
    stages: list[str] = Field(default_factory=list)
    """The stages a prospect goes through, first to last; a column of prospects named as one of them
    holds the day on which it was reached."""
    options: Options = Field(default_factory=Options)

    _path: Path = PrivateAttr(default=Path("study.yml"))
    _data: Path = PrivateAttr(default=Path("data/raw"))

    @model_validator(mode="after")
    def _fits_together(self) -> Study:
        if "orders" not in self.tables:
            message = "tables needs orders: without a history of orders there is nothing to study"
            raise ValueError(message)
        again = sorted({name for name in self.stages if self.stages.count(name) > 1})
        if again:
            message = f"stages must name each stage once: {again[0]!r} comes again"
            raise ValueError(message)
        if self.calibration_end and self.calibration_end >= self.as_of:
            message = (
                f"calibration_end ({self.calibration_end}) must be before as_of ({self.as_of})"
            )
            raise ValueError(message)
        self._check_rubrics()
        return self

    def _check_rubrics(self) -> None:
        if self.rubrics and "ratings" not in self.tables:
            message = "rubrics are items of the ratings, and tables has no ratings. Add them"
            raise ValueError(message)
        parts = self.sources("ratings")
        scales = [scale for p in parts for scale in (p.scale or (), *p.item_scales.values())]
        known = {str(score) for scale in scales for score in scale}
        for item, rubric in self.rubrics.items():
            said = [*rubric.anchors, *([] if rubric.good_from is None else [rubric.good_from])]
            strange = [score for score in said if known and str(score) not in known]
            if strange:
                message = (
                    f"the rubric {item!r} speaks of scores that are not on the scale: "
                    f"{len(strange)} of {len(said)} (first: {strange[0]!r})"
                )
                raise ValueError(message)
        priced = self.rate_for_others is not None and self.rate_for_others.per_point is not None
        if priced and not any(rubric.good == "others" for rubric in self.rubrics.values()):
            message = "rate_for_others.per_point needs a rubric of good for others"
            raise ValueError(message)

    @classmethod
    def read(cls, path: str | Path, data: str | Path | None = None) -> Study:
        """The study in the file `path`.

        Raises
        ------
        StudyError
            The file is missing or not YAML; a key is unknown, missing or of the wrong type; a data
            file does not exist. One line a problem, with its line in the file.
        """
        path = Path(path).resolve()
        if not path.is_file():
            message = f"A study is a YAML file, and {path} does not exist. `goodlib new` makes one."
            raise StudyError(message)
        try:
            text = path.read_text(encoding="utf-8-sig")
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
            tree = loader.get_single_node()
            again = list(problem.twice(tree, path.name))  # before merged keys are put in place
            content = tree and loader.construct_document(tree)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            message = f"{path.name} is not a readable YAML file: {error}"
            raise StudyError(message) from error
        if not isinstance(content, dict):
            message = f"{path.name} is empty or not a list of keys. `goodlib new` writes one."
            raise StudyError(message)
        if again:
            raise StudyError("\n".join(again))
        try:
            study = cls(**content)
        except ValidationError as error:
            found = [one for one in error.errors() if not problem.other_branch(one)]
            lines = [problem.explain(one, tree, path.name, _known) for one in found]
            raise StudyError("\n".join(lines)) from None
        study._path = path
        root = data or os.environ.get("GOODLIB_DATA") or study.project / "data" / "raw"
        study._data = Path(root).expanduser().resolve()
        study._check_files(tree)
        return study

    @classmethod
    def of_orders(cls, orders: Table, data: Path) -> Study:
        """A study of nothing but orders, for reading them without a study file."""
        study = cls(
            title="orders",
            currency="XXX",
            as_of=date(2262, 1, 1),
            unit="D",
            horizon=1,
            discount=0,
            tables={"orders": orders},
        )
        study._data = data
        return study

    def has(self, table: str) -> bool:
        """Whether the study names this canonical table."""
        return table in self.tables

    def sources(self, table: str) -> list[Table]:
        """Where a canonical table comes from: one source or several that are put together."""
        spec = self.tables.get(table, [])
        parts = spec if isinstance(spec, list) else [spec]
        if table == "ratings" and "score" in self.scales:
            scale = {"scale": self.scales["score"]}
            return [part if part.scale else part.model_copy(update=scale) for part in parts]
        return parts

    @property
    def files(self) -> list[Path]:
        """All data files the study reads, those of queries among them."""
        named = {path: None for name in self.tables for path in self._files(name)}
        return list(named)

    @property
    def live(self) -> list[str]:
        """Databases that queries read and that are no files, so that what they hold cannot be
        hashed: name and kind only, for an address may hold a password."""
        kinds = [
            f"{called} ({place.partition(':')[0]})"
            for name in self.tables
            for source in self.sources(name)
            for called, place in source.attach.items()
            if not place.startswith("{data}")
        ]
        return list(dict.fromkeys(kinds))

    def label(self, path: Path) -> str:
        """A data file's path as the study names it."""
        inside = path.is_relative_to(self.data)
        return (path.relative_to(self.data) if inside else path).as_posix()

    def _files(self, name: str) -> list[Path]:
        found: list[Path] = []
        for source in self.sources(name):
            said = " ".join(f"'{text}'" for text in (source.query or "", *source.attach.values()))
            named = [source.file] if source.file else re.findall(r"\{data\}/([^'\"]+)", said)
            for path in named:
                many = sorted(self.data.glob(path)) if set("*?[") & set(path) else []
                found += many or [self.data / path]
        return found

    @property
    def path(self) -> Path:
        """The study file."""
        return self._path

    @property
    def name(self) -> str:
        """Short name: the file's name without its ending."""
        return self._path.stem

    @property
    def data(self) -> Path:
        """Root of relative data paths."""
        return self._data

    @property
    def project(self) -> Path:
        """The folder that holds studies/, data/ and reports/."""
        folder = self._path.parent
        return folder.parent if folder.name == "studies" else folder

    @property
    def processed(self) -> Path:
        """Folder of the tables that chapters hand over."""
        return self.project / "data" / "processed" / self.name

    @property
    def unit_days(self) -> float:
        """Days in the study's unit of time."""
        return UNIT_DAYS[self.unit]

    @property
    def unit_word(self) -> str:
        """The unit of time as a word: week."""
        return UNIT_WORDS[self.unit]

    @property
    def periods_per_year(self) -> float:
        """Units of time in a year."""
        return 365.25 / self.unit_days

    def _check_files(self, tree: yaml.Node | None) -> None:
        problems = []
        for name in self.tables:
            place = ("tables", name)
            line = problem.line(tree, (*place, "file")) or problem.line(tree, place)
            for path in self._files(name):
                if not path.is_file():
                    problems.append(
                        f"{self._path.name}, line {line}, tables.{name}: the file "
                        f"{self.label(path)!r} does not exist under {self.data}. "
                        "Name the data's folder with --data or GOODLIB_DATA, or mend the path."
                    )
        if problems:
            raise StudyError("\n".join(problems))


def _known(where: tuple[Any, ...]) -> set[str]:
    """The keys that may stand at a place of the file."""
    places: dict[str, type[BaseModel]] = {
        "options": Options,
        "balance": Balance,
        "investment": Investment,
        "rate_for_others": Rate,
    }
    if not where:
        return set(Study.model_fields)
    if where[0] == "tables":
        return set(TABLES) if len(where) == 1 else set(Table.model_fields)
    model = Rubric if where[0] == "rubrics" and len(where) > 1 else places.get(str(where[0]))
    return set(model.model_fields) if model else set()
