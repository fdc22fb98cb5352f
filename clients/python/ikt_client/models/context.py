from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.context_activities import ContextActivities


T = TypeVar("T", bound="Context")


@_attrs_define
class Context:
    """Where it happened."""

    context_activities: ContextActivities | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.context_activities import ContextActivities  # noqa: PLC0415

        context_activities: dict[str, Any] | None | Unset
        if isinstance(self.context_activities, Unset):
            context_activities = UNSET
        elif isinstance(self.context_activities, ContextActivities):
            context_activities = self.context_activities.to_dict()
        else:
            context_activities = self.context_activities

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if context_activities is not UNSET:
            field_dict["contextActivities"] = context_activities

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.context_activities import ContextActivities  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_context_activities(data: object) -> ContextActivities | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                context_activities_type_0 = ContextActivities.from_dict(data)

                return context_activities_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ContextActivities | None | Unset, data)

        context_activities = _parse_context_activities(d.pop("contextActivities", UNSET))

        context = cls(
            context_activities=context_activities,
        )

        context.additional_properties = d
        return context

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
