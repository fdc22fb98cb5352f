from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ErasureCreate")


@_attrs_define
class ErasureCreate:
    """Whom to erase."""

    student_id: str
    """ Also somebody who is in datasets alone. """

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        student_id = d.pop("student_id")

        erasure_create = cls(
            student_id=student_id,
        )

        return erasure_create
