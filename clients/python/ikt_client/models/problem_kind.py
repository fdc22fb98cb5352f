from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ProblemKind")


@_attrs_define
class ProblemKind:
    """What a problem's `type` means."""

    type_: str
    title: str
    status: int
    meaning: str

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        title = self.title

        status = self.status

        meaning = self.meaning

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "meaning": meaning,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        meaning = d.pop("meaning")

        problem_kind = cls(
            type_=type_,
            title=title,
            status=status,
            meaning=meaning,
        )

        return problem_kind
