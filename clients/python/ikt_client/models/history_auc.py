from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="HistoryAuc")


@_attrs_define
class HistoryAuc:
    """Responses of students who had answered so many times before."""

    auc: float | None
    standard_error: float | None
    """ Between students: responses of one student hang together. """
    low: float | None
    """ Of the 95 % interval. """
    high: float | None
    n: int
    """ Predicted responses. """
    n_students: int
    share_right: float | None
    first: int
    last: int | None
    """ Null: or more often. """

    def to_dict(self) -> dict[str, Any]:
        auc: float | None
        auc = self.auc

        standard_error: float | None
        standard_error = self.standard_error

        low: float | None
        low = self.low

        high: float | None
        high = self.high

        n = self.n

        n_students = self.n_students

        share_right: float | None
        share_right = self.share_right

        first = self.first

        last: int | None
        last = self.last

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "auc": auc,
                "standard_error": standard_error,
                "low": low,
                "high": high,
                "n": n,
                "n_students": n_students,
                "share_right": share_right,
                "first": first,
                "last": last,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_auc(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        auc = _parse_auc(d.pop("auc"))

        def _parse_standard_error(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        standard_error = _parse_standard_error(d.pop("standard_error"))

        def _parse_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        low = _parse_low(d.pop("low"))

        def _parse_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        high = _parse_high(d.pop("high"))

        n = d.pop("n")

        n_students = d.pop("n_students")

        def _parse_share_right(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        share_right = _parse_share_right(d.pop("share_right"))

        first = d.pop("first")

        def _parse_last(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        last = _parse_last(d.pop("last"))

        history_auc = cls(
            auc=auc,
            standard_error=standard_error,
            low=low,
            high=high,
            n=n,
            n_students=n_students,
            share_right=share_right,
            first=first,
            last=last,
        )

        return history_auc
