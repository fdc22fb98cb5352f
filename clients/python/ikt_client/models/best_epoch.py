from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.metrics import Metrics


T = TypeVar("T", bound="BestEpoch")


@_attrs_define
class BestEpoch:
    """The epoch with the highest held-out AUC.

    Descriptive only: it was chosen on the held-out students, so its value is optimistic.

    """

    epoch: int
    metrics: Metrics
    """ Measured values by name; null where a value does not exist. """

    def to_dict(self) -> dict[str, Any]:
        epoch = self.epoch

        metrics = self.metrics.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "epoch": epoch,
                "metrics": metrics,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metrics import Metrics  # noqa: PLC0415

        d = dict(src_dict)
        epoch = d.pop("epoch")

        metrics = Metrics.from_dict(d.pop("metrics"))

        best_epoch = cls(
            epoch=epoch,
            metrics=metrics,
        )

        return best_epoch
