"""How abilities and difficulties are spread, beside the reference's: counts over shared edges.

Where a model has none, its part is None.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 40
ALIKE = 1e-9  # values that differ by less, as a share of their size, leave no room for bins


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of the model's and of the reference's values in bins of equal width; B bins."""

    edges: list[float]  # [B + 1] from the least of both to the greatest
    model: list[int] | None  # [B] the last bin holds its right edge, too
    reference: list[int] | None  # [B]


def histogram(model: ArrayLike, reference: ArrayLike, *, bins: int = BINS) -> Histogram | None:
    """Finite values alone; None where neither has one.

    Values that are all alike lie in the middle of a range of 1.
    """
    parts = [_finite(values) for values in (model, reference)]
    together = np.concatenate(parts)
    if not len(together):
        return None
    low, high = together.min(), together.max()
    if high - low < ALIKE * max(1.0, abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    counts = [np.histogram(part, edges)[0].tolist() if len(part) else None for part in parts]
    return Histogram(edges.tolist(), *counts)


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    return numbers[np.isfinite(numbers)]
