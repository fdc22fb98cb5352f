from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.evaluation_read_protocol import (
    EvaluationReadProtocol,
    check_evaluation_read_protocol,
)

if TYPE_CHECKING:
    from ..models.metrics import Metrics


T = TypeVar("T", bound="EvaluationRead")


@_attrs_define
class EvaluationRead:
    """An experiment's model on another file."""

    experiment_id: UUID
    protocol: EvaluationReadProtocol
    """ Which of the responses were predicted, and from how much. """
    n_students: int
    n_responses: int
    """ Responses that the model could use: on at least one skill that it knows. """
    n_predicted: int
    """ Those that it was asked to predict by the protocol, which the metrics are about. """
    n_known_students: int
    """ Students of the file on whom the model was trained; above 0 the metrics are optimistic. """
    unknown_skills: list[str]
    """ Skills of the file that the model never saw; responses on them alone are left out. """
    metrics: Metrics
    """ Measured values by name; null where a value does not exist. """

    def to_dict(self) -> dict[str, Any]:
        experiment_id = str(self.experiment_id)

        protocol: str = self.protocol

        n_students = self.n_students

        n_responses = self.n_responses

        n_predicted = self.n_predicted

        n_known_students = self.n_known_students

        unknown_skills = self.unknown_skills

        metrics = self.metrics.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "protocol": protocol,
                "n_students": n_students,
                "n_responses": n_responses,
                "n_predicted": n_predicted,
                "n_known_students": n_known_students,
                "unknown_skills": unknown_skills,
                "metrics": metrics,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metrics import Metrics  # noqa: PLC0415

        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        protocol = check_evaluation_read_protocol(d.pop("protocol"))

        n_students = d.pop("n_students")

        n_responses = d.pop("n_responses")

        n_predicted = d.pop("n_predicted")

        n_known_students = d.pop("n_known_students")

        unknown_skills = cast(list[str], d.pop("unknown_skills"))

        metrics = Metrics.from_dict(d.pop("metrics"))

        evaluation_read = cls(
            experiment_id=experiment_id,
            protocol=protocol,
            n_students=n_students,
            n_responses=n_responses,
            n_predicted=n_predicted,
            n_known_students=n_known_students,
            unknown_skills=unknown_skills,
            metrics=metrics,
        )

        return evaluation_read
