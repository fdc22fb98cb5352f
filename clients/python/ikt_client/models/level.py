from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Level")


@_attrs_define
class Level:
    """A word for mastery."""

    name: str
    least: float
    """ The least mastery that belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        least = self.least

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "least": least,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        least = d.pop("least")

        level = cls(
            name=name,
            least=least,
        )

        return level
