from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.links import Links


T = TypeVar("T", bound="StudentRead")


@_attrs_define
class StudentRead:
    """A student, known by the caller's pseudonymous identifier."""

    student_id: str
    n_interactions: int
    created_at: datetime.datetime
    last_interaction_at: datetime.datetime | None
    links: Links
    """ Paths of the resource and of what belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        n_interactions = self.n_interactions

        created_at = self.created_at.isoformat()

        last_interaction_at: None | str
        if isinstance(self.last_interaction_at, datetime.datetime):
            last_interaction_at = self.last_interaction_at.isoformat()
        else:
            last_interaction_at = self.last_interaction_at

        links = self.links.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
                "n_interactions": n_interactions,
                "created_at": created_at,
                "last_interaction_at": last_interaction_at,
                "links": links,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.links import Links  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        n_interactions = d.pop("n_interactions")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_last_interaction_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_interaction_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_interaction_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_interaction_at = _parse_last_interaction_at(d.pop("last_interaction_at"))

        links = Links.from_dict(d.pop("links"))

        student_read = cls(
            student_id=student_id,
            n_interactions=n_interactions,
            created_at=created_at,
            last_interaction_at=last_interaction_at,
            links=links,
        )

        return student_read
