"""What the serving benchmark found: figures with their bounds, and comparisons that noise hits alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:  # figures of other benchmarks do without what serving needs
    from tests.benchmarks.serving_load import Heard

Ask = Callable[[], "Heard"]
TINY = 1e-6  # where a stretch was too short for anything to be heard


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    row: str  # of the table that the benchmark fills
    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    beside: str = ""

    @property
    def bound(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:,g}"
        return "" if self.most is None else f"≤ {self.most:,g}"

    @property
    def met(self) -> bool | None:
        """None where nothing is held to it."""
        if self.least is not None:
            return self.value >= self.least
        return None if self.most is None else self.value <= self.most


def alternate(rounds: int, *sides: Ask) -> "list[list[Heard]]":
    """Each side's stretches, taken in turns; the side that begins changes."""
    heard: list[list[Heard]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for side in order:
            heard[side].append(sides[side]())
    for one in (one for stretches in heard for one in stretches if one.refused):
        raise RuntimeError(
            f"{one.refused} of {one.requests} requests were refused or not answered\n{one.complaint}"
        )
    return heard


def ratio(ours: "Sequence[Heard]", theirs: "Sequence[Heard]", of: "Callable[[Heard], float]") -> float:
    """Median over the rounds of ours to theirs."""
    return median(of(mine) / max(of(other), TINY) for mine, other in zip(ours, theirs, strict=True))


def middle(heard: "Sequence[Heard]", of: "Callable[[Heard], float]") -> float:
    """Median over the rounds."""
    return median(map(of, heard))


def draw(figures: Sequence[Figure], *, title: str) -> Table:
    """The figures, row by row."""
    table = Table("what", "figure", "measured", "bound", "", "beside", title=title)
    row = ""
    for figure in figures:
        mark = "" if figure.met is None else "✓" if figure.met else "✗"
        shown = f"{figure.value:,.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.3g}"
        first = figure.row if figure.row != row else ""
        row = figure.row
        cells = (first, figure.name, f"{shown} {figure.unit}".strip(), figure.bound, mark, figure.beside)
        table.add_row(*cells, end_section=False)
    return table


def as_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """The same as data, by row and name."""
    found: dict[str, dict[str, Any]] = {}
    for figure in figures:
        found.setdefault(figure.row, {})[figure.name] = float(f"{figure.value:.6g}")
    return found
