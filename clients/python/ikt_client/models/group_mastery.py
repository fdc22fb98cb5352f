from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="GroupMastery")


@_attrs_define
class GroupMastery:
    """Mastery of one skill over some students."""

    n: int
    """ How many students. """
    mean: float | None
    """ Mean mastery. """
    sd: float | None
    """ Its standard deviation over students, with n − 1 in the denominator. """
    share_mastered: float | None
    """ Share of the students whose mastery is 0.85 or more. """

    def to_dict(self) -> dict[str, Any]:
        n = self.n

        mean: float | None
        mean = self.mean

        sd: float | None
        sd = self.sd

        share_mastered: float | None
        share_mastered = self.share_mastered

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "n": n,
                "mean": mean,
                "sd": sd,
                "share_mastered": share_mastered,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        n = d.pop("n")

        def _parse_mean(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mean = _parse_mean(d.pop("mean"))

        def _parse_sd(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        sd = _parse_sd(d.pop("sd"))

        def _parse_share_mastered(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        share_mastered = _parse_share_mastered(d.pop("share_mastered"))

        group_mastery = cls(
            n=n,
            mean=mean,
            sd=sd,
            share_mastered=share_mastered,
        )

        return group_mastery
