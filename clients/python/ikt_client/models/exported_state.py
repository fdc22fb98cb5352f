from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.exported_skill import ExportedSkill


T = TypeVar("T", bound="ExportedState")


@_attrs_define
class ExportedState:
    """The student as one model sees them."""

    model_id: UUID
    model: str
    as_of: datetime.datetime
    n_interactions: int
    theta: float | None
    theta_reference: float | None
    theta_reference_sd: float | None
    skills: list[ExportedSkill]

    def to_dict(self) -> dict[str, Any]:
        model_id = str(self.model_id)

        model = self.model

        as_of = self.as_of.isoformat()

        n_interactions = self.n_interactions

        theta: float | None
        theta = self.theta

        theta_reference: float | None
        theta_reference = self.theta_reference

        theta_reference_sd: float | None
        theta_reference_sd = self.theta_reference_sd

        skills = []
        for skills_item_data in self.skills:
            skills_item = skills_item_data.to_dict()
            skills.append(skills_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model_id": model_id,
                "model": model,
                "as_of": as_of,
                "n_interactions": n_interactions,
                "theta": theta,
                "theta_reference": theta_reference,
                "theta_reference_sd": theta_reference_sd,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.exported_skill import ExportedSkill  # noqa: PLC0415

        d = dict(src_dict)
        model_id = UUID(d.pop("model_id"))

        model = d.pop("model")

        as_of = datetime.datetime.fromisoformat(d.pop("as_of"))

        n_interactions = d.pop("n_interactions")

        def _parse_theta(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta = _parse_theta(d.pop("theta"))

        def _parse_theta_reference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_reference = _parse_theta_reference(d.pop("theta_reference"))

        def _parse_theta_reference_sd(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_reference_sd = _parse_theta_reference_sd(d.pop("theta_reference_sd"))

        skills = []
        _skills = d.pop("skills")
        for skills_item_data in _skills:
            skills_item = ExportedSkill.from_dict(skills_item_data)

            skills.append(skills_item)

        exported_state = cls(
            model_id=model_id,
            model=model,
            as_of=as_of,
            n_interactions=n_interactions,
            theta=theta,
            theta_reference=theta_reference,
            theta_reference_sd=theta_reference_sd,
            skills=skills,
        )

        return exported_state
