"""Cross-validations on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from api.schemas.common import Config, Counts, Links, Number, Shape, UtcTime
from api.schemas.experiments import DATASET_ID, EXPERIMENT_ID, SUMMARY_EXAMPLE, ExperimentSummary
from api.schemas.submissions import MOST_FOLDS, Folds, Submission

GroupStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "incomplete"]

CROSS_VALIDATION_ID = "0193a1f7-2b3c-7d44-8e55-6f7a8b9c0d1e"
CREATE_EXAMPLE: dict[str, Any] = {"preset": "small-dynamic", "dataset_id": DATASET_ID, "folds": "all"}
EXAMPLE: dict[str, Any] = {
    "id": CROSS_VALIDATION_ID,
    "name": "small-dynamic, 5 folds",
    "status": "running",
    "preset": "small-dynamic",
    "dataset_id": DATASET_ID,
    "folds": [0, 1, 2, 3, 4],
    "exclude_folds": [],
    "config_fingerprint": "5f0c6a1be2d34f78",
    "counts": {"queued": 3, "running": 1, "succeeded": 1},
    "created_at": "2025-12-07T20:10:37Z",
    "links": {
        "self": f"/cross-validations/{CROSS_VALIDATION_ID}",
        "dataset": f"/datasets/{DATASET_ID}",
        "experiments": f"/experiments?cross_validation_id={CROSS_VALIDATION_ID}",
    },
}


class CrossValidationCreate(Submission):
    """The same settings, trained once with each fold held out."""

    model_config = ConfigDict(json_schema_extra={"examples": [CREATE_EXAMPLE]})

    folds: Literal["all"] | Folds = Field(default="all")
    """Folds to hold out, at least two; `all` are those of the dataset that are not excluded."""


class Spread(Shape):
    """One metric over the folds that succeeded and have a number for it."""

    mean: Number
    std: Number
    """Sample standard deviation; null for fewer than two folds."""
    n: int = Field(le=MOST_FOLDS)
    """Folds that it is the mean of."""


Spreads = TypeAliasType("Spreads", Annotated[dict[str, Spread], Field(description="Spreads by metric.")])


class CrossValidationSummary(Shape):
    """A cross-validation in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: UUID
    name: str
    status: GroupStatus
    """From its experiments: `incomplete` when one of them was deleted."""
    preset: str | None
    dataset_id: UUID
    folds: list[int]
    """The folds that are held out, one experiment each."""
    exclude_folds: list[int]
    config_fingerprint: str
    counts: Counts
    """Experiments by status."""
    created_at: UtcTime
    links: Links


class CrossValidationRead(CrossValidationSummary):
    """A cross-validation with its experiments and their figures together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                EXAMPLE
                | {
                    "config": {"loss": {"ability_alignment": "pointwise"}, "training": {"epochs": 10}},
                    "metrics": {"auc": {"mean": 0.7341, "std": 0.0021, "n": 5}},
                    "experiments": [
                        SUMMARY_EXAMPLE | {"cross_validation_id": CROSS_VALIDATION_ID, "id": EXPERIMENT_ID}
                    ],
                }
            ]
        }
    )

    config: Config
    """Every setting, resolved."""
    metrics: Spreads
    """Every final metric, over the folds that succeeded."""
    experiments: list[ExperimentSummary]
    """By held-out fold."""


class CrossValidationPage(Shape):
    """Cross-validations, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [EXAMPLE], "next_cursor": "MDE5M2ExZjY"}]}
    )

    items: list[CrossValidationSummary]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
