"""What a comparison is made of when it is written down: titles, tables and lists, all of them text."""

from dataclasses import dataclass, field
from typing import Literal

from ikt_model.comparison.curves import Curve

Tone = Literal["", "good", "bad", "same"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with what is to be said of it."""

    text: str
    mark: str = ""  # ✓, ✗, or an arrow with a word
    tone: Tone = ""  # of the mark
    note: str = ""  # an interval, or a ratio
    is_change: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, and the name under which it can be linked to."""

    label: str
    cells: list[Cell]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings are those of the label and of every cell."""

    headings: list[str]
    lines: list[Line]
    is_of_settings: bool = False  # whose names are paths in a configuration


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of one run, with figures that can be looked up."""

    run: str
    severity: str
    rule: str
    message: str
    evidence: list[tuple[str, str]]  # anchor of the figure's row or nothing, and its words


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one title."""

    anchor: str
    title: str
    level: int = 2
    words: list[str] = field(default_factory=list)
    table: Table | None = None
    items: list[tuple[str, str]] = field(default_factory=list)  # a term and what it is
    findings: list[Finding] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    is_secondary: bool = False  # to be unfolded by those who want to know


@dataclass(frozen=True, slots=True)
class Document:
    """All of it."""

    title: str
    names: list[str]  # of the runs, no two alike, baseline first
    notes: list[str]
    summary: list[tuple[str, Tone]]
    parts: list[Part]
