from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.hypothetical_correct_type_1 import (
    HypotheticalCorrectType1,
    check_hypothetical_correct_type_1,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="Hypothetical")


@_attrs_define
class Hypothetical:
    """A response that nobody has given."""

    correct: bool | HypotheticalCorrectType1
    """ Whether the response would be right: true or 1, false or 0. """
    skill: None | str | Unset = UNSET
    """ The skill that the item would need; give this or `skills`. """
    skills: list[str] | None | Unset = UNSET
    """ The skills that the item would need together. """

    def to_dict(self) -> dict[str, Any]:
        correct: bool | int
        if isinstance(self.correct, int):
            correct = self.correct
        else:
            correct = self.correct

        skill: None | str | Unset
        if isinstance(self.skill, Unset):
            skill = UNSET
        else:
            skill = self.skill

        skills: list[str] | None | Unset
        if isinstance(self.skills, Unset):
            skills = UNSET
        elif isinstance(self.skills, list):
            skills = self.skills

        else:
            skills = self.skills

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "correct": correct,
            }
        )
        if skill is not UNSET:
            field_dict["skill"] = skill
        if skills is not UNSET:
            field_dict["skills"] = skills

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_correct(data: object) -> bool | HypotheticalCorrectType1:
            try:
                if not isinstance(data, int):
                    raise TypeError()
                correct_type_1 = check_hypothetical_correct_type_1(data)

                return correct_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(bool | HypotheticalCorrectType1, data)

        correct = _parse_correct(d.pop("correct"))

        def _parse_skill(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        skill = _parse_skill(d.pop("skill", UNSET))

        def _parse_skills(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                skills_type_0 = cast(list[str], data)

                return skills_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        skills = _parse_skills(d.pop("skills", UNSET))

        hypothetical = cls(
            correct=correct,
            skill=skill,
            skills=skills,
        )

        return hypothetical
