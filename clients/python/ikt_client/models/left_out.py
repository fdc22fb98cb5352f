from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

T = TypeVar("T", bound="LeftOut")


@_attrs_define
class LeftOut:
    """An experiment without a place in the plane."""

    experiment_id: UUID
    reason: str

    def to_dict(self) -> dict[str, Any]:
        experiment_id = str(self.experiment_id)

        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        reason = d.pop("reason")

        left_out = cls(
            experiment_id=experiment_id,
            reason=reason,
        )

        return left_out
