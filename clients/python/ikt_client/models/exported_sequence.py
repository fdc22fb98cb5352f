from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.exported_answer import ExportedAnswer


T = TypeVar("T", bound="ExportedSequence")


@_attrs_define
class ExportedSequence:
    """What one dataset holds of the student."""

    dataset_id: UUID
    name: str
    fold: int
    responses: list[ExportedAnswer]
    """ In order. """

    def to_dict(self) -> dict[str, Any]:
        dataset_id = str(self.dataset_id)

        name = self.name

        fold = self.fold

        responses = []
        for responses_item_data in self.responses:
            responses_item = responses_item_data.to_dict()
            responses.append(responses_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "dataset_id": dataset_id,
                "name": name,
                "fold": fold,
                "responses": responses,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.exported_answer import ExportedAnswer  # noqa: PLC0415

        d = dict(src_dict)
        dataset_id = UUID(d.pop("dataset_id"))

        name = d.pop("name")

        fold = d.pop("fold")

        responses = []
        _responses = d.pop("responses")
        for responses_item_data in _responses:
            responses_item = ExportedAnswer.from_dict(responses_item_data)

            responses.append(responses_item)

        exported_sequence = cls(
            dataset_id=dataset_id,
            name=name,
            fold=fold,
            responses=responses,
        )

        return exported_sequence
