from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.model_read_status import ModelReadStatus, check_model_read_status

if TYPE_CHECKING:
    from ..models.links import Links
    from ..models.metrics import Metrics
    from ..models.run_error import RunError


T = TypeVar("T", bound="ModelRead")


@_attrs_define
class ModelRead:
    """A trained model that can answer for students."""

    id: UUID
    name: str
    experiment_id: UUID
    status: ModelReadStatus
    """ One model serves at a time; while another is `promoting`, the old one goes on answering. """
    metrics: Metrics
    """ Measured values by name; null where a value does not exist. """
    error: None | RunError
    """ Why the last promotion failed. """
    trained_on_erased: int
    """ Students it has learned from who were erased since: their data is gone, the weights remember. """
    warnings: list[str]
    """ What gives cause to doubt it, one sentence each. """
    created_at: datetime.datetime
    promoted_at: datetime.datetime | None
    links: Links
    """ Paths of the resource and of what belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.run_error import RunError  # noqa: PLC0415

        id = str(self.id)

        name = self.name

        experiment_id = str(self.experiment_id)

        status: str = self.status

        metrics = self.metrics.to_dict()

        error: dict[str, Any] | None
        if isinstance(self.error, RunError):
            error = self.error.to_dict()
        else:
            error = self.error

        trained_on_erased = self.trained_on_erased

        warnings = self.warnings

        created_at = self.created_at.isoformat()

        promoted_at: None | str
        if isinstance(self.promoted_at, datetime.datetime):
            promoted_at = self.promoted_at.isoformat()
        else:
            promoted_at = self.promoted_at

        links = self.links.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "experiment_id": experiment_id,
                "status": status,
                "metrics": metrics,
                "error": error,
                "trained_on_erased": trained_on_erased,
                "warnings": warnings,
                "created_at": created_at,
                "promoted_at": promoted_at,
                "links": links,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.links import Links  # noqa: PLC0415
        from ..models.metrics import Metrics  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        experiment_id = UUID(d.pop("experiment_id"))

        status = check_model_read_status(d.pop("status"))

        metrics = Metrics.from_dict(d.pop("metrics"))

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

        trained_on_erased = d.pop("trained_on_erased")

        warnings = cast(list[str], d.pop("warnings"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_promoted_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                promoted_at_type_0 = datetime.datetime.fromisoformat(data)

                return promoted_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        promoted_at = _parse_promoted_at(d.pop("promoted_at"))

        links = Links.from_dict(d.pop("links"))

        model_read = cls(
            id=id,
            name=name,
            experiment_id=experiment_id,
            status=status,
            metrics=metrics,
            error=error,
            trained_on_erased=trained_on_erased,
            warnings=warnings,
            created_at=created_at,
            promoted_at=promoted_at,
            links=links,
        )

        return model_read
