from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="JudgedValue")


@_attrs_define
class JudgedValue:
    """A figure against what is asked of it."""

    value: float | None
    threshold: float | None
    passed: bool | None

    def to_dict(self) -> dict[str, Any]:
        value: float | None
        value = self.value

        threshold: float | None
        threshold = self.threshold

        passed: bool | None
        passed = self.passed

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "value": value,
                "threshold": threshold,
                "passed": passed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        def _parse_threshold(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        threshold = _parse_threshold(d.pop("threshold"))

        def _parse_passed(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        passed = _parse_passed(d.pop("passed"))

        judged_value = cls(
            value=value,
            threshold=threshold,
            passed=passed,
        )

        return judged_value
