from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Recommendation")


@_attrs_define
class Recommendation:
    """One skill, and why."""

    skill: str
    value: float | None
    """ What the list is ordered by. `learning`: p · M(if right) + (1 − p) · M(if wrong) − M, where p is
    `probability_correct` and M the mastery. `information`: M · (1 − M), the Fisher information about the
    ability in one response. """
    reason: str
    """ The same in words. """
    mastery: float | None
    level: None | str
    probability_correct: float | None
    mastery_if_right: float | None
    """ After one more response that is right; null by `information`, which does not ask. """
    mastery_if_wrong: float | None
    evidence: int
    """ Responses of this student on this skill. """
    last_practised: datetime.datetime | None

    def to_dict(self) -> dict[str, Any]:
        skill = self.skill

        value: float | None
        value = self.value

        reason = self.reason

        mastery: float | None
        mastery = self.mastery

        level: None | str
        level = self.level

        probability_correct: float | None
        probability_correct = self.probability_correct

        mastery_if_right: float | None
        mastery_if_right = self.mastery_if_right

        mastery_if_wrong: float | None
        mastery_if_wrong = self.mastery_if_wrong

        evidence = self.evidence

        last_practised: None | str
        if isinstance(self.last_practised, datetime.datetime):
            last_practised = self.last_practised.isoformat()
        else:
            last_practised = self.last_practised

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "skill": skill,
                "value": value,
                "reason": reason,
                "mastery": mastery,
                "level": level,
                "probability_correct": probability_correct,
                "mastery_if_right": mastery_if_right,
                "mastery_if_wrong": mastery_if_wrong,
                "evidence": evidence,
                "last_practised": last_practised,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        skill = d.pop("skill")

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        reason = d.pop("reason")

        def _parse_mastery(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery = _parse_mastery(d.pop("mastery"))

        def _parse_level(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        level = _parse_level(d.pop("level"))

        def _parse_probability_correct(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability_correct = _parse_probability_correct(d.pop("probability_correct"))

        def _parse_mastery_if_right(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery_if_right = _parse_mastery_if_right(d.pop("mastery_if_right"))

        def _parse_mastery_if_wrong(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery_if_wrong = _parse_mastery_if_wrong(d.pop("mastery_if_wrong"))

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

        recommendation = cls(
            skill=skill,
            value=value,
            reason=reason,
            mastery=mastery,
            level=level,
            probability_correct=probability_correct,
            mastery_if_right=mastery_if_right,
            mastery_if_wrong=mastery_if_wrong,
            evidence=evidence,
            last_practised=last_practised,
        )

        return recommendation
