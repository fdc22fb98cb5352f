from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.erasure_read_origin import ErasureReadOrigin, check_erasure_read_origin
from ..models.erasure_read_status import ErasureReadStatus, check_erasure_read_status

if TYPE_CHECKING:
    from ..models.links import Links


T = TypeVar("T", bound="ErasureRead")


@_attrs_define
class ErasureRead:
    """What was erased of one student. Nobody can tell from it who it was."""

    id: UUID
    status: ErasureReadStatus
    """ `pending`: rows are gone, files are still being looked through, or an experiment is running that read a
    dataset with the student in it. """
    origin: ErasureReadOrigin
    key_id: None | UUID
    """ The key that asked for it; null while keys are off, and for the daily retention. """
    subject: UUID
    """ The student's name in the audit log; nothing leads from it to them any more. """
    requested_at: datetime.datetime
    finished_at: datetime.datetime | None
    n_interactions: int
    """ Responses that were deleted. """
    n_states: int
    """ States under models that were deleted. """
    n_cohorts: int
    """ Cohorts that the student was in. """
    n_datasets: int
    """ Datasets that the student was taken out of. """
    n_experiments: int
    """ Experiments whose held-out predictions were about the student. """
    n_models: int
    """ Models that had learned from the student, and say so now. """
    links: Links
    """ Paths of the resource and of what belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        status: str = self.status

        origin: str = self.origin

        key_id: None | str
        if isinstance(self.key_id, UUID):
            key_id = str(self.key_id)
        else:
            key_id = self.key_id

        subject = str(self.subject)

        requested_at = self.requested_at.isoformat()

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        n_interactions = self.n_interactions

        n_states = self.n_states

        n_cohorts = self.n_cohorts

        n_datasets = self.n_datasets

        n_experiments = self.n_experiments

        n_models = self.n_models

        links = self.links.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "status": status,
                "origin": origin,
                "key_id": key_id,
                "subject": subject,
                "requested_at": requested_at,
                "finished_at": finished_at,
                "n_interactions": n_interactions,
                "n_states": n_states,
                "n_cohorts": n_cohorts,
                "n_datasets": n_datasets,
                "n_experiments": n_experiments,
                "n_models": n_models,
                "links": links,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.links import Links  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        status = check_erasure_read_status(d.pop("status"))

        origin = check_erasure_read_origin(d.pop("origin"))

        def _parse_key_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                key_id_type_0 = UUID(data)

                return key_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        key_id = _parse_key_id(d.pop("key_id"))

        subject = UUID(d.pop("subject"))

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

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

        n_interactions = d.pop("n_interactions")

        n_states = d.pop("n_states")

        n_cohorts = d.pop("n_cohorts")

        n_datasets = d.pop("n_datasets")

        n_experiments = d.pop("n_experiments")

        n_models = d.pop("n_models")

        links = Links.from_dict(d.pop("links"))

        erasure_read = cls(
            id=id,
            status=status,
            origin=origin,
            key_id=key_id,
            subject=subject,
            requested_at=requested_at,
            finished_at=finished_at,
            n_interactions=n_interactions,
            n_states=n_states,
            n_cohorts=n_cohorts,
            n_datasets=n_datasets,
            n_experiments=n_experiments,
            n_models=n_models,
            links=links,
        )

        return erasure_read
