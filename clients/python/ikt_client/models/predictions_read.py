from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.model_reference import ModelReference
    from ..models.skill_prediction import SkillPrediction


T = TypeVar("T", bound="PredictionsRead")


@_attrs_define
class PredictionsRead:
    """What the model would say. Nothing of it is stored."""

    student_id: str
    model: ModelReference
    """ Which model gave an answer. """
    n_interactions: int
    """ Responses that were really given; all of them are included. """
    n_hypothetical: int
    theta_before: float | None
    """ Ability as things are, in logits. """
    theta_after: float | None
    skills: list[SkillPrediction]
    """ In the order asked. """

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        model = self.model.to_dict()

        n_interactions = self.n_interactions

        n_hypothetical = self.n_hypothetical

        theta_before: float | None
        theta_before = self.theta_before

        theta_after: float | None
        theta_after = self.theta_after

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
                "n_hypothetical": n_hypothetical,
                "theta_before": theta_before,
                "theta_after": theta_after,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.skill_prediction import SkillPrediction  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        model = ModelReference.from_dict(d.pop("model"))

        n_interactions = d.pop("n_interactions")

        n_hypothetical = d.pop("n_hypothetical")

        def _parse_theta_before(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_before = _parse_theta_before(d.pop("theta_before"))

        def _parse_theta_after(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_after = _parse_theta_after(d.pop("theta_after"))

        skills = []
        _skills = d.pop("skills")
        for skills_item_data in _skills:
            skills_item = SkillPrediction.from_dict(skills_item_data)

            skills.append(skills_item)

        predictions_read = cls(
            student_id=student_id,
            model=model,
            n_interactions=n_interactions,
            n_hypothetical=n_hypothetical,
            theta_before=theta_before,
            theta_after=theta_after,
            skills=skills,
        )

        return predictions_read
