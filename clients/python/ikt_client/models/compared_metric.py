from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.compared_metric_form import ComparedMetricForm, check_compared_metric_form
from ..models.compared_metric_goal import ComparedMetricGoal, check_compared_metric_goal

if TYPE_CHECKING:
    from ..models.compared_value import ComparedValue


T = TypeVar("T", bound="ComparedMetric")


@_attrs_define
class ComparedMetric:
    """One figure of every experiment, the baseline's first."""

    metric: str
    label: str
    goal: ComparedMetricGoal
    """ Whether the figure should rise, fall, come near the reference's, or is only told. """
    form: ComparedMetricForm
    """ How it is written: a range has two ends and no change. """
    target: None | str
    """ What is asked of it, in words. """
    reference: float | None
    """ The baseline's reference's value of the same figure; each experiment's own stands with its value. """
    values: list[ComparedValue]

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        label = self.label

        goal: str = self.goal

        form: str = self.form

        target: None | str
        target = self.target

        reference: float | None
        reference = self.reference

        values = []
        for values_item_data in self.values:
            values_item = values_item_data.to_dict()
            values.append(values_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "metric": metric,
                "label": label,
                "goal": goal,
                "form": form,
                "target": target,
                "reference": reference,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.compared_value import ComparedValue  # noqa: PLC0415

        d = dict(src_dict)
        metric = d.pop("metric")

        label = d.pop("label")

        goal = check_compared_metric_goal(d.pop("goal"))

        form = check_compared_metric_form(d.pop("form"))

        def _parse_target(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        target = _parse_target(d.pop("target"))

        def _parse_reference(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        reference = _parse_reference(d.pop("reference"))

        values = []
        _values = d.pop("values")
        for values_item_data in _values:
            values_item = ComparedValue.from_dict(values_item_data)

            values.append(values_item)

        compared_metric = cls(
            metric=metric,
            label=label,
            goal=goal,
            form=form,
            target=target,
            reference=reference,
            values=values,
        )

        return compared_metric
