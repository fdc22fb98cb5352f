from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ComparedSetting")


@_attrs_define
class ComparedSetting:
    """A setting in which the experiments differ."""

    name: str
    """ Path in the configuration, like `loss.lambda_target`. """
    values: list[Any]
    """ The baseline's first. """

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        values = self.values

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        values = cast(list[Any], d.pop("values"))

        compared_setting = cls(
            name=name,
            values=values,
        )

        return compared_setting
