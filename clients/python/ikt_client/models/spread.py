from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Spread")


@_attrs_define
class Spread:
    """One metric over the folds that succeeded and have a number for it."""

    mean: float | None
    std: float | None
    """ Sample standard deviation; null for fewer than two folds. """
    n: int
    """ Folds that it is the mean of. """

    def to_dict(self) -> dict[str, Any]:
        mean: float | None
        mean = self.mean

        std: float | None
        std = self.std

        n = self.n

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "mean": mean,
                "std": std,
                "n": n,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_mean(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mean = _parse_mean(d.pop("mean"))

        def _parse_std(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        std = _parse_std(d.pop("std"))

        n = d.pop("n")

        spread = cls(
            mean=mean,
            std=std,
            n=n,
        )

        return spread
