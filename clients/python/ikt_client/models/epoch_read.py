from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.metrics import Metrics


T = TypeVar("T", bound="EpochRead")


@_attrs_define
class EpochRead:
    """What one epoch measured; training losses carry the prefix `train_`, the rest is held-out."""

    epoch: int
    """ Counted from 1. """
    metrics: Metrics
    """ Measured values by name; null where a value does not exist. """
    seconds: float | None
    recorded_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        epoch = self.epoch

        metrics = self.metrics.to_dict()

        seconds: float | None
        seconds = self.seconds

        recorded_at = self.recorded_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "epoch": epoch,
                "metrics": metrics,
                "seconds": seconds,
                "recorded_at": recorded_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metrics import Metrics  # noqa: PLC0415

        d = dict(src_dict)
        epoch = d.pop("epoch")

        metrics = Metrics.from_dict(d.pop("metrics"))

        def _parse_seconds(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        seconds = _parse_seconds(d.pop("seconds"))

        recorded_at = datetime.datetime.fromisoformat(d.pop("recorded_at"))

        epoch_read = cls(
            epoch=epoch,
            metrics=metrics,
            seconds=seconds,
            recorded_at=recorded_at,
        )

        return epoch_read
