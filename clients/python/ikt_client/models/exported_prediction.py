from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ExportedPrediction")


@_attrs_define
class ExportedPrediction:
    """What one experiment predicted of a response that it had not seen."""

    position: int
    skills: list[str]
    response: int
    probability: float | None
    mastery: float | None
    theta: float | None
    difficulty: float | None
    reference_mastery: float | None
    reference_theta: float | None
    mastery_after: float | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        position = self.position

        skills = self.skills

        response = self.response

        probability: float | None
        probability = self.probability

        mastery: float | None
        mastery = self.mastery

        theta: float | None
        theta = self.theta

        difficulty: float | None
        difficulty = self.difficulty

        reference_mastery: float | None
        reference_mastery = self.reference_mastery

        reference_theta: float | None
        reference_theta = self.reference_theta

        mastery_after: float | None | Unset
        if isinstance(self.mastery_after, Unset):
            mastery_after = UNSET
        else:
            mastery_after = self.mastery_after

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "position": position,
                "skills": skills,
                "response": response,
                "probability": probability,
                "mastery": mastery,
                "theta": theta,
                "difficulty": difficulty,
                "reference_mastery": reference_mastery,
                "reference_theta": reference_theta,
            }
        )
        if mastery_after is not UNSET:
            field_dict["mastery_after"] = mastery_after

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        position = d.pop("position")

        skills = cast(list[str], d.pop("skills"))

        response = d.pop("response")

        def _parse_probability(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability = _parse_probability(d.pop("probability"))

        def _parse_mastery(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mastery = _parse_mastery(d.pop("mastery"))

        def _parse_theta(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        theta = _parse_theta(d.pop("theta"))

        def _parse_difficulty(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        difficulty = _parse_difficulty(d.pop("difficulty"))

        def _parse_reference_mastery(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        reference_mastery = _parse_reference_mastery(d.pop("reference_mastery"))

        def _parse_reference_theta(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        reference_theta = _parse_reference_theta(d.pop("reference_theta"))

        def _parse_mastery_after(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        mastery_after = _parse_mastery_after(d.pop("mastery_after", UNSET))

        exported_prediction = cls(
            position=position,
            skills=skills,
            response=response,
            probability=probability,
            mastery=mastery,
            theta=theta,
            difficulty=difficulty,
            reference_mastery=reference_mastery,
            reference_theta=reference_theta,
            mastery_after=mastery_after,
        )

        return exported_prediction
