from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.compared_value_verdict_type_0 import (
    ComparedValueVerdictType0,
    check_compared_value_verdict_type_0,
)

T = TypeVar("T", bound="ComparedValue")


@_attrs_define
class ComparedValue:
    """One experiment's figure, and how it stands to the baseline's."""

    value: float | None
    """ Null of a range, and where the figure does not exist. """
    change: float | None
    """ Null for the baseline itself. """
    relative_change: float | None
    """ As a share of the baseline's absolute value. """
    verdict: ComparedValueVerdictType0 | None
    """ `same` is no difference: where the interval of the change holds 0 or, of a figure that never has one,
    where it gains less than a thousandth. Null where a figure is only told, and where a figure that should
    have an interval has none. """
    ratio_to_reference: float | None
    """ Value over reference, of a figure that should come near it; null of a mean whose reference is nearer to
    0 than its standard deviation. """
    passed: bool | None
    """ Whether the target is met; null where there is none. """
    change_low: float | None
    """ Lower end of the change's 95 % interval: students resampled in pairs, within their fold. Null where
    there is none. """
    change_high: float | None
    """ Upper end of that interval. """
    delong_low: float | None
    """ Lower end of the change's 95 % interval by DeLong, as if responses were independent; of AUCs only. """
    delong_high: float | None
    """ Upper end of that interval. """
    p_value: float | None
    """ DeLong's two-sided test of no change; of AUCs only. """
    reference: float | None
    """ The same figure of this experiment's own reference. """
    aim: float | None
    """ What training pulled the figure towards, where that is not the reference's trajectory. """
    range_: list[float] | None
    """ Smallest and largest value, of a row whose form is `range`. """
    reference_range: list[float] | None
    aim_range: list[float] | None

    def to_dict(self) -> dict[str, Any]:
        value: float | None
        value = self.value

        change: float | None
        change = self.change

        relative_change: float | None
        relative_change = self.relative_change

        verdict: None | str
        if isinstance(self.verdict, str):
            verdict = self.verdict
        else:
            verdict = self.verdict

        ratio_to_reference: float | None
        ratio_to_reference = self.ratio_to_reference

        passed: bool | None
        passed = self.passed

        change_low: float | None
        change_low = self.change_low

        change_high: float | None
        change_high = self.change_high

        delong_low: float | None
        delong_low = self.delong_low

        delong_high: float | None
        delong_high = self.delong_high

        p_value: float | None
        p_value = self.p_value

        reference: float | None
        reference = self.reference

        aim: float | None
        aim = self.aim

        range_: list[float] | None
        if isinstance(self.range_, list):
            range_ = self.range_

        else:
            range_ = self.range_

        reference_range: list[float] | None
        if isinstance(self.reference_range, list):
            reference_range = self.reference_range

        else:
            reference_range = self.reference_range

        aim_range: list[float] | None
        if isinstance(self.aim_range, list):
            aim_range = self.aim_range

        else:
            aim_range = self.aim_range

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "value": value,
                "change": change,
                "relative_change": relative_change,
                "verdict": verdict,
                "ratio_to_reference": ratio_to_reference,
                "passed": passed,
                "change_low": change_low,
                "change_high": change_high,
                "delong_low": delong_low,
                "delong_high": delong_high,
                "p_value": p_value,
                "reference": reference,
                "aim": aim,
                "range": range_,
                "reference_range": reference_range,
                "aim_range": aim_range,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        def _parse_change(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        change = _parse_change(d.pop("change"))

        def _parse_relative_change(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        relative_change = _parse_relative_change(d.pop("relative_change"))

        def _parse_verdict(data: object) -> ComparedValueVerdictType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                verdict_type_0 = check_compared_value_verdict_type_0(data)

                return verdict_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ComparedValueVerdictType0 | None, data)

        verdict = _parse_verdict(d.pop("verdict"))

        def _parse_ratio_to_reference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        ratio_to_reference = _parse_ratio_to_reference(d.pop("ratio_to_reference"))

        def _parse_passed(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        passed = _parse_passed(d.pop("passed"))

        def _parse_change_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        change_low = _parse_change_low(d.pop("change_low"))

        def _parse_change_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        change_high = _parse_change_high(d.pop("change_high"))

        def _parse_delong_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        delong_low = _parse_delong_low(d.pop("delong_low"))

        def _parse_delong_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        delong_high = _parse_delong_high(d.pop("delong_high"))

        def _parse_p_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        p_value = _parse_p_value(d.pop("p_value"))

        def _parse_reference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        reference = _parse_reference(d.pop("reference"))

        def _parse_aim(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        aim = _parse_aim(d.pop("aim"))

        def _parse_range_(data: object) -> list[float] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                range_type_0 = cast(list[float], data)

                return range_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[float] | None, data)

        range_ = _parse_range_(d.pop("range"))

        def _parse_reference_range(data: object) -> list[float] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                reference_range_type_0 = cast(list[float], data)

                return reference_range_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[float] | None, data)

        reference_range = _parse_reference_range(d.pop("reference_range"))

        def _parse_aim_range(data: object) -> list[float] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                aim_range_type_0 = cast(list[float], data)

                return aim_range_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[float] | None, data)

        aim_range = _parse_aim_range(d.pop("aim_range"))

        compared_value = cls(
            value=value,
            change=change,
            relative_change=relative_change,
            verdict=verdict,
            ratio_to_reference=ratio_to_reference,
            passed=passed,
            change_low=change_low,
            change_high=change_high,
            delong_low=delong_low,
            delong_high=delong_high,
            p_value=p_value,
            reference=reference,
            aim=aim,
            range_=range_,
            reference_range=reference_range,
            aim_range=aim_range,
        )

        return compared_value
