from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

T = TypeVar("T", bound="Categorical")


@_attrs_define
class Categorical:
    """One of several values in no order."""

    type_: Literal["categorical"]
    choices: list[bool | float | str]

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        choices = []
        for choices_item_data in self.choices:
            choices_item: bool | float | str
            choices_item = choices_item_data
            choices.append(choices_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "choices": choices,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = cast(Literal["categorical"], d.pop("type"))
        if type_ != "categorical":
            raise ValueError(f"type must match const 'categorical', got '{type_}'")

        choices = []
        _choices = d.pop("choices")
        for choices_item_data in _choices:

            def _parse_choices_item(data: object) -> bool | float | str:
                return cast(bool | float | str, data)

            choices_item = _parse_choices_item(choices_item_data)

            choices.append(choices_item)

        categorical = cls(
            type_=type_,
            choices=choices,
        )

        return categorical
