from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="SkillPrediction")


@_attrs_define
class SkillPrediction:
    """One skill, before and after the hypothetical responses."""

    skill: str
    probability_before: float | None
    """ The chance that the next response on the skill is right, as things are. """
    probability_after: float | None
    """ The same once the hypothetical responses were given. """
    mastery_before: float | None
    mastery_after: float | None
    level_before: None | str
    level_after: None | str

    def to_dict(self) -> dict[str, Any]:
        skill = self.skill

        probability_before: float | None
        probability_before = self.probability_before

        probability_after: float | None
        probability_after = self.probability_after

        mastery_before: float | None
        mastery_before = self.mastery_before

        mastery_after: float | None
        mastery_after = self.mastery_after

        level_before: None | str
        level_before = self.level_before

        level_after: None | str
        level_after = self.level_after

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "skill": skill,
                "probability_before": probability_before,
                "probability_after": probability_after,
                "mastery_before": mastery_before,
                "mastery_after": mastery_after,
                "level_before": level_before,
                "level_after": level_after,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        skill = d.pop("skill")

        def _parse_probability_before(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability_before = _parse_probability_before(d.pop("probability_before"))

        def _parse_probability_after(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability_after = _parse_probability_after(d.pop("probability_after"))

        def _parse_mastery_before(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery_before = _parse_mastery_before(d.pop("mastery_before"))

        def _parse_mastery_after(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery_after = _parse_mastery_after(d.pop("mastery_after"))

        def _parse_level_before(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        level_before = _parse_level_before(d.pop("level_before"))

        def _parse_level_after(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        level_after = _parse_level_after(d.pop("level_after"))

        skill_prediction = cls(
            skill=skill,
            probability_before=probability_before,
            probability_after=probability_after,
            mastery_before=mastery_before,
            mastery_after=mastery_after,
            level_before=level_before,
            level_after=level_after,
        )

        return skill_prediction
