from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.histogram import Histogram


T = TypeVar("T", bound="Distributions")


@_attrs_define
class Distributions:
    """Scales of ability and difficulty beside those of the reference; null where there is no value."""

    theta: Histogram | None
    """ θ before each predicted response. """
    beta: Histogram | None
    """ β of every skill. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.histogram import Histogram  # noqa: PLC0415

        theta: dict[str, Any] | None
        if isinstance(self.theta, Histogram):
            theta = self.theta.to_dict()
        else:
            theta = self.theta

        beta: dict[str, Any] | None
        if isinstance(self.beta, Histogram):
            beta = self.beta.to_dict()
        else:
            beta = self.beta

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "theta": theta,
                "beta": beta,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.histogram import Histogram  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_theta(data: object) -> Histogram | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                theta_type_0 = Histogram.from_dict(data)

                return theta_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Histogram | None, data)

        theta = _parse_theta(d.pop("theta"))

        def _parse_beta(data: object) -> Histogram | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                beta_type_0 = Histogram.from_dict(data)

                return beta_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Histogram | None, data)

        beta = _parse_beta(d.pop("beta"))

        distributions = cls(
            theta=theta,
            beta=beta,
        )

        return distributions
