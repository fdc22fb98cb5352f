from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ComparedScale")


@_attrs_define
class ComparedScale:
    """A spread or a mean beside its reference's."""

    value: float | None
    reference: float | None
    ratio: float | None
    """ Value over reference. """
    reading: None | str
    """ The same in words. """

    def to_dict(self) -> dict[str, Any]:
        value: float | None
        value = self.value

        reference: float | None
        reference = self.reference

        ratio: float | None
        ratio = self.ratio

        reading: None | str
        reading = self.reading

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "value": value,
                "reference": reference,
                "ratio": ratio,
                "reading": reading,
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

        def _parse_reference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        reference = _parse_reference(d.pop("reference"))

        def _parse_ratio(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ratio = _parse_ratio(d.pop("ratio"))

        def _parse_reading(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reading = _parse_reading(d.pop("reading"))

        compared_scale = cls(
            value=value,
            reference=reference,
            ratio=ratio,
            reading=reading,
        )

        return compared_scale
