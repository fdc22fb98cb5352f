from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.interaction_line_correct_type_1 import (
    InteractionLineCorrectType1,
    check_interaction_line_correct_type_1,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="InteractionLine")


@_attrs_define
class InteractionLine:
    """One response of any student: a line of a bulk load."""

    correct: bool | InteractionLineCorrectType1
    """ Whether the response was right: true or 1, false or 0. """
    student_id: str
    event_id: None | str | Unset = UNSET
    """ The caller's name for this response; sent again, it is counted once. Made up when it is left out. """
    skill: None | str | Unset = UNSET
    """ The skill that the item needs; give this or `skills`. """
    skills: list[str] | None | Unset = UNSET
    """ The skills that the item needs together. """
    item: None | str | Unset = UNSET
    """ The caller's name for the item; kept, and used for nothing. """
    timestamp: datetime.datetime | None | Unset = UNSET
    """ When it happened; default: now. Responses of one moment stand in the order in which they came. """

    def to_dict(self) -> dict[str, Any]:
        correct: bool | int
        if isinstance(self.correct, int):
            correct = self.correct
        else:
            correct = self.correct

        student_id = self.student_id

        event_id: None | str | Unset
        if isinstance(self.event_id, Unset):
            event_id = UNSET
        else:
            event_id = self.event_id

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

        item: None | str | Unset
        if isinstance(self.item, Unset):
            item = UNSET
        else:
            item = self.item

        timestamp: None | str | Unset
        if isinstance(self.timestamp, Unset):
            timestamp = UNSET
        elif isinstance(self.timestamp, datetime.datetime):
            timestamp = self.timestamp.isoformat()
        else:
            timestamp = self.timestamp

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "correct": correct,
                "student_id": student_id,
            }
        )
        if event_id is not UNSET:
            field_dict["event_id"] = event_id
        if skill is not UNSET:
            field_dict["skill"] = skill
        if skills is not UNSET:
            field_dict["skills"] = skills
        if item is not UNSET:
            field_dict["item"] = item
        if timestamp is not UNSET:
            field_dict["timestamp"] = timestamp

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_correct(data: object) -> bool | InteractionLineCorrectType1:
            try:
                if not isinstance(data, int):
                    raise TypeError()
                correct_type_1 = check_interaction_line_correct_type_1(data)

                return correct_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(bool | InteractionLineCorrectType1, data)

        correct = _parse_correct(d.pop("correct"))

        student_id = d.pop("student_id")

        def _parse_event_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        event_id = _parse_event_id(d.pop("event_id", UNSET))

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

        def _parse_item(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        item = _parse_item(d.pop("item", UNSET))

        def _parse_timestamp(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                timestamp_type_0 = datetime.datetime.fromisoformat(data)

                return timestamp_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        timestamp = _parse_timestamp(d.pop("timestamp", UNSET))

        interaction_line = cls(
            correct=correct,
            student_id=student_id,
            event_id=event_id,
            skill=skill,
            skills=skills,
            item=item,
            timestamp=timestamp,
        )

        return interaction_line
