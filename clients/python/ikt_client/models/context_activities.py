from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.activity import Activity


T = TypeVar("T", bound="ContextActivities")


@_attrs_define
class ContextActivities:
    """What the activity belongs to."""

    category: Activity | list[Activity] | None | Unset = UNSET
    parent: Activity | list[Activity] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.activity import Activity  # noqa: PLC0415

        category: dict[str, Any] | list[dict[str, Any]] | None | Unset
        if isinstance(self.category, Unset):
            category = UNSET
        elif isinstance(self.category, list):
            category = []
            for category_type_0_item_data in self.category:
                category_type_0_item = category_type_0_item_data.to_dict()
                category.append(category_type_0_item)

        elif isinstance(self.category, Activity):
            category = self.category.to_dict()
        else:
            category = self.category

        parent: dict[str, Any] | list[dict[str, Any]] | None | Unset
        if isinstance(self.parent, Unset):
            parent = UNSET
        elif isinstance(self.parent, list):
            parent = []
            for parent_type_0_item_data in self.parent:
                parent_type_0_item = parent_type_0_item_data.to_dict()
                parent.append(parent_type_0_item)

        elif isinstance(self.parent, Activity):
            parent = self.parent.to_dict()
        else:
            parent = self.parent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if category is not UNSET:
            field_dict["category"] = category
        if parent is not UNSET:
            field_dict["parent"] = parent

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.activity import Activity  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_category(data: object) -> Activity | list[Activity] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                category_type_0 = []
                _category_type_0 = data
                for category_type_0_item_data in _category_type_0:
                    category_type_0_item = Activity.from_dict(category_type_0_item_data)

                    category_type_0.append(category_type_0_item)

                return category_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                category_type_1 = Activity.from_dict(data)

                return category_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Activity | list[Activity] | None | Unset, data)

        category = _parse_category(d.pop("category", UNSET))

        def _parse_parent(data: object) -> Activity | list[Activity] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                parent_type_0 = []
                _parent_type_0 = data
                for parent_type_0_item_data in _parent_type_0:
                    parent_type_0_item = Activity.from_dict(parent_type_0_item_data)

                    parent_type_0.append(parent_type_0_item)

                return parent_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                parent_type_1 = Activity.from_dict(data)

                return parent_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Activity | list[Activity] | None | Unset, data)

        parent = _parse_parent(d.pop("parent", UNSET))

        context_activities = cls(
            category=category,
            parent=parent,
        )

        context_activities.additional_properties = d
        return context_activities

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
