"""How the scales of θ and β stand to the reference's: what the first comparison was all about."""

from collections.abc import Sequence
from dataclasses import dataclass

from ikt_model.comparison.rows import Number, Row, Section, Value
from ikt_model.comparison.tables import SCALES

AS_WIDE = 1.1  # a spread within this factor of the reference's is told as equal
AS_HIGH = 0.1  # a mean within so many of the reference's standard deviations is told as equal


@dataclass(frozen=True, slots=True)
class Scale:
    """One run's figure beside its reference's."""

    value: Number
    reference: Number
    ratio: Number  # value / reference
    reading: str | None  # in words


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """A spread or a mean over all runs, baseline first."""

    metric: str
    label: str
    values: list[Scale]


def compare_scales(sections: Sequence[Section]) -> list[ScaleRow]:
    """Rows of SCALES that the tables have."""
    rows = {row.metric: row for section in sections for row in section.rows}
    return [_scale_row(rows[metric], rows) for metric in SCALES if metric in rows]


def _scale_row(row: Row, rows: dict[str, Row]) -> ScaleRow:
    spread = rows.get(row.metric.replace("_mean", "_std"), row)
    return ScaleRow(
        row.metric,
        row.label,
        [
            Scale(value.value, value.reference, value.ratio_to_reference, _read(row.metric, value, width))
            for value, width in zip(row.values, spread.values, strict=True)
        ],
    )


def _read(metric: str, value: Value, spread: Value) -> str | None:
    if value.value is None or value.reference is None:
        return None
    if metric.endswith("_mean"):
        return _read_mean(value.value - value.reference, spread.reference)
    return _read_spread(value.ratio_to_reference)


def _read_spread(ratio: Number) -> str | None:
    if ratio is None:
        return None
    if ratio <= 0:
        return "no spread at all"
    if 1 / AS_WIDE <= ratio <= AS_WIDE:
        return "as wide as the reference"
    return f"{ratio:.1f} times too wide" if ratio > 1 else f"{1 / ratio:.1f} times too narrow"


def _read_mean(shift: float, width: Number) -> str | None:
    if not width:
        return None
    if abs(shift) <= AS_HIGH * width:
        return "where the reference is"
    return f"{abs(shift) / width:.1f} reference sd too {'high' if shift > 0 else 'low'}"
