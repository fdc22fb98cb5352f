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

T = TypeVar("T", bound="FloatRange")


@_attrs_define
class FloatRange:
    """A number between two bounds."""

    type_: Literal["float"]
    low: float
    high: float
    log: bool | Unset = False
    """ Whether to search over its logarithm. """

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        low = self.low

        high = self.high

        log = self.log

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

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = cast(Literal["float"], d.pop("type"))
        if type_ != "float":
            raise ValueError(f"type must match const 'float', got '{type_}'")

        low = d.pop("low")

        high = d.pop("high")

        log = d.pop("log", UNSET)

        float_range = cls(
            type_=type_,
            low=low,
            high=high,
            log=log,
        )

        return float_range
