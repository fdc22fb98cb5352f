from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="IntRange")


@_attrs_define
class IntRange:
    """A whole number between two bounds."""

    type_: Literal["int"]
    low: int
    high: int
    log: bool | Unset = False
    step: int | Unset = 1

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        low = self.low

        high = self.high

        log = self.log

        step = self.step

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "low": low,
                "high": high,
            }
        )
        if log is not UNSET:
            field_dict["log"] = log
        if step is not UNSET:
            field_dict["step"] = step

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = cast(Literal["int"], d.pop("type"))
        if type_ != "int":
            raise ValueError(f"type must match const 'int', got '{type_}'")

        low = d.pop("low")

        high = d.pop("high")

        log = d.pop("log", UNSET)

        step = d.pop("step", UNSET)

        int_range = cls(
            type_=type_,
            low=low,
            high=high,
            log=log,
            step=step,
        )

        return int_range
