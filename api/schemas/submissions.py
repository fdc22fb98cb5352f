"""What every request for training says, be it one experiment, a cross-validation or a sweep."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, Strict

from api.schemas.common import WITHOUT_FRACTION, Config, Name, RequestShape

DEEPEST_CONFIG = 4
MOST_VALUES = 1000  # far more than there are settings
MOST_FOLDS = 1000


def _require_small(config: dict[str, Any]) -> dict[str, Any]:
    """Settings are one level below their sections; far deeper ones could not even be written down again, and
    each that is unknown is an error by itself."""
    level: list[Any] = [config]
    for _ in range(DEEPEST_CONFIG):
        nested = [part for part in level if isinstance(part, dict | list)]
        level = [value for part in nested for value in (part.values() if isinstance(part, dict) else part)]
        if len(level) > MOST_VALUES:
            raise ValueError(f"has {len(level):,} values, at most {MOST_VALUES:,} are possible")
    if any(isinstance(part, dict | list) for part in level):
        raise ValueError(
            f"must not be nested deeper than {DEEPEST_CONFIG} levels; settings are section, then name"
        )
    return config


def _without_repetition(folds: list[int]) -> list[int]:
    if len(set(folds)) < len(folds):
        raise ValueError("must name each fold once")
    return sorted(folds)


Fold = Annotated[int, Field(ge=0, le=32767), WITHOUT_FRACTION]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1), WITHOUT_FRACTION]
Folds = Annotated[
    list[Fold],
    Field(max_length=MOST_FOLDS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repetition),
]


class Submission(RequestShape):
    """A preset, single settings replaced, on one dataset."""

    name: Name | None = None
    """For people; default: preset and folds."""
    preset: str | None = Field(default=None, max_length=100)
    """One of GET /presets; without one, the settings' defaults."""
    config: Annotated[Config, AfterValidator(_require_small)] = Field(default_factory=dict)
    """Settings that replace the preset's, nested like GET /presets shows them."""
    dataset_id: Annotated[UUID, Strict(False)]  # JSON has no UUIDs
    exclude_folds: Folds = Field(default_factory=list)
    """Folds whose students are left out altogether: nothing is fitted or measured on them."""
    seed: Seed | None = None
    """Replaces config.training.seed."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; `cuda` waits for a worker that serves the GPU queue."""


class FoldSubmission(Submission):
    """The same with one fold held out."""

    fold: Fold = 0
    """The fold that is held out: nothing is fitted on its students."""
