from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.ability_read import AbilityRead
    from ..models.item_status import ItemStatus
    from ..models.skill_mastery import SkillMastery


T = TypeVar("T", bound="InteractionsAccepted")


@_attrs_define
class InteractionsAccepted:
    """What became of the responses that were sent, and where they leave the student."""

    student_id: str
    accepted: int
    """ Responses that are new. """
    duplicates: int
    """ Responses that were known already; they changed nothing. """
    refused: int
    """ Responses that were not stored; more than 0 only with `partial`. """
    event_ids: list[None | str]
    """ The event id of each response, in the order sent; made up where none was given, null where none was and
    the response was refused. """
    items: list[ItemStatus] | None
    """ What became of each response, in the order sent; only with `partial`. """
    state: AbilityRead | None
    """ The student after these responses; null while no model serves, and when nothing could be stored. """
    skills: list[SkillMastery]
    """ Mastery after these responses: of the skills sent, of all, or of none, as `mastery` asks. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.ability_read import AbilityRead  # noqa: PLC0415

        student_id = self.student_id

        accepted = self.accepted

        duplicates = self.duplicates

        refused = self.refused

        event_ids = []
        for event_ids_item_data in self.event_ids:
            event_ids_item: None | str
            event_ids_item = event_ids_item_data
            event_ids.append(event_ids_item)

        items: list[dict[str, Any]] | None
        if isinstance(self.items, list):
            items = []
            for items_type_0_item_data in self.items:
                items_type_0_item = items_type_0_item_data.to_dict()
                items.append(items_type_0_item)

        else:
            items = self.items

        state: dict[str, Any] | None
        if isinstance(self.state, AbilityRead):
            state = self.state.to_dict()
        else:
            state = self.state

        skills = []
        for skills_item_data in self.skills:
            skills_item = skills_item_data.to_dict()
            skills.append(skills_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "student_id": student_id,
                "accepted": accepted,
                "duplicates": duplicates,
                "refused": refused,
                "event_ids": event_ids,
                "items": items,
                "state": state,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ability_read import AbilityRead  # noqa: PLC0415
        from ..models.item_status import ItemStatus  # noqa: PLC0415
        from ..models.skill_mastery import SkillMastery  # noqa: PLC0415

        d = dict(src_dict)
        student_id = d.pop("student_id")

        accepted = d.pop("accepted")

        duplicates = d.pop("duplicates")

        refused = d.pop("refused")

        event_ids = []
        _event_ids = d.pop("event_ids")
        for event_ids_item_data in _event_ids:

            def _parse_event_ids_item(data: object) -> None | str:
                if data is None:
                    return data
                return cast(None | str, data)

            event_ids_item = _parse_event_ids_item(event_ids_item_data)

            event_ids.append(event_ids_item)

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

        def _parse_state(data: object) -> AbilityRead | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                state_type_0 = AbilityRead.from_dict(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AbilityRead | None, data)

        state = _parse_state(d.pop("state"))

        skills = []
        _skills = d.pop("skills")
        for skills_item_data in _skills:
            skills_item = SkillMastery.from_dict(skills_item_data)

            skills.append(skills_item)

        interactions_accepted = cls(
            student_id=student_id,
            accepted=accepted,
            duplicates=duplicates,
            refused=refused,
            event_ids=event_ids,
            items=items,
            state=state,
            skills=skills,
        )

        return interactions_accepted
