"""What an audit found, and the checks that look at numbers alone. N predicted responses."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ikt_model.comparison.audits.distances import mean_square
from ikt_model.comparison.audits.reported import exactly

Status = Literal["pass", "warn", "fail"]
Floats = NDArray[np.floating[Any]]

ORDER: tuple[Status, ...] = ("pass", "warn", "fail")
CERTAIN = 1e-3  # a probability nearer than this to 0 or 1 is saturated
MOST_SATURATED = (0.05, 0.5)  # share of such predictions from which to warn, to fail
MOST_FALLS = (0.05, 0.5)  # share of right answers after which mastery falls; from half on it points downwards
ROUNDING = 1e-6  # of a mastery in single precision
IDENTITY_TOLERANCE = 1e-3  # relative, of a mean square summed in single precision


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    status: Status
    value: float | None  # None where it does not exist
    threshold: float | None  # where `pass` ends
    message: str  # one plain sentence


def worst(findings: Sequence[Finding]) -> Status:
    """The gravest status."""
    return max((finding.status for finding in findings), key=ORDER.index, default="pass")


def grade(value: float, *, warn_above: float, fail_above: float = math.inf) -> Status:
    """Status of a value that should be small; a value that does not exist deserves a look."""
    if not math.isfinite(value):
        return "warn"
    return "fail" if value > fail_above else "warn" if value > warn_above else "pass"


def numeric_predictions(columns: Mapping[str, Floats]) -> Finding:
    """Every prediction is a number."""
    broken = {name: int((~np.isfinite(values)).sum()) for name, values in columns.items()}
    count = sum(broken.values())
    named = ", ".join(f"{number:,} of {name}" for name, number in broken.items() if number)
    message = f"{named} are not finite numbers." if count else "Every prediction is a finite number."
    return Finding("finite_predictions", "fail" if count else "pass", float(count), 0.0, message)


def varied_predictions(name: str, values: Floats) -> Finding:
    """Not everybody is told the same."""
    distinct = len(np.unique(values))
    constant = distinct < 2
    message = (
        f"{name} is the same for every response: nothing was learned."
        if constant
        else f"{name} takes {distinct:,} values in {len(values):,} predictions."
    )
    return Finding(f"constant_{name}", "fail" if constant else "pass", float(distinct), 2.0, message)


def unsaturated_predictions(name: str, values: Floats) -> Finding:
    """Few predictions are certain: nobody's next answer is."""
    certain = (values < CERTAIN) | (values > 1 - CERTAIN)
    share = float(certain.mean()) if len(values) else math.nan
    warn, fail = MOST_SATURATED
    return Finding(
        check=f"saturated_{name}",
        status=grade(share, warn_above=warn, fail_above=fail),
        value=share,
        threshold=warn,
        message=f"{share:.1%} of the values of {name} lie within {CERTAIN:g} of 0 or 1.",
    )


def mastery_after_right(response: Floats, before: Floats, after: Floats) -> Finding:
    """How often the mastery of the skill practised falls after a right answer, of three arrays [N]."""
    right = response > 0
    rise = after[right] - before[right]
    falls = rise < -ROUNDING
    share = float(falls.mean()) if right.any() else math.nan
    size = float(-rise[falls].mean()) if falls.any() else 0.0
    warn, fail = MOST_FALLS
    return Finding(
        check="mastery_falls_after_right",
        status=grade(share, warn_above=warn, fail_above=fail),
        value=share,
        threshold=warn,
        message=f"Mastery of the skill practised falls after {share:.1%} of the right answers, by {size:.4f} "
        "on average.",
    )


def ability_identity(metrics: Mapping[str, float | None]) -> Finding:
    """l_23_pointwise = s² + S² − 2ρsS + Δ², or two of the reported figures contradict each other."""
    spread, target = (_of(metrics, name) for name in ("theta_std", "target_theta_std"))
    shift = _of(metrics, "theta_mean") - _of(metrics, "target_theta_mean")
    # Without spread on one side there is no correlation, and its term is 0.
    pearson = _of(metrics, "theta_target_pearson") if spread and target else 0.0
    expected = mean_square(
        spread=exactly(spread), target=exactly(target), pearson=exactly(pearson), shift=exactly(shift)
    ).low
    reported = _of(metrics, "l_23_pointwise")
    scale = max(spread**2 + target**2 + shift**2, 1e-12)
    gap = abs(reported - expected) / scale
    status: Status = "pass" if gap <= IDENTITY_TOLERANCE else "fail" if math.isfinite(gap) else "warn"
    message = (
        f"l_23_pointwise is {reported:.4g}; spreads, correlation and means of θ and its target give "
        f"{expected:.4g}."
    )
    return Finding("ability_identity", status, gap, IDENTITY_TOLERANCE, message)


def _of(metrics: Mapping[str, float | None], name: str) -> float:
    value = metrics.get(name)
    return math.nan if value is None else float(value)
