"""Figures of a comparison as text, the same in every format."""

from datetime import UTC, datetime
from typing import Any

from ikt_model.comparison.rows import Number, Range, Row, Value

NOTHING = "–"
SMALLEST_FIXED = 1e-3
SMALLEST_DIFFERENCE = 5e-5
LARGEST_FIXED = 1e4
LARGE = 10.0  # from here on two decimals say enough
SMALL_RATIO = 0.1
VERDICTS = {"better": "better", "worse": "worse", "same": "no difference"}
MARKS = {True: "✓", False: "✗", None: ""}


def number(value: Number, *, signed: bool = False) -> str:
    """A number for people: a real minus sign, and powers of ten where digits would be zeros."""
    if value is None:
        return NOTHING
    if value == 0:
        return "0"
    is_fixed = SMALLEST_FIXED <= abs(value) < LARGEST_FIXED
    form = f".{2 if abs(value) >= LARGE else 4}f" if is_fixed else ".2e"
    return typeset(format(value, f"{'+' if signed else ''}{form}"))


def plain(value: float) -> str:
    """The same of what may be a count: whole numbers have no decimals."""
    return typeset(f"{value:,.0f}") if float(value).is_integer() and abs(value) < 1e6 else number(value)


def typeset(text: str) -> str:
    """A number as it is printed: a real minus sign, and no idle zero in a power of ten."""
    return text.replace("e-0", "e-").replace("e+0", "e+").replace("-", "−")


def figure(value: Value, row: Row) -> str:
    """A run's figure as its row wants it."""
    if row.form == "range":
        return span(value.range)
    if row.metric == "lambda_reached" and value.value is None:
        return "not reached"
    if row.form == "count":
        return NOTHING if value.value is None else f"{value.value:,.0f}"
    return number(value.value)


def reference(value: Value) -> str:
    """What the figure is held against."""
    return span(value.reference_range) if value.reference_range else number(value.reference)


def aim(value: Value) -> str:
    """What training pulled the figure towards."""
    return span(value.aim_range) if value.aim_range else number(value.aim)


def span(ends: Range | None) -> str:
    """A range in one cell."""
    return NOTHING if ends is None else f"[{typeset(f'{ends[0]:.4g}')}, {typeset(f'{ends[1]:.4g}')}]"


def change(value: Value) -> str:
    """Absolute, and relative to the baseline's."""
    if value.change is None:
        return NOTHING
    share = value.relative_change
    if share is None or value.change == 0:
        return small(value.change)
    relative = f"{share:+.1%}" if abs(share) < 10 else f"{share:+,.0%}"
    return f"{small(value.change)} ({typeset(relative)})"


def verdict(value: Value) -> str:
    """Where the figure went, and whether that is where it should go."""
    if value.verdict is None or value.change is None:
        return ""
    arrow = "=" if value.verdict == "same" else "↑" if value.change > 0 else "↓"
    return f"{arrow} {VERDICTS[value.verdict]}"


def surety(value: Value) -> str:
    """The interval of a change, and its p-value."""
    if value.change_low is None or value.change_high is None:
        return ""
    interval = f"[{small(value.change_low)}, {small(value.change_high)}]"
    return interval if value.p_value is None else f"{interval} p {p_value(value.p_value)}"


def small(value: float) -> str:
    """A difference, to be read beside others: four decimals as long as they say something."""
    if value == 0:
        return "0"
    if SMALLEST_DIFFERENCE <= abs(value) < SMALLEST_FIXED:
        return typeset(f"{value:+.4f}")
    return number(value, signed=True)


def p_value(value: float) -> str:
    """As papers write it."""
    return f"= {value:.3f}" if value >= SMALLEST_FIXED else "< 0.001"


def ratio(value: Number) -> str:
    """A figure as a multiple of its reference's."""
    if value is None:
        return NOTHING
    return typeset(f"{value:.{2 if abs(value) >= SMALL_RATIO else 3}f}×")


def moment(value: datetime | None) -> str:
    """To the minute, in UTC."""
    return NOTHING if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def setting(value: Any) -> str:
    """A setting as it stands in a configuration."""
    return NOTHING if value is None else str(value)
