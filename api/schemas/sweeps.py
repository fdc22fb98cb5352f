"""Sweeps on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.schemas.common import (
    PLAIN_TEXT,
    WITHOUT_FRACTION,
    Config,
    Counts,
    Links,
    Metrics,
    Number,
    RequestShape,
    Settings,
    Shape,
    UtcTime,
)
from api.schemas.experiments import DATASET_ID, EXPERIMENT_ID, METRICS_EXAMPLE, RunError, Status
from api.schemas.search import MOST_TRIALS, Search
from api.schemas.submissions import FoldSubmission

SweepState = Literal["running", "succeeded", "failed", "cancelled"]
Direction = Literal["maximise", "minimise"]

SWEEP_ID = "0193a1f8-3c4d-7e55-9f66-7a8b9c0d1e2f"


class Objective(RequestShape):
    """What the best trial is best in."""

    metric: str = Field(default="auc", max_length=100, pattern=PLAIN_TEXT)
    """A final metric, measured on the sweep's fold."""
    direction: Direction | None = None
    """Default: the way in which the metric is better."""


class Pruner(RequestShape):
    """When a trial is given up before its last epoch."""

    name: Literal["none", "median"]
    """`median`: when its best epoch so far is worse than the median of the finished trials by then."""
    warmup_epochs: Annotated[int, Field(ge=0, le=10_000), WITHOUT_FRACTION] = 1
    """Epochs during which no trial is given up."""
    startup_trials: Annotated[int, Field(ge=1, le=MOST_TRIALS), WITHOUT_FRACTION] = 5
    """Trials that must have succeeded before."""


CREATE_EXAMPLE: dict[str, Any] = {
    "preset": "small-dynamic",
    "dataset_id": DATASET_ID,
    "fold": 1,
    "exclude_folds": [0],
    "search": {"method": "grid", "space": {"loss.lambda_target": [0, 0.1, 0.3, 0.5]}},
    "objective": {"metric": "auc", "direction": "maximise"},
    "parallel": 2,
}
OPTUNA_EXAMPLE: dict[str, Any] = CREATE_EXAMPLE | {
    "search": {
        "method": "optuna",
        "space": {
            "training.learning_rate": {"type": "float", "low": 0.0001, "high": 0.01, "log": True},
            "model.n_blocks": {"type": "int", "low": 1, "high": 4},
            "loss.ability_target": {"type": "categorical", "choices": ["static", "dynamic"]},
        },
        "n_trials": 30,
    },
    "pruner": {"name": "median", "warmup_epochs": 2},
}


class SweepCreate(FoldSubmission):
    """A search over settings, each trial an experiment. `fold` is what they are chosen on.

    Choosing on a fold makes its figure too good: exclude another fold and measure the chosen settings on it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [CREATE_EXAMPLE, OPTUNA_EXAMPLE]})

    search: Search
    objective: Objective = Field(default_factory=Objective)
    pruner: Pruner | None = None
    """Default: none for a grid, `median` for Optuna."""
    parallel: Annotated[int, Field(ge=1, le=100), WITHOUT_FRACTION] = 1
    """Most trials in flight. With one, equal requests try equal points in equal order."""


class TrialRead(Shape):
    """One trial: what was chosen, and what came of it."""

    number: int
    experiment_id: UUID
    status: Status
    settings: Settings
    """What the sweep chose, by dotted name."""
    value: Number
    """The objective, once it has succeeded."""
    epochs_done: int
    epochs: int
    metrics: Metrics | None
    """Final metrics on the sweep's fold."""
    error: RunError | None


EXAMPLE: dict[str, Any] = {
    "id": SWEEP_ID,
    "name": "small-dynamic: lambda_target",
    "status": "running",
    "preset": "small-dynamic",
    "dataset_id": DATASET_ID,
    "fold": 1,
    "exclude_folds": [0],
    "objective": {"metric": "auc", "direction": "maximise"},
    "parallel": 2,
    "n_trials": 4,
    "counts": {"succeeded": 1, "running": 2},
    "created_at": "2025-12-07T20:10:37Z",
    "finished_at": None,
    "error": None,
    "links": {
        "self": f"/sweeps/{SWEEP_ID}",
        "dataset": f"/datasets/{DATASET_ID}",
        "experiments": f"/experiments?sweep_id={SWEEP_ID}",
        "pareto": f"/sweeps/{SWEEP_ID}/pareto",
    },
}
TRIAL_EXAMPLE: dict[str, Any] = {
    "number": 0,
    "experiment_id": EXPERIMENT_ID,
    "status": "succeeded",
    "settings": {"loss.lambda_target": 0},
    "value": 0.7335,
    "epochs_done": 10,
    "epochs": 10,
    "metrics": METRICS_EXAMPLE,
    "error": None,
}


class SweepSummary(Shape):
    """A sweep in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: UUID
    name: str
    status: SweepState
    """`failed` when every trial has ended and none succeeded, or for the reason in `error`."""
    preset: str | None
    dataset_id: UUID
    fold: int
    """The fold that the settings are chosen on."""
    exclude_folds: list[int]
    """Folds that no trial has seen, kept for the final measurement."""
    objective: Objective
    parallel: int
    n_trials: int
    """Trials wanted in all."""
    counts: Counts
    """Trials so far by status."""
    created_at: UtcTime
    finished_at: UtcTime | None
    error: RunError | None
    """What kept it from going on; null where every trial was queued."""
    links: Links


class SweepRead(SweepSummary):
    """A sweep with its trials."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                EXAMPLE
                | {
                    "config": {},
                    "device": "auto",
                    "search": CREATE_EXAMPLE["search"],
                    "pruner": {"name": "none", "warmup_epochs": 1, "startup_trials": 5},
                    "trials": [TRIAL_EXAMPLE],
                    "best": TRIAL_EXAMPLE,
                    "note": "chosen on fold 1, whose figures are optimistic therefore; "
                    "measure the best settings on fold 0, which no trial has seen",
                }
            ]
        }
    )

    config: Config
    """Settings of every trial that replace the preset's."""
    device: str
    search: Search
    pruner: Pruner
    trials: list[TrialRead]
    """In the order in which they were queued."""
    best: TrialRead | None
    """Of those that succeeded, the best in the objective."""
    note: str
    """Which fold chose, and where to measure what it chose."""


class SweepPage(Shape):
    """Sweeps, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [EXAMPLE], "next_cursor": "MDE5M2ExZjY"}]}
    )

    items: list[SweepSummary]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
