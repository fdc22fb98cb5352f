from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.group_mastery import GroupMastery


T = TypeVar("T", bound="CohortSkill")


@_attrs_define
class CohortSkill:
    """Mastery of one skill in a cohort."""

    skill: str
    overall: GroupMastery
    """ Mastery of one skill over some students. """
    practised: GroupMastery
    """ Mastery of one skill over some students. """

    def to_dict(self) -> dict[str, Any]:
        skill = self.skill

        overall = self.overall.to_dict()

        practised = self.practised.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "skill": skill,
                "overall": overall,
                "practised": practised,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.group_mastery import GroupMastery  # noqa: PLC0415

        d = dict(src_dict)
        skill = d.pop("skill")

        overall = GroupMastery.from_dict(d.pop("overall"))

        practised = GroupMastery.from_dict(d.pop("practised"))

        cohort_skill = cls(
            skill=skill,
            overall=overall,
            practised=practised,
        )

        return cohort_skill
