from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.recommendations_read_by import (
    RecommendationsReadBy,
    check_recommendations_read_by,
)

if TYPE_CHECKING:
    from ..models.model_reference import ModelReference
    from ..models.recommendation import Recommendation


T = TypeVar("T", bound="RecommendationsRead")


@_attrs_define
class RecommendationsRead:
    """Skills to practise next, the most worthwhile first."""

    student_id: str
    model: ModelReference
    """ Which model gave an answer. """
    n_interactions: int
    """ Responses that are included. """
    by: RecommendationsReadBy
    n_mastered: int
    """ Skills that are mastered; `learning` leaves them out. """
    items: list[Recommendation]

    def to_dict(self) -> dict[str, Any]:
        student_id = self.student_id

        model = self.model.to_dict()

        n_interactions = self.n_interactions

        by: str = self.by

        n_mastered = self.n_mastered

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
                "model": model,
                "n_interactions": n_interactions,
                "by": by,
                "n_mastered": n_mastered,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_reference import ModelReference  # noqa: PLC0415
        from ..models.recommendation import Recommendation  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        model = ModelReference.from_dict(d.pop("model"))

        n_interactions = d.pop("n_interactions")

        by = check_recommendations_read_by(d.pop("by"))

        n_mastered = d.pop("n_mastered")

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = Recommendation.from_dict(items_item_data)

            items.append(items_item)

        recommendations_read = cls(
            student_id=student_id,
            model=model,
            n_interactions=n_interactions,
            by=by,
            n_mastered=n_mastered,
            items=items,
        )

        return recommendations_read
