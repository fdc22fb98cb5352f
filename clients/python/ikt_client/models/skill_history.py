from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="SkillHistory")


@_attrs_define
class SkillHistory:
    """How the mastery of one skill moved."""

    skill: str
    evidence: int
    """ Responses of this student on this skill, in all. """
    mastery: list[float | None]
    """ M after each of the `positions`, also of responses on other skills. """

    def to_dict(self) -> dict[str, Any]:
        skill = self.skill

        evidence = self.evidence

        mastery = []
        for mastery_item_data in self.mastery:
            mastery_item: float | None
            mastery_item = mastery_item_data
            mastery.append(mastery_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "skill": skill,
                "evidence": evidence,
                "mastery": mastery,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        skill = d.pop("skill")

        evidence = d.pop("evidence")

        mastery = []
        _mastery = d.pop("mastery")
        for mastery_item_data in _mastery:

            def _parse_mastery_item(data: object) -> float | None:
                if data is None:
                    return data
                return cast(float | None, data)

            mastery_item = _parse_mastery_item(mastery_item_data)

            mastery.append(mastery_item)

        skill_history = cls(
            skill=skill,
            evidence=evidence,
            mastery=mastery,
        )

        return skill_history
