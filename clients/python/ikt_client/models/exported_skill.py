from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ExportedSkill")


@_attrs_define
class ExportedSkill:
    """One skill as one model sees it."""

    skill: str
    mastery: float | None
    probability_correct: float | None
    reference_mastery: float | None
    evidence: int
    last_practised: None | str
    mastered_at: None | str

    def to_dict(self) -> dict[str, Any]:
        skill = self.skill

        mastery: float | None
        mastery = self.mastery

        probability_correct: float | None
        probability_correct = self.probability_correct

        reference_mastery: float | None
        reference_mastery = self.reference_mastery

        evidence = self.evidence

        last_practised: None | str
        last_practised = self.last_practised

        mastered_at: None | str
        mastered_at = self.mastered_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "skill": skill,
                "mastery": mastery,
                "probability_correct": probability_correct,
                "reference_mastery": reference_mastery,
                "evidence": evidence,
                "last_practised": last_practised,
                "mastered_at": mastered_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        skill = d.pop("skill")

        def _parse_mastery(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery = _parse_mastery(d.pop("mastery"))

        def _parse_probability_correct(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability_correct = _parse_probability_correct(d.pop("probability_correct"))

        def _parse_reference_mastery(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        reference_mastery = _parse_reference_mastery(d.pop("reference_mastery"))

        evidence = d.pop("evidence")

        def _parse_last_practised(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_practised = _parse_last_practised(d.pop("last_practised"))

        def _parse_mastered_at(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        mastered_at = _parse_mastered_at(d.pop("mastered_at"))

        exported_skill = cls(
            skill=skill,
            mastery=mastery,
            probability_correct=probability_correct,
            reference_mastery=reference_mastery,
            evidence=evidence,
            last_practised=last_practised,
            mastered_at=mastered_at,
        )

        return exported_skill
