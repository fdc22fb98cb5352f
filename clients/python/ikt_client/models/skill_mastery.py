from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="SkillMastery")


@_attrs_define
class SkillMastery:
    """How well a student masters one skill."""

    skill: str
    mastery: float | None
    """ M: the share of such items that the model's interpretable half expects to be right, σ(θ − β + s). """
    mastery_low: float | None
    """ Where the 90 % interval around `mastery` begins: in logits ± 1.645 · √(`theta_reference_sd`² +
    `difficulty_standard_error`²). It holds how unsure the reference is of ability and difficulty, not what
    the network may be wrong about, and no error of s. 0 to 1 where nobody practised the skill in training. """
    mastery_high: float | None
    """ Where that interval ends. """
    level: None | str
    """ The last of `levels` that begins at or below `mastery`. """
    mastered_at: datetime.datetime | None
    """ Time of the response on this skill after which `mastery` first reached 0.85; it stays when mastery
    falls again. Null while that never happened. """
    probability_correct: float | None
    """ The model's prediction for the next response on this skill, from the whole history. """
    reference_mastery: float | None
    """ The same by the reference model: σ(θ − β) for `rasch`; `pfa` and `bkt` know more of the skill. """
    difficulty: float | None
    """ β in logits. """
    difficulty_standard_error: float | None
    """ Null where nobody practised the skill in training. """
    skill_part: float | None
    """ s = logit M − θ + β: what is known of this skill beyond ability and difficulty. 0 where `model.mastery`
    is `scalar`. """
    evidence: int
    """ Responses of this student on this skill. """
    last_practised: datetime.datetime | None

    def to_dict(self) -> dict[str, Any]:
        skill = self.skill

        mastery: float | None
        mastery = self.mastery

        mastery_low: float | None
        mastery_low = self.mastery_low

        mastery_high: float | None
        mastery_high = self.mastery_high

        level: None | str
        level = self.level

        mastered_at: None | str
        if isinstance(self.mastered_at, datetime.datetime):
            mastered_at = self.mastered_at.isoformat()
        else:
            mastered_at = self.mastered_at

        probability_correct: float | None
        probability_correct = self.probability_correct

        reference_mastery: float | None
        reference_mastery = self.reference_mastery

        difficulty: float | None
        difficulty = self.difficulty

        difficulty_standard_error: float | None
        difficulty_standard_error = self.difficulty_standard_error

        skill_part: float | None
        skill_part = self.skill_part

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
                "mastery": mastery,
                "mastery_low": mastery_low,
                "mastery_high": mastery_high,
                "level": level,
                "mastered_at": mastered_at,
                "probability_correct": probability_correct,
                "reference_mastery": reference_mastery,
                "difficulty": difficulty,
                "difficulty_standard_error": difficulty_standard_error,
                "skill_part": skill_part,
                "evidence": evidence,
                "last_practised": last_practised,
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

        def _parse_mastery_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery_low = _parse_mastery_low(d.pop("mastery_low"))

        def _parse_mastery_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery_high = _parse_mastery_high(d.pop("mastery_high"))

        def _parse_level(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        level = _parse_level(d.pop("level"))

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

        def _parse_difficulty(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        difficulty = _parse_difficulty(d.pop("difficulty"))

        def _parse_difficulty_standard_error(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        difficulty_standard_error = _parse_difficulty_standard_error(d.pop("difficulty_standard_error"))

        def _parse_skill_part(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        skill_part = _parse_skill_part(d.pop("skill_part"))

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

        skill_mastery = cls(
            skill=skill,
            mastery=mastery,
            mastery_low=mastery_low,
            mastery_high=mastery_high,
            level=level,
            mastered_at=mastered_at,
            probability_correct=probability_correct,
            reference_mastery=reference_mastery,
            difficulty=difficulty,
            difficulty_standard_error=difficulty_standard_error,
            skill_part=skill_part,
            evidence=evidence,
            last_practised=last_practised,
        )

        return skill_mastery
