"""What cannot be improved in one figure without losing in another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ikt_model.comparison.tables import NO_METRICS, TABLES, Line

Direction = Literal["maximise", "minimise"]
_DIRECTIONS: dict[str, Direction] = {"higher": "maximise", "lower": "minimise"}


@dataclass(frozen=True, slots=True)
class Axis:
    """A metric, and which way is better."""

    metric: str
    label: str
    direction: Direction | None
    """None where neither way is better by itself."""


def metric_axes() -> dict[str, Axis]:
    """Every final metric that comparisons know, by name."""
    axes = [axis for table in TABLES for line in table.lines for axis in _axes_of(line)]
    return {axis.metric: axis for axis in axes if not axis.metric.startswith(NO_METRICS)}


def _axes_of(line: Line) -> Iterator[Axis]:
    if line.form == "range":
        for end, word in zip(line.ends, ("smallest", "largest"), strict=True):
            yield Axis(end, line.label.replace("range", word), None)
    else:
        # A loss that is defined anew by each run ranks none of them.
        direction = None if line.is_of_one_loss else _DIRECTIONS.get(line.goal)
        yield Axis(line.metric, line.label, direction)


def pareto_front(points: Sequence[tuple[float, float]], *, x: Direction, y: Direction) -> list[int]:
    """Indices of the points that no other one is at least as good as in both and better in one; by x.

    Equal points are on the front together.
    """
    signs = (1.0 if x == "maximise" else -1.0, 1.0 if y == "maximise" else -1.0)
    gains = [(signs[0] * point[0], signs[1] * point[1]) for point in points]
    front: list[int] = []
    best_y, best = float("-inf"), None
    for index in sorted(range(len(gains)), key=lambda i: gains[i], reverse=True):
        if gains[index][1] > best_y or gains[index] == best:
            front.append(index)
            best_y, best = gains[index][1], gains[index]
    return sorted(front, key=lambda i: points[i])
