from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ExportedInteraction")


@_attrs_define
class ExportedInteraction:
    """One response as it is stored."""

    event_id: str
    skills: list[str]
    item: None | str
    correct: bool
    timestamp: datetime.datetime
    received_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        event_id = self.event_id

        skills = self.skills

        item: None | str
        item = self.item

        correct = self.correct

        timestamp = self.timestamp.isoformat()

        received_at = self.received_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "event_id": event_id,
                "skills": skills,
                "item": item,
                "correct": correct,
                "timestamp": timestamp,
                "received_at": received_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        event_id = d.pop("event_id")

        skills = cast(list[str], d.pop("skills"))

        def _parse_item(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        item = _parse_item(d.pop("item"))

        correct = d.pop("correct")

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        received_at = datetime.datetime.fromisoformat(d.pop("received_at"))

        exported_interaction = cls(
            event_id=event_id,
            skills=skills,
            item=item,
            correct=correct,
            timestamp=timestamp,
            received_at=received_at,
        )

        return exported_interaction
