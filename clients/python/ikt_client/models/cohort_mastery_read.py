from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.cohort_skill import CohortSkill
    from ..models.model_reference import ModelReference


T = TypeVar("T", bound="CohortMasteryRead")


@_attrs_define
class CohortMasteryRead:
    """Mean mastery per skill over a group of students."""

    model: ModelReference
    """ Which model gave an answer. """
    cohort: None | str
    active_since: datetime.datetime | None
    n_students: int
    """ Students that the filter leaves and the model has scored. """
    skills: list[CohortSkill]
    """ As the model knows them. """

    def to_dict(self) -> dict[str, Any]:
        model = self.model.to_dict()

        cohort: None | str
        cohort = self.cohort

        active_since: None | str
        if isinstance(self.active_since, datetime.datetime):
            active_since = self.active_since.isoformat()
        else:
            active_since = self.active_since

        n_students = self.n_students

        skills = []
        for skills_item_data in self.skills:
            skills_item = skills_item_data.to_dict()
            skills.append(skills_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "cohort": cohort,
                "active_since": active_since,
                "n_students": n_students,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.cohort_skill import CohortSkill  # noqa: PLC0415
        from ..models.model_reference import ModelReference  # noqa: PLC0415

        d = dict(src_dict)
        model = ModelReference.from_dict(d.pop("model"))

        def _parse_cohort(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        cohort = _parse_cohort(d.pop("cohort"))

        def _parse_active_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                active_since_type_0 = datetime.datetime.fromisoformat(data)

                return active_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        active_since = _parse_active_since(d.pop("active_since"))

        n_students = d.pop("n_students")

        skills = []
        _skills = d.pop("skills")
        for skills_item_data in _skills:
            skills_item = CohortSkill.from_dict(skills_item_data)

            skills.append(skills_item)

        cohort_mastery_read = cls(
            model=model,
            cohort=cohort,
            active_since=active_since,
            n_students=n_students,
            skills=skills,
        )

        return cohort_mastery_read
