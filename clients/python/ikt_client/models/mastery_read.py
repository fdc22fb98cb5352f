from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.level import Level
    from ..models.model_reference import ModelReference
    from ..models.skill_mastery import SkillMastery


T = TypeVar("T", bound="MasteryRead")


@_attrs_define
class MasteryRead:
    """What a student masters now, skill by skill."""

    model: ModelReference
    """ Which model gave an answer. """
    as_of: datetime.datetime
    """ Time of the last response that is included. """
    n_interactions: int
    """ Responses of the student that are included. """
    n_pending: int
    """ Responses that are known but not included yet: they came in bulk and wait to be scored. """
    theta: float | None
    """ Ability θ in logits, after the last response, as the model estimates it. """
    theta_low: float | None
    """ Where the 90 % band θ ± 1.645 · `theta_reference_sd` begins. It holds how unsure the reference is of an
    ability after so many responses, not what the network may be wrong about. """
    theta_high: float | None
    """ Where that band ends. """
    theta_reference: float | None
    """ The same by the reference model, whose ability is Rasch-like whatever its mastery is made of. """
    theta_reference_sd: float | None
    """ Standard deviation (or error) of `theta_reference`: how sure the reference is. """
    student_id: str
    levels: list[Level]
    """ The levels, lowest first, and where each begins. """
    skills: list[SkillMastery]
    """ In the order asked; else as the model knows them. """

    def to_dict(self) -> dict[str, Any]:
        model = self.model.to_dict()

        as_of = self.as_of.isoformat()

        n_interactions = self.n_interactions

        n_pending = self.n_pending

        theta: float | None
        theta = self.theta

        theta_low: float | None
        theta_low = self.theta_low

        theta_high: float | None
        theta_high = self.theta_high

        theta_reference: float | None
        theta_reference = self.theta_reference

        theta_reference_sd: float | None
        theta_reference_sd = self.theta_reference_sd

        student_id = self.student_id

        levels = []
        for levels_item_data in self.levels:
            levels_item = levels_item_data.to_dict()
            levels.append(levels_item)

        skills = []
        for skills_item_data in self.skills:
            skills_item = skills_item_data.to_dict()
            skills.append(skills_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "as_of": as_of,
                "n_interactions": n_interactions,
                "n_pending": n_pending,
                "theta": theta,
                "theta_low": theta_low,
                "theta_high": theta_high,
                "theta_reference": theta_reference,
                "theta_reference_sd": theta_reference_sd,
                "student_id": student_id,
                "levels": levels,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.level import Level  # noqa: PLC0415
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.skill_mastery import SkillMastery  # noqa: PLC0415

        d = dict(src_dict)
        model = ModelReference.from_dict(d.pop("model"))

        as_of = datetime.datetime.fromisoformat(d.pop("as_of"))

        n_interactions = d.pop("n_interactions")

        n_pending = d.pop("n_pending")

        def _parse_theta(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta = _parse_theta(d.pop("theta"))

        def _parse_theta_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_low = _parse_theta_low(d.pop("theta_low"))

        def _parse_theta_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta_high = _parse_theta_high(d.pop("theta_high"))

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

        student_id = d.pop("student_id")

        levels = []
        _levels = d.pop("levels")
        for levels_item_data in _levels:
            levels_item = Level.from_dict(levels_item_data)

            levels.append(levels_item)

        skills = []
        _skills = d.pop("skills")
        for skills_item_data in _skills:
            skills_item = SkillMastery.from_dict(skills_item_data)

            skills.append(skills_item)

        mastery_read = cls(
            model=model,
            as_of=as_of,
            n_interactions=n_interactions,
            n_pending=n_pending,
            theta=theta,
            theta_low=theta_low,
            theta_high=theta_high,
            theta_reference=theta_reference,
            theta_reference_sd=theta_reference_sd,
            student_id=student_id,
            levels=levels,
            skills=skills,
        )

        return mastery_read
