from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.finding_read_status import FindingReadStatus, check_finding_read_status

T = TypeVar("T", bound="FindingRead")


@_attrs_define
class FindingRead:
    """What one check of the audit found."""

    check: str
    status: FindingReadStatus
    value: float | None
    threshold: float | None
    """ Where `pass` ends. """
    message: str

    def to_dict(self) -> dict[str, Any]:
        check = self.check

        status: str = self.status

        value: float | None
        value = self.value

        threshold: float | None
        threshold = self.threshold

        message = self.message

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "check": check,
                "status": status,
                "value": value,
                "threshold": threshold,
                "message": message,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        check = d.pop("check")

        status = check_finding_read_status(d.pop("status"))

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

        message = d.pop("message")

        finding_read = cls(
            check=check,
            status=status,
            value=value,
            threshold=threshold,
            message=message,
        )

        return finding_read
