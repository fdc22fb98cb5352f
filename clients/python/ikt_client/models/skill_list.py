from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.model_reference import ModelReference
    from ..models.skill_read import SkillRead


T = TypeVar("T", bound="SkillList")


@_attrs_define
class SkillList:
    """Skills of one model."""

    model: ModelReference
    """ Which model gave an answer. """
    items: list[SkillRead]

    def to_dict(self) -> dict[str, Any]:
        model = self.model.to_dict()

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.skill_read import SkillRead  # noqa: PLC0415

        d = dict(src_dict)
        model = ModelReference.from_dict(d.pop("model"))

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = SkillRead.from_dict(items_item_data)

            items.append(items_item)

        skill_list = cls(
            model=model,
            items=items,
        )

        return skill_list
