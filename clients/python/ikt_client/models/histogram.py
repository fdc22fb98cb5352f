from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Histogram")


@_attrs_define
class Histogram:
    """How values of the model and of its reference are spread, counted in bins that both share."""

    edges: list[float]
    """ Of 40 bins of equal width over both, in logits: one more than there are counts. """
    model: list[int] | None
    """ Null for a model that has no such value. """
    reference: list[int] | None

    def to_dict(self) -> dict[str, Any]:
        edges = self.edges

        model: list[int] | None
        if isinstance(self.model, list):
            model = self.model

        else:
            model = self.model

        reference: list[int] | None
        if isinstance(self.reference, list):
            reference = self.reference

        else:
            reference = self.reference

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "edges": edges,
                "model": model,
                "reference": reference,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        edges = cast(list[float], d.pop("edges"))

        def _parse_model(data: object) -> list[int] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                model_type_0 = cast(list[int], data)

                return model_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None, data)

        model = _parse_model(d.pop("model"))

        def _parse_reference(data: object) -> list[int] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                reference_type_0 = cast(list[int], data)

                return reference_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None, data)

        reference = _parse_reference(d.pop("reference"))

        histogram = cls(
            edges=edges,
            model=model,
            reference=reference,
        )

        return histogram
