"""Numbers and tables as the page shows them."""

import math
from collections.abc import Sequence
from typing import Any

NOT_RUN = "not run"
NONE = "–"


def shown(value: float | None, digits: int = 4) -> str:
    """A number with so many decimals; one that would round to 0 is told as smaller than that."""
    if value is None or not math.isfinite(value):
        return NONE
    smallest = 10.0**-digits
    if 0 < abs(value) < smallest / 2:
        return f"{'' if value > 0 else '−'}{_power(value)}"
    return f"{value:,.{digits}f}".replace("-", "−")


def _power(value: float) -> str:
    return f"{abs(value):.0e}".replace("e-0", "e−").replace("e-", "e−")


def signed(value: float | None, digits: int = 4) -> str:
    """The same with its sign."""
    text = shown(value, digits)
    return text if value is None or value < 0 or text == NONE else f"+{text}"


def spread(mean: float | None, std: float | None, digits: int = 4) -> str:
    """Mean ± standard deviation."""
    return shown(mean, digits) if std is None else f"{shown(mean, digits)} ± {shown(std, digits)}"


def interval(difference: dict[str, Any] | None, digits: int = 4) -> str:
    """A change with its interval, as in +0.0012 [0.0003, 0.0021]."""
    if difference is None:
        return NONE
    low, high = (shown(difference[end], digits) for end in ("low", "high"))
    return f"{signed(difference['change'], digits)} [{low}, {high}]"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """A Markdown table whose first columns stand left and whose numbers stand right."""
    if not rows:
        return f"*{NOT_RUN}*"
    rule = [":--" if place < left else "--:" for place in range(len(header))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(header), rule, *rows])
