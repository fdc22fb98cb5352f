from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.categorical import Categorical
    from ..models.float_range import FloatRange
    from ..models.int_range import IntRange


T = TypeVar("T", bound="OptunaSpace")


@_attrs_define
class OptunaSpace:
    """What to search, by dotted name of the setting."""

    additional_properties: dict[str, Categorical | FloatRange | IntRange] = _attrs_field(
        init=False, factory=dict
    )

    def to_dict(self) -> dict[str, Any]:
        from ..models.float_range import FloatRange  # noqa: PLC0415
        from ..models.int_range import IntRange  # noqa: PLC0415

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            if isinstance(prop, FloatRange):
                field_dict[prop_name] = prop.to_dict()
            elif isinstance(prop, IntRange):
                field_dict[prop_name] = prop.to_dict()
            else:
                field_dict[prop_name] = prop.to_dict()

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.categorical import Categorical  # noqa: PLC0415
        from ..models.float_range import FloatRange  # noqa: PLC0415
        from ..models.int_range import IntRange  # noqa: PLC0415

        d = dict(src_dict)
        optuna_space = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():

            def _parse_additional_property(data: object) -> Categorical | FloatRange | IntRange:
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    additional_property_type_0 = FloatRange.from_dict(data)

                    return additional_property_type_0
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                try:
                    if not isinstance(data, dict):
                        raise TypeError()
                    additional_property_type_1 = IntRange.from_dict(data)

                    return additional_property_type_1
                except (TypeError, ValueError, AttributeError, KeyError):
                    pass
                if not isinstance(data, dict):
                    raise TypeError()
                additional_property_type_2 = Categorical.from_dict(data)

                return additional_property_type_2

            additional_property = _parse_additional_property(prop_dict)

            additional_properties[prop_name] = additional_property

        optuna_space.additional_properties = additional_properties
        return optuna_space

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Categorical | FloatRange | IntRange:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Categorical | FloatRange | IntRange) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
