from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.model_reference import ModelReference
    from ..models.skill_history import SkillHistory


T = TypeVar("T", bound="MasteryHistoryRead")


@_attrs_define
class MasteryHistoryRead:
    """Mastery of skills over a student's way, at some moments of it."""

    student_id: str
    model: ModelReference
    """ Which model gave an answer. """
    n_interactions: int
    positions: list[int]
    """ Steps of the trajectory after which mastery is told, evenly spread; the last one is the present. """
    timestamps: list[datetime.datetime]
    """ When those responses happened. """
    skills: list[SkillHistory]
    """ In the order asked; else the most practised first. """

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        model = self.model.to_dict()

        n_interactions = self.n_interactions

        positions = self.positions

        timestamps = []
        for timestamps_item_data in self.timestamps:
            timestamps_item = timestamps_item_data.isoformat()
            timestamps.append(timestamps_item)

        skills = []
        for skills_item_data in self.skills:
            skills_item = skills_item_data.to_dict()
            skills.append(skills_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
                "model": model,
                "n_interactions": n_interactions,
                "positions": positions,
                "timestamps": timestamps,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.skill_history import SkillHistory  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        model = ModelReference.from_dict(d.pop("model"))

        n_interactions = d.pop("n_interactions")

        positions = cast(list[int], d.pop("positions"))

        timestamps = []
        _timestamps = d.pop("timestamps")
        for timestamps_item_data in _timestamps:
            timestamps_item = datetime.datetime.fromisoformat(timestamps_item_data)

            timestamps.append(timestamps_item)

        skills = []
        _skills = d.pop("skills")
        for skills_item_data in _skills:
            skills_item = SkillHistory.from_dict(skills_item_data)

            skills.append(skills_item)

        mastery_history_read = cls(
            student_id=student_id,
            model=model,
            n_interactions=n_interactions,
            positions=positions,
            timestamps=timestamps,
            skills=skills,
        )

        return mastery_history_read
