from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.artifact import Artifact


T = TypeVar("T", bound="ArtifactList")


@_attrs_define
class ArtifactList:
    """What an experiment left."""

    experiment_id: UUID
    items: list[Artifact]

    def to_dict(self) -> dict[str, Any]:
        experiment_id = str(self.experiment_id)

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.artifact import Artifact  # noqa: PLC0415

        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = Artifact.from_dict(items_item_data)

            items.append(items_item)

        artifact_list = cls(
            experiment_id=experiment_id,
            items=items,
        )

        return artifact_list
