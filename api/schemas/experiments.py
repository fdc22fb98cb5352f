"""Experiments on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field
from typing_extensions import TypeAliasType

from api.schemas.common import WITHOUT_FRACTION, Config, Links, Metrics, Number, Settings, Shape, UtcTime
from api.schemas.submissions import FoldSubmission

MOST_DEVICES = 8  # of one machine

Status = Literal["queued", "running", "succeeded", "failed", "cancelled", "pruned"]

EXPERIMENT_ID = "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f"
DATASET_ID = "0193a1f4-6c2e-7b60-8f1a-2f4c5d6e7f80"
METRICS_EXAMPLE: dict[str, Any] = {
    "auc": 0.7335,
    "accuracy": 0.7541,
    "l_bce": 0.5043,
    "l_21": 0.5273,
    "l_21_kl": 0.0003,
    "l_22": 0.0001,
    "l_23": 0.003,
    "theta_pearson": 0.995,
}
LINKS_EXAMPLE = {
    "self": f"/experiments/{EXPERIMENT_ID}",
    "dataset": f"/datasets/{DATASET_ID}",
    "metrics": f"/experiments/{EXPERIMENT_ID}/metrics",
    "events": f"/experiments/{EXPERIMENT_ID}/events",
    "artifacts": f"/experiments/{EXPERIMENT_ID}/artifacts",
    "predictions": f"/experiments/{EXPERIMENT_ID}/predictions",
    "report": f"/experiments/{EXPERIMENT_ID}/report",
}
SUMMARY_EXAMPLE: dict[str, Any] = {
    "id": EXPERIMENT_ID,
    "name": "small-dynamic, fold 0",
    "status": "running",
    "preset": "small-dynamic",
    "dataset_id": DATASET_ID,
    "fold": 0,
    "exclude_folds": [],
    "cross_validation_id": None,
    "sweep_id": None,
    "trial": None,
    "trial_settings": None,
    "seed": 42,
    "config_fingerprint": "5f0c6a1be2d34f78",
    "attempt": 1,
    "max_attempts": 5,
    "cancel_requested": False,
    "progress": 0.42,
    "epochs_done": 4,
    "epochs": 10,
    "device": "cpu",
    "devices": 1,
    "metrics": None,
    "warnings": [],
    "error": None,
    "created_at": "2025-12-07T20:10:37Z",
    "started_at": "2025-12-07T20:10:38Z",
    "finished_at": None,
    "links": LINKS_EXAMPLE,
}
CREATE_EXAMPLE: dict[str, Any] = {
    "name": "shorter warm-up",
    "preset": "small-dynamic",
    "config": {"loss": {"lambda_warmup_epochs": 1}},
    "dataset_id": DATASET_ID,
    "fold": 0,
    "seed": 42,
}


class ExperimentCreate(FoldSubmission):
    """An experiment to run: a preset, single settings replaced, on one dataset with one fold held out."""

    model_config = ConfigDict(json_schema_extra={"examples": [CREATE_EXAMPLE]})

    devices: Annotated[int, WITHOUT_FRACTION] = Field(
        # Left out when the request is named, so that one sent before there was a choice is still the same.
        default=1,
        ge=1,
        le=MOST_DEVICES,
        exclude_if=lambda value: value == 1,
    )
    """How many GPUs of one machine, or processes that share its cores, train it together; the losses are
    those of one."""


class RunError(Shape):
    """Why an experiment, a sweep or a promotion failed."""

    type: str
    detail: str | None


class EpochRead(Shape):
    """What one epoch measured; training losses carry the prefix `train_`, the rest is held-out."""

    epoch: int
    """Counted from 1."""
    metrics: Metrics
    seconds: Number
    recorded_at: UtcTime


class BestEpoch(Shape):
    """The epoch with the highest held-out AUC.

    Descriptive only: it was chosen on the held-out students, so its value is optimistic.
    """

    epoch: int
    metrics: Metrics


PackageVersions = TypeAliasType(
    "PackageVersions", Annotated[dict[str, Any], Field(description="Versions and settings, by name.")]
)


class Environment(Shape):
    """What ran the experiment; null until a worker took it."""

    code_version: str | None
    package_versions: PackageVersions | None
    device: str | None = Field(validation_alias=AliasChoices("device_used", "device"))


class ExperimentSummary(Shape):
    """An experiment in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUMMARY_EXAMPLE]})

    id: UUID
    name: str
    status: Status
    preset: str | None
    dataset_id: UUID
    fold: int
    exclude_folds: list[int]
    """Folds whose students are left out altogether."""
    cross_validation_id: UUID | None
    """The cross-validation that it belongs to."""
    sweep_id: UUID | None
    """The sweep that it is a trial of."""
    trial: int | None
    """Its number in the sweep, from 0."""
    trial_settings: Settings | None
    """What the sweep chose for it, by dotted name."""
    seed: int
    config_fingerprint: str
    """Equal settings, equal fingerprint."""
    attempt: int
    """How often a worker has taken it."""
    max_attempts: int
    cancel_requested: bool
    progress: float
    """Share of the training that is done, 0 to 1."""
    epochs_done: int
    epochs: int
    device: str
    devices: int
    """How many of one machine train it together."""
    metrics: Metrics | None
    """Final held-out metrics, once it has succeeded."""
    warnings: list[str]
    """What the training gave cause to doubt, such as a reference that predicts worse than the skill means."""
    error: RunError | None
    created_at: UtcTime
    started_at: UtcTime | None
    finished_at: UtcTime | None
    links: Links


class ExperimentRead(ExperimentSummary):
    """An experiment with its settings and what it measured."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                SUMMARY_EXAMPLE
                | {
                    "config": {"loss": {"ability_alignment": "pointwise"}, "training": {"epochs": 10}},
                    "environment": {
                        "code_version": "0.1.0",
                        "package_versions": {"torch": "2.13.0"},
                        "device": "cpu",
                    },
                    "calibration_seconds": 1.4,
                    "best": {"epoch": 3, "metrics": METRICS_EXAMPLE},
                    "last": {"epoch": 4, "metrics": METRICS_EXAMPLE},
                }
            ]
        }
    )

    config: Config
    """Every setting, resolved."""
    environment: Environment
    calibration_seconds: Number
    """How long its reference took to fit; null until it is. One fit serves all experiments that share it."""
    best: BestEpoch | None
    """The epoch with the highest held-out AUC. Descriptive only: final metrics are the last epoch's."""
    last: BestEpoch | None
    """The newest epoch."""


class ExperimentPage(Shape):
    """Experiments, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [SUMMARY_EXAMPLE], "next_cursor": "MDE5M2ExZjY"}]}
    )

    items: list[ExperimentSummary]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""


class EpochList(Shape):
    """Epochs in their order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "experiment_id": EXPERIMENT_ID,
                    "items": [
                        {
                            "epoch": 1,
                            "metrics": METRICS_EXAMPLE | {"train_loss": 0.5312},
                            "seconds": 34.8,
                            "recorded_at": "2025-12-07T20:11:13Z",
                        }
                    ],
                }
            ]
        }
    )

    experiment_id: UUID
    items: list[EpochRead]


class Artifact(Shape):
    """One file or folder that an experiment left."""

    name: str
    media_type: str
    size_bytes: int
    href: str
    """Where to go on."""
    description: str


class ArtifactList(Shape):
    """What an experiment left."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "experiment_id": EXPERIMENT_ID,
                    "items": [
                        {
                            "name": "predictions",
                            "media_type": "application/vnd.apache.parquet",
                            "size_bytes": 1843200,
                            "href": f"/experiments/{EXPERIMENT_ID}/predictions",
                            "description": "Held-out predictions, one row per response",
                        }
                    ],
                }
            ]
        }
    )

    experiment_id: UUID
    items: list[Artifact]


class PresetRead(Shape):
    """A named configuration."""

    name: str
    config: Config
    """Every setting, the preset's own and the defaults."""


class PresetList(Shape):
    """Every preset that is shipped."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [{"name": "small-dynamic", "config": {"loss": {"ability_target": "dynamic"}}}]}
            ]
        }
    )

    items: list[PresetRead]
