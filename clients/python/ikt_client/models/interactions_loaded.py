from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.interactions_loaded_scoring import (
    InteractionsLoadedScoring,
    check_interactions_loaded_scoring,
)

if TYPE_CHECKING:
    from ..models.item_status import ItemStatus


T = TypeVar("T", bound="InteractionsLoaded")


@_attrs_define
class InteractionsLoaded:
    """What became of the responses of many students."""

    accepted: int
    """ Responses that are new. """
    duplicates: int
    """ Responses that were known already; they changed nothing. """
    refused: int
    """ Responses that were not stored; more than 0 only with `partial`. """
    n_students: int
    """ Students whose responses were sent. """
    scoring: InteractionsLoadedScoring
    """ Whether a worker brings the states up to date, or that is done; `none` while no model serves. """
    items: list[ItemStatus] | None
    """ What became of each response, in the order sent; only with `partial`. Reasons of refusal are given for
    the first 10,000 refused ones. """

    def to_dict(self) -> dict[str, Any]:
        accepted = self.accepted

        duplicates = self.duplicates

        refused = self.refused

        n_students = self.n_students

        scoring: str = self.scoring

        items: list[dict[str, Any]] | None
        if isinstance(self.items, list):
            items = []
            for items_type_0_item_data in self.items:
                items_type_0_item = items_type_0_item_data.to_dict()
                items.append(items_type_0_item)

        else:
            items = self.items

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "accepted": accepted,
                "duplicates": duplicates,
                "refused": refused,
                "n_students": n_students,
                "scoring": scoring,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.item_status import ItemStatus  # noqa: PLC0415

        d = dict(src_dict)
        accepted = d.pop("accepted")

        duplicates = d.pop("duplicates")

        refused = d.pop("refused")

        n_students = d.pop("n_students")

        scoring = check_interactions_loaded_scoring(d.pop("scoring"))

        def _parse_items(data: object) -> list[ItemStatus] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                items_type_0 = []
                _items_type_0 = data
                for items_type_0_item_data in _items_type_0:
                    items_type_0_item = ItemStatus.from_dict(items_type_0_item_data)

                    items_type_0.append(items_type_0_item)

                return items_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[ItemStatus] | None, data)

        items = _parse_items(d.pop("items"))

        interactions_loaded = cls(
            accepted=accepted,
            duplicates=duplicates,
            refused=refused,
            n_students=n_students,
            scoring=scoring,
            items=items,
        )

        return interactions_loaded
