from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.reliability_bin import ReliabilityBin


T = TypeVar("T", bound="Reliability")


@_attrs_define
class Reliability:
    """How far probabilities can be believed."""

    ece: float | None
    """ Expected calibration error over 15 bins of equal width. """
    ece_equal_mass: float | None
    """ The same over 15 bins of equally many responses. """
    brier: float | None
    log_loss: float | None
    """ In nats. """
    mean_probability: float | None
    share_right: float | None
    curve: list[ReliabilityBin]
    """ Bins of equal width that hold a response. """

    def to_dict(self) -> dict[str, Any]:
        ece: float | None
        ece = self.ece

        ece_equal_mass: float | None
        ece_equal_mass = self.ece_equal_mass

        brier: float | None
        brier = self.brier

        log_loss: float | None
        log_loss = self.log_loss

        mean_probability: float | None
        mean_probability = self.mean_probability

        share_right: float | None
        share_right = self.share_right

        curve = []
        for curve_item_data in self.curve:
            curve_item = curve_item_data.to_dict()
            curve.append(curve_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "ece": ece,
                "ece_equal_mass": ece_equal_mass,
                "brier": brier,
                "log_loss": log_loss,
                "mean_probability": mean_probability,
                "share_right": share_right,
                "curve": curve,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.reliability_bin import ReliabilityBin  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_ece(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ece = _parse_ece(d.pop("ece"))

        def _parse_ece_equal_mass(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ece_equal_mass = _parse_ece_equal_mass(d.pop("ece_equal_mass"))

        def _parse_brier(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        brier = _parse_brier(d.pop("brier"))

        def _parse_log_loss(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        log_loss = _parse_log_loss(d.pop("log_loss"))

        def _parse_mean_probability(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mean_probability = _parse_mean_probability(d.pop("mean_probability"))

        def _parse_share_right(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        share_right = _parse_share_right(d.pop("share_right"))

        curve = []
        _curve = d.pop("curve")
        for curve_item_data in _curve:
            curve_item = ReliabilityBin.from_dict(curve_item_data)

            curve.append(curve_item)

        reliability = cls(
            ece=ece,
            ece_equal_mass=ece_equal_mass,
            brier=brier,
            log_loss=log_loss,
            mean_probability=mean_probability,
            share_right=share_right,
            curve=curve,
        )

        return reliability
