"""Parameters as plain JSON values and named figures."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Fitted = TypeVar("Fitted")


class ParametersMissing(ValueError):
    """Stored parameters lack some that nothing can stand in for."""


def to_plain(fitted: Any) -> dict[str, Any]:
    """Every field of a dataclass of parameters; another one within becomes a nested dictionary."""
    return {field.name: _plain(getattr(fitted, field.name)) for field in fields(fitted)}


def from_plain(kind: type[Fitted], stored: Mapping[str, Any]) -> Fitted:
    """The inverse of `to_plain`. Raises ParametersMissing.

    A field that came after the parameters were stored takes its default, which has to be what was meant
    before there was a choice: a fit of an earlier release goes on saying what it said.
    """
    required = [part.name for part in fields(kind) if part.default is part.default_factory is MISSING]  # type: ignore[arg-type]
    if missing := [name for name in required if name not in stored]:
        raise ParametersMissing(f"the stored {kind.__name__} lacks {', '.join(map(repr, missing))}")
    hints = get_type_hints(kind)
    return kind(**{name: _restored(hint, stored[name]) for name, hint in hints.items() if name in stored})


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return to_plain(value)
    if isinstance(value, np.ndarray):
        return _finite_or_none(value) if value.dtype.kind == "f" else value.tolist()
    return dict(value) if isinstance(value, Mapping) else value


def _restored(hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and is_dataclass(hint):
        return from_plain(hint, value)
    if hint == Floats:
        numbers = np.asarray(value, np.float64)  # None becomes not-a-number
        return np.where(np.isnan(numbers), np.inf, numbers)
    return np.asarray(value, np.int64) if hint == NDArray[np.int64] else value


def _finite_or_none(values: Floats) -> Any:
    """Nested lists; JSON has no infinity, so an error that nothing bounds is null."""
    listed = values.astype(object)
    listed[~np.isfinite(values)] = None
    return listed.tolist()


def spread_of(name: str, values: Floats) -> dict[str, float]:
    """Mean, standard deviation, least and greatest value."""
    return {
        f"{name}_mean": float(values.mean()),
        f"{name}_std": float(values.std()),
        f"{name}_min": float(values.min()),
        f"{name}_max": float(values.max()),
    }
