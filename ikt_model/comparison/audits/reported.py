"""Numbers as they were reported: each an interval as wide as its digits leave open.

Identities between reported numbers are checked on these intervals. If the true numbers fulfil an identity and
each was rounded to the digits that are told, the two sides overlap: an alarm is never the fault of rounding.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

Number = int | float | Decimal

MACHINE_DIGITS = 12  # a report of such numbers was written by a program that rounds nothing
MOST_DIGITS = 17  # that a float has
FEWEST_DIGITS = 2  # that anybody rounds a report to
SINGLE = 1e-6  # relative: some rounding errors of single precision
SMALLEST = 1e-9  # absolute: below it, figures are rounding errors of others


@dataclass(frozen=True, slots=True)
class Span:
    """A closed interval of numbers."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def __sub__(self, other: "Span") -> "Span":
        return Span(self.low - other.high, self.high - other.low)

    def __mul__(self, other: "Span") -> "Span":
        products = [one * two for one in (self.low, self.high) for two in (other.low, other.high)]
        return Span(min(products), max(products))

    @property
    def square(self) -> "Span":
        """Of the same number twice, so never below 0."""
        ends = (self.low * self.low, self.high * self.high)
        return Span(0.0 if self.low <= 0.0 <= self.high else min(ends), max(ends))

    @property
    def sigmoid(self) -> "Span":
        return Span(sigmoid(self.low), sigmoid(self.high))

    def cut(self, low: float, high: float) -> "Span":
        """As far as it lies within these ends."""
        return Span(min(max(self.low, low), high), max(min(self.high, high), low))

    def meets(self, other: "Span") -> bool:
        """Whether both may be the same number."""
        return not (self.surely_above(other) or other.surely_above(self))

    def surely_above(self, other: "Span") -> bool:
        """Whether every number here is above every one there, rounding of this very sum aside."""
        slack = 1e-12 * max(abs(self.low), abs(other.high), SMALLEST)
        return self.low > other.high + slack


def exactly(value: float) -> Span:
    """A number that is not open to doubt."""
    return Span(value, value)


def total(spans: Iterable[Span]) -> Span:
    """Their sum."""
    return reduce(Span.__add__, spans, exactly(0.0))


@dataclass(frozen=True, slots=True)
class Reported:
    """A number, and by how much the true one may differ."""

    value: float
    give: float
    digits: int  # significant ones

    @property
    def span(self) -> Span:
        return Span(self.value - self.give, self.value + self.give)


Figures = Mapping[str, Reported]


def reported(figures: Mapping[str, Number | None], *, digits: int | None = None) -> dict[str, Reported]:
    """Every figure that there is. A rounded one is off by half a unit of its last digit at most; decimals
    keep their trailing zeros, floats have lost them. `digits` are those that the whole report tells.
    """
    told = told_digits(figures.values()) if digits is None else digits
    found = {name: _written(value) for name, value in figures.items() if value is not None}
    return {name: _reported(value, told) for name, value in found.items() if math.isfinite(value)}


def told_digits(figures: Iterable[Number | None]) -> int:
    """Significant digits of the number that has most of them, those that end in `.0` aside; from
    MACHINE_DIGITS on only where half of the numbers have as many, for a single one may have been copied in.
    """
    written = [_written(value) for value in figures if value is not None]
    counts = sorted(_digits(value) for value in written if not _ends_in_point_zero(value))
    if not counts:
        return 0
    usual = counts[len(counts) // 2]
    return usual if usual >= MACHINE_DIGITS else min(counts[-1], MACHINE_DIGITS - 1)


def _reported(value: Decimal, digits: int) -> Reported:
    number = float(value)
    give = max(SINGLE * abs(number), SMALLEST)
    # Among a program's numbers 0.5 is 0.5, and not something from 0.45 to 0.55.
    if digits < MACHINE_DIGITS:
        give += 0.5 * 10.0 ** _last_place(value, max(digits, FEWEST_DIGITS))
    return Reported(number, give, _digits(value))


def _last_place(value: Decimal, digits: int) -> int:
    """Power of ten of the last digit that is told. Every float without a fraction ends in `.0`, so that of
    such a number no more than the report's digits count: 2473 is 2470.0 to three of them.
    """
    place = int(value.as_tuple().exponent)
    return max(place, value.adjusted() + 1 - digits) if _ends_in_point_zero(value) else place


def _ends_in_point_zero(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return exponent == -1 and digits[-1] == 0 and any(digits)


def _written(value: Number) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _digits(value: Decimal) -> int:
    return len(value.as_tuple().digits) if value.is_finite() else 0


def distinct(*values: float, digits: int = 4) -> list[str]:
    """Numbers as text, with as many digits as tell them apart."""
    while True:
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) == len(set(values)) or digits >= MOST_DIGITS:
            return texts
        digits += 1


def sigmoid(value: float) -> float:
    """1 / (1 + exp(−x)) without overflow."""
    if value >= 0:
        return 1.0 / (1.0 + math.exp(-value))
    grown = math.exp(value)
    return grown / (1.0 + grown)
