"""Parameters as plain JSON values and named figures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def finite_or_none(values: Floats) -> Any:
    """Nested lists; JSON has no infinity, so an error that nothing bounds is null."""
    listed = values.astype(object)
    listed[~np.isfinite(values)] = None
    return listed.tolist()


def none_to_infinity(stored: Any) -> Floats:
    """The inverse of `finite_or_none`."""
    values = np.asarray(stored, np.float64)  # None becomes not-a-number
    return np.where(np.isnan(values), np.inf, values)


def spread_of(name: str, values: Floats) -> dict[str, float]:
    """Mean, standard deviation, least and greatest value."""
    return {
        f"{name}_mean": float(values.mean()),
        f"{name}_std": float(values.std()),
        f"{name}_min": float(values.min()),
        f"{name}_max": float(values.max()),
    }
