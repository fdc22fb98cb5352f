from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ReliabilityBin")


@_attrs_define
class ReliabilityBin:
    """Responses whose predicted probability lies between two values."""

    low: float
    high: float
    n: int
    mean_probability: float
    share_right: float
    """ Equal to the mean probability where predictions can be believed. """

    def to_dict(self) -> dict[str, Any]:
        low = self.low

        high = self.high

        n = self.n

        mean_probability = self.mean_probability

        share_right = self.share_right

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "low": low,
                "high": high,
                "n": n,
                "mean_probability": mean_probability,
                "share_right": share_right,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        low = d.pop("low")

        high = d.pop("high")

        n = d.pop("n")

        mean_probability = d.pop("mean_probability")

        share_right = d.pop("share_right")

        reliability_bin = cls(
            low=low,
            high=high,
            n=n,
            mean_probability=mean_probability,
            share_right=share_right,
        )

        return reliability_bin
