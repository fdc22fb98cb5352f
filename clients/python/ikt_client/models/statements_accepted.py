from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.counts import Counts
    from ..models.item_status import ItemStatus


T = TypeVar("T", bound="StatementsAccepted")


@_attrs_define
class StatementsAccepted:
    """What became of the statements that were sent."""

    ids: list[None | str]
    """ The id of each statement, in the order sent and in lower case; made up where none was given. """
    accepted: int
    """ Responses that are new. """
    duplicates: int
    """ Responses that were known already; they changed nothing. """
    ignored: int
    """ Statements about something else; nothing of them is kept. """
    refused: int
    """ Responses that were not stored; more than 0 only with `partial`. """
    reasons: Counts
    """ How many, by what they are. """
    items: list[ItemStatus] | None
    """ What became of each statement, in the order sent; only with `partial`. """

    def to_dict(self) -> dict[str, Any]:
        ids = []
        for ids_item_data in self.ids:
            ids_item: None | str
            ids_item = ids_item_data
            ids.append(ids_item)

        accepted = self.accepted

        duplicates = self.duplicates

        ignored = self.ignored

        refused = self.refused

        reasons = self.reasons.to_dict()

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
                "ids": ids,
                "accepted": accepted,
                "duplicates": duplicates,
                "ignored": ignored,
                "refused": refused,
                "reasons": reasons,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.counts import Counts  # noqa: PLC0415
        from ..models.item_status import ItemStatus  # noqa: PLC0415

        d = dict(src_dict)
        ids = []
        _ids = d.pop("ids")
        for ids_item_data in _ids:

            def _parse_ids_item(data: object) -> None | str:
                if data is None:
                    return data
                return cast(None | str, data)

            ids_item = _parse_ids_item(ids_item_data)

            ids.append(ids_item)

        accepted = d.pop("accepted")

        duplicates = d.pop("duplicates")

        ignored = d.pop("ignored")

        refused = d.pop("refused")

        reasons = Counts.from_dict(d.pop("reasons"))

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

        statements_accepted = cls(
            ids=ids,
            accepted=accepted,
            duplicates=duplicates,
            ignored=ignored,
            refused=refused,
            reasons=reasons,
            items=items,
        )

        return statements_accepted
