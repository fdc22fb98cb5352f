from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.model_reference import ModelReference
    from ..models.step import Step


T = TypeVar("T", bound="TrajectoryRead")


@_attrs_define
class TrajectoryRead:
    """A student's way, step by step."""

    student_id: str
    model: ModelReference
    """ Which model gave an answer. """
    n_interactions: int
    items: list[Step]
    next_cursor: None | str
    """ Pass it as `cursor` for the next page; null on the last one, and with `points`. """

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        model = self.model.to_dict()

        n_interactions = self.n_interactions

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        next_cursor: None | str
        next_cursor = self.next_cursor

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
                "model": model,
                "n_interactions": n_interactions,
                "items": items,
                "next_cursor": next_cursor,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.step import Step  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        model = ModelReference.from_dict(d.pop("model"))

        n_interactions = d.pop("n_interactions")

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = Step.from_dict(items_item_data)

            items.append(items_item)

        def _parse_next_cursor(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_cursor = _parse_next_cursor(d.pop("next_cursor"))

        trajectory_read = cls(
            student_id=student_id,
            model=model,
            n_interactions=n_interactions,
            items=items,
            next_cursor=next_cursor,
        )

        return trajectory_read
