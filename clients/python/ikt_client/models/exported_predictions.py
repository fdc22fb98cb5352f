from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.exported_prediction import ExportedPrediction


T = TypeVar("T", bound="ExportedPredictions")


@_attrs_define
class ExportedPredictions:
    """What one experiment predicted of the student."""

    experiment_id: UUID
    responses: list[ExportedPrediction]

    def to_dict(self) -> dict[str, Any]:
        experiment_id = str(self.experiment_id)

        responses = []
        for responses_item_data in self.responses:
            responses_item = responses_item_data.to_dict()
            responses.append(responses_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "responses": responses,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.exported_prediction import ExportedPrediction  # noqa: PLC0415

        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        responses = []
        _responses = d.pop("responses")
        for responses_item_data in _responses:
            responses_item = ExportedPrediction.from_dict(responses_item_data)

            responses.append(responses_item)

        exported_predictions = cls(
            experiment_id=experiment_id,
            responses=responses,
        )

        return exported_predictions
