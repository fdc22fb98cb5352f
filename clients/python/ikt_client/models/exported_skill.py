from __future__ import annotations

import datetime
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
    last_practised: datetime.datetime | None
    mastered_at: datetime.datetime | None

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
        if isinstance(self.last_practised, datetime.datetime):
            last_practised = self.last_practised.isoformat()
        else:
            last_practised = self.last_practised

        mastered_at: None | str
        if isinstance(self.mastered_at, datetime.datetime):
            mastered_at = self.mastered_at.isoformat()
        else:
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

        def _parse_last_practised(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_practised_type_0 = datetime.datetime.fromisoformat(data)

                return last_practised_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_practised = _parse_last_practised(d.pop("last_practised"))

        def _parse_mastered_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                mastered_at_type_0 = datetime.datetime.fromisoformat(data)

                return mastered_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

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
