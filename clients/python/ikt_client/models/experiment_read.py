from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.experiment_read_status import (
    ExperimentReadStatus,
    check_experiment_read_status,
)

if TYPE_CHECKING:
    from ..models.best_epoch import BestEpoch
    from ..models.config import Config
    from ..models.environment import Environment
    from ..models.links import Links
    from ..models.metrics import Metrics
    from ..models.run_error import RunError
    from ..models.settings import Settings


T = TypeVar("T", bound="ExperimentRead")


@_attrs_define
class ExperimentRead:
    """An experiment with its settings and what it measured."""

    id: UUID
    name: str
    status: ExperimentReadStatus
    preset: None | str
    dataset_id: UUID
    fold: int
    exclude_folds: list[int]
    """ Folds whose students are left out altogether. """
    cross_validation_id: None | UUID
    """ The cross-validation that it belongs to. """
    sweep_id: None | UUID
    """ The sweep that it is a trial of. """
    trial: int | None
    """ Its number in the sweep, from 0. """
    trial_settings: None | Settings
    """ What the sweep chose for it, by dotted name. """
    seed: int
    config_fingerprint: str
    """ Equal settings, equal fingerprint. """
    attempt: int
    """ How often a worker has taken it. """
    max_attempts: int
    cancel_requested: bool
    progress: float
    """ Share of the training that is done, 0 to 1. """
    epochs_done: int
    epochs: int
    device: str
    devices: int
    """ How many of one machine train it together. """
    metrics: Metrics | None
    """ Final held-out metrics, once it has succeeded. """
    warnings: list[str]
    """ What the training gave cause to doubt, such as a reference that predicts worse than the skill means. """
    error: None | RunError
    created_at: datetime.datetime
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    links: Links
    """ Paths of the resource and of what belongs to it. """
    config: Config
    """ Settings by section, then by name. """
    environment: Environment
    """ What ran the experiment; null until a worker took it. """
    calibration_seconds: float | None
    """ How long its reference took to fit; null until it is. One fit serves all experiments that share it. """
    best: BestEpoch | None
    """ The epoch with the highest held-out AUC. Descriptive only: final metrics are the last epoch's. """
    last: BestEpoch | None
    """ The newest epoch. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.best_epoch import BestEpoch  # noqa: PLC0415
        from ..models.metrics import Metrics  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415
        from ..models.settings import Settings  # noqa: PLC0415

        id = str(self.id)

        name = self.name

        status: str = self.status

        preset: None | str
        preset = self.preset

        dataset_id = str(self.dataset_id)

        fold = self.fold

        exclude_folds = self.exclude_folds

        cross_validation_id: None | str
        if isinstance(self.cross_validation_id, UUID):
            cross_validation_id = str(self.cross_validation_id)
        else:
            cross_validation_id = self.cross_validation_id

        sweep_id: None | str
        if isinstance(self.sweep_id, UUID):
            sweep_id = str(self.sweep_id)
        else:
            sweep_id = self.sweep_id

        trial: int | None
        trial = self.trial

        trial_settings: dict[str, Any] | None
        if isinstance(self.trial_settings, Settings):
            trial_settings = self.trial_settings.to_dict()
        else:
            trial_settings = self.trial_settings

        seed = self.seed

        config_fingerprint = self.config_fingerprint

        attempt = self.attempt

        max_attempts = self.max_attempts

        cancel_requested = self.cancel_requested

        progress = self.progress

        epochs_done = self.epochs_done

        epochs = self.epochs

        device = self.device

        devices = self.devices

        metrics: dict[str, Any] | None
        if isinstance(self.metrics, Metrics):
            metrics = self.metrics.to_dict()
        else:
            metrics = self.metrics

        warnings = self.warnings

        error: dict[str, Any] | None
        if isinstance(self.error, RunError):
            error = self.error.to_dict()
        else:
            error = self.error

        created_at = self.created_at.isoformat()

        started_at: None | str
        if isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        links = self.links.to_dict()

        config = self.config.to_dict()

        environment = self.environment.to_dict()

        calibration_seconds: float | None
        calibration_seconds = self.calibration_seconds

        best: dict[str, Any] | None
        if isinstance(self.best, BestEpoch):
            best = self.best.to_dict()
        else:
            best = self.best

        last: dict[str, Any] | None
        if isinstance(self.last, BestEpoch):
            last = self.last.to_dict()
        else:
            last = self.last

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "status": status,
                "preset": preset,
                "dataset_id": dataset_id,
                "fold": fold,
                "exclude_folds": exclude_folds,
                "cross_validation_id": cross_validation_id,
                "sweep_id": sweep_id,
                "trial": trial,
                "trial_settings": trial_settings,
                "seed": seed,
                "config_fingerprint": config_fingerprint,
                "attempt": attempt,
                "max_attempts": max_attempts,
                "cancel_requested": cancel_requested,
                "progress": progress,
                "epochs_done": epochs_done,
                "epochs": epochs,
                "device": device,
                "devices": devices,
                "metrics": metrics,
                "warnings": warnings,
                "error": error,
                "created_at": created_at,
                "started_at": started_at,
                "finished_at": finished_at,
                "links": links,
                "config": config,
                "environment": environment,
                "calibration_seconds": calibration_seconds,
                "best": best,
                "last": last,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.best_epoch import BestEpoch  # noqa: PLC0415
        from ..models.config import Config  # noqa: PLC0415
        from ..models.environment import Environment  # noqa: PLC0415
        from ..models.links import Links  # noqa: PLC0415
        from ..models.metrics import Metrics  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415
        from ..models.settings import Settings  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        status = check_experiment_read_status(d.pop("status"))

        def _parse_preset(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        preset = _parse_preset(d.pop("preset"))

        dataset_id = UUID(d.pop("dataset_id"))

        fold = d.pop("fold")

        exclude_folds = cast(list[int], d.pop("exclude_folds"))

        def _parse_cross_validation_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                cross_validation_id_type_0 = UUID(data)

                return cross_validation_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        cross_validation_id = _parse_cross_validation_id(d.pop("cross_validation_id"))

        def _parse_sweep_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                sweep_id_type_0 = UUID(data)

                return sweep_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        sweep_id = _parse_sweep_id(d.pop("sweep_id"))

        def _parse_trial(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        trial = _parse_trial(d.pop("trial"))

        def _parse_trial_settings(data: object) -> None | Settings:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                trial_settings_type_0 = Settings.from_dict(data)

                return trial_settings_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Settings, data)

        trial_settings = _parse_trial_settings(d.pop("trial_settings"))

        seed = d.pop("seed")

        config_fingerprint = d.pop("config_fingerprint")

        attempt = d.pop("attempt")

        max_attempts = d.pop("max_attempts")

        cancel_requested = d.pop("cancel_requested")

        progress = d.pop("progress")

        epochs_done = d.pop("epochs_done")

        epochs = d.pop("epochs")

        device = d.pop("device")

        devices = d.pop("devices")

        def _parse_metrics(data: object) -> Metrics | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metrics_type_0 = Metrics.from_dict(data)

                return metrics_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Metrics | None, data)

        metrics = _parse_metrics(d.pop("metrics"))

        warnings = cast(list[str], d.pop("warnings"))

        def _parse_error(data: object) -> None | RunError:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = RunError.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RunError, data)

        error = _parse_error(d.pop("error"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_started_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        started_at = _parse_started_at(d.pop("started_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        links = Links.from_dict(d.pop("links"))

        config = Config.from_dict(d.pop("config"))

        environment = Environment.from_dict(d.pop("environment"))

        def _parse_calibration_seconds(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        calibration_seconds = _parse_calibration_seconds(d.pop("calibration_seconds"))

        def _parse_best(data: object) -> BestEpoch | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                best_type_0 = BestEpoch.from_dict(data)

                return best_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BestEpoch | None, data)

        best = _parse_best(d.pop("best"))

        def _parse_last(data: object) -> BestEpoch | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                last_type_0 = BestEpoch.from_dict(data)

                return last_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BestEpoch | None, data)

        last = _parse_last(d.pop("last"))

        experiment_read = cls(
            id=id,
            name=name,
            status=status,
            preset=preset,
            dataset_id=dataset_id,
            fold=fold,
            exclude_folds=exclude_folds,
            cross_validation_id=cross_validation_id,
            sweep_id=sweep_id,
            trial=trial,
            trial_settings=trial_settings,
            seed=seed,
            config_fingerprint=config_fingerprint,
            attempt=attempt,
            max_attempts=max_attempts,
            cancel_requested=cancel_requested,
            progress=progress,
            epochs_done=epochs_done,
            epochs=epochs,
            device=device,
            devices=devices,
            metrics=metrics,
            warnings=warnings,
            error=error,
            created_at=created_at,
            started_at=started_at,
            finished_at=finished_at,
            links=links,
            config=config,
            environment=environment,
            calibration_seconds=calibration_seconds,
            best=best,
            last=last,
        )

        return experiment_read
