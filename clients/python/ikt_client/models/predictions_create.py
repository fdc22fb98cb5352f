from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.hypothetical import Hypothetical


T = TypeVar("T", bound="PredictionsCreate")


@_attrs_define
class PredictionsCreate:
    """Skills to predict, and what to suppose."""

    skills: list[str]
    """ The skills to predict. """
    responses: list[Hypothetical] | Unset = UNSET
    """ Responses that the student might give next, in this order; none asks about the present alone. """

    def to_dict(self) -> dict[str, Any]:
        skills = self.skills

        responses: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.responses, Unset):
            responses = []
            for responses_item_data in self.responses:
                responses_item = responses_item_data.to_dict()
                responses.append(responses_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "skills": skills,
            }
        )
        if responses is not UNSET:
            field_dict["responses"] = responses

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.hypothetical import Hypothetical  # noqa: PLC0415

        d = dict(src_dict)
        skills = cast(list[str], d.pop("skills"))

        _responses = d.pop("responses", UNSET)
        responses: list[Hypothetical] | Unset = UNSET
        if _responses is not UNSET:
            responses = []
            for responses_item_data in _responses:
                responses_item = Hypothetical.from_dict(responses_item_data)

                responses.append(responses_item)

        predictions_create = cls(
            skills=skills,
            responses=responses,
        )

        return predictions_create
