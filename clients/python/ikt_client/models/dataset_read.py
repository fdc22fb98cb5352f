from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.links import Links
    from ..models.statistics import Statistics


T = TypeVar("T", bound="DatasetRead")


@_attrs_define
class DatasetRead:
    """A dataset: responses of students to skills, in the order of practice."""

    id: UUID
    name: str
    format_: str
    """ The format it was read from. """
    content_hash: str
    """ SHA-256 of the content; the same content is stored once. """
    n_students: int
    n_responses: int
    n_skills: int
    n_folds: int
    """ Experiments hold one of the folds 0..n_folds-1 out. """
    share_correct: float | None
    statistics: Statistics
    created_at: datetime.datetime
    links: Links
    """ Paths of the resource and of what belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        name = self.name

        format_ = self.format_

        content_hash = self.content_hash

        n_students = self.n_students

        n_responses = self.n_responses

        n_skills = self.n_skills

        n_folds = self.n_folds

        share_correct: float | None
        share_correct = self.share_correct

        statistics = self.statistics.to_dict()

        created_at = self.created_at.isoformat()

        links = self.links.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "format": format_,
                "content_hash": content_hash,
                "n_students": n_students,
                "n_responses": n_responses,
                "n_skills": n_skills,
                "n_folds": n_folds,
                "share_correct": share_correct,
                "statistics": statistics,
                "created_at": created_at,
                "links": links,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.links import Links  # noqa: PLC0415
        from ..models.statistics import Statistics  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        name = d.pop("name")

        format_ = d.pop("format")

        content_hash = d.pop("content_hash")

        n_students = d.pop("n_students")

        n_responses = d.pop("n_responses")

        n_skills = d.pop("n_skills")

        n_folds = d.pop("n_folds")

        def _parse_share_correct(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        share_correct = _parse_share_correct(d.pop("share_correct"))

        statistics = Statistics.from_dict(d.pop("statistics"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        links = Links.from_dict(d.pop("links"))

        dataset_read = cls(
            id=id,
            name=name,
            format_=format_,
            content_hash=content_hash,
            n_students=n_students,
            n_responses=n_responses,
            n_skills=n_skills,
            n_folds=n_folds,
            share_correct=share_correct,
            statistics=statistics,
            created_at=created_at,
            links=links,
        )

        return dataset_read
