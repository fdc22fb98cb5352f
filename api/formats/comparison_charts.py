"""Curves over the epochs as the coordinates of small drawings."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.formats import comparison_text as text
from ikt_model.comparison.curves import Curve

WIDTH, HEIGHT = 320, 180
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 10, 24
MOST_TICKS = 4
MOST_DIGITS = 4  # of a tick, before or after the point
MARGIN = 0.06  # of the values' span, above and below them

Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in pixels, and what stands there."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One run's curve."""

    series: int  # the run's number, from 0
    points: str  # of an SVG polyline
    end: tuple[float, float]  # where its last value stands


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure over the epochs of all runs."""

    title: str
    words: str  # the same for whoever can't see it
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Drawn]
    references: list[float]  # heights of the references' values


def draw(curve: Curve, names: Sequence[str]) -> Chart:
    """The curve of every run that has one."""
    last = max(points[-1][0] for points in curve.points if points)
    known = [value for value in curve.references if value is not None]
    values = [value for points in curve.points for _, value in points] + known
    low, high = min(values), max(values)
    margin = (high - low) * MARGIN or abs(high) * MARGIN or 1.0
    x, y = (
        _Axis(1, max(last, 2), LEFT, WIDTH - RIGHT),
        _Axis(low - margin, high + margin, HEIGHT - BOTTOM, TOP),
    )
    return Chart(
        title=curve.label,
        words=f"{curve.label}. {' '.join(_describe(curve, names))}",
        x_ticks=[Tick(x.at(epoch), str(epoch)) for epoch in _epochs(last)],
        y_ticks=[Tick(y.at(value), label) for value, label in _round_values(y.low, y.high)],
        lines=[
            Drawn(
                series,
                " ".join(f"{x.at(epoch)},{y.at(value)}" for epoch, value in points),
                _end(points, x, y),
            )
            for series, points in enumerate(curve.points)
            if points
        ],
        references=sorted({y.at(value) for value in known}),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to pixels."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


def _end(points: Sequence[Point], x: _Axis, y: _Axis) -> tuple[float, float]:
    epoch, value = points[-1]
    return x.at(epoch), y.at(value)


def _describe(curve: Curve, names: Sequence[str]) -> Iterator[str]:
    for name, points in zip(names, curve.points, strict=True):
        if points:
            (first, start), (last, end) = points[0], points[-1]
            yield (f"{name}: {text.number(start)} in epoch {first}, {text.number(end)} in epoch {last}.")
    for name, value in zip(names, curve.references, strict=True):
        if value is not None:
            yield f"Reference of {name}: {text.number(value)}."


def _epochs(last: int) -> list[int]:
    """The first, the last, and one between them."""
    return sorted({1, (1 + last) // 2, last})


def _round_values(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers within an axis, at steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step)
    form = f".{digits}f" if digits <= MOST_DIGITS and high < 10 ** (MOST_DIGITS + 1) else ".3g"
    return [
        (count * step, text.typeset(format(count * step, form)))
        for count in range(first, math.floor(high / step) + 1)
    ]
