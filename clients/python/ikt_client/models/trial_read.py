from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.trial_read_status import TrialReadStatus, check_trial_read_status

if TYPE_CHECKING:
    from ..models.metrics import Metrics
    from ..models.run_error import RunError
    from ..models.settings import Settings


T = TypeVar("T", bound="TrialRead")


@_attrs_define
class TrialRead:
    """One trial: what was chosen, and what came of it."""

    number: int
    experiment_id: UUID
    status: TrialReadStatus
    settings: Settings
    """ Settings by dotted name, section first. """
    value: float | None
    """ The objective, once it has succeeded. """
    epochs_done: int
    epochs: int
    metrics: Metrics | None
    """ Final metrics on the sweep's fold. """
    error: None | RunError

    def to_dict(self) -> dict[str, Any]:
        from ..models.metrics import Metrics  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415

        number = self.number

        experiment_id = str(self.experiment_id)

        status: str = self.status

        settings = self.settings.to_dict()

        value: float | None
        value = self.value

        epochs_done = self.epochs_done

        epochs = self.epochs

        metrics: dict[str, Any] | None
        if isinstance(self.metrics, Metrics):
            metrics = self.metrics.to_dict()
        else:
            metrics = self.metrics

        error: dict[str, Any] | None
        if isinstance(self.error, RunError):
            error = self.error.to_dict()
        else:
            error = self.error

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "number": number,
                "experiment_id": experiment_id,
                "status": status,
                "settings": settings,
                "value": value,
                "epochs_done": epochs_done,
                "epochs": epochs,
                "metrics": metrics,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metrics import Metrics  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415
        from ..models.settings import Settings  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        experiment_id = UUID(d.pop("experiment_id"))

        status = check_trial_read_status(d.pop("status"))

        settings = Settings.from_dict(d.pop("settings"))

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        epochs_done = d.pop("epochs_done")

        epochs = d.pop("epochs")

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

        trial_read = cls(
            number=number,
            experiment_id=experiment_id,
            status=status,
            settings=settings,
            value=value,
            epochs_done=epochs_done,
            epochs=epochs,
            metrics=metrics,
            error=error,
        )

        return trial_read
