"""Evaluations of an experiment's model on the wire."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Metrics, Shape
from api.schemas.datasets import FileFields
from api.schemas.experiments import EXPERIMENT_ID, METRICS_EXAMPLE

Protocol = Literal["window", "history"]


class EvaluationFields(FileFields):
    """What may be said about a file that a model is measured on."""

    protocol: Protocol = "window"
    """`window`: windows as in training, a rest under 3 responses dropped, the first of each window not
    predicted. `history`: whole histories as students are served, every response but a student's first."""


class EvaluationRead(Shape):
    """An experiment's model on another file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "experiment_id": EXPERIMENT_ID,
                    "protocol": "window",
                    "n_students": 3886,
                    "n_responses": 137865,
                    "n_predicted": 133979,
                    "n_known_students": 0,
                    "unknown_skills": [],
                    "metrics": METRICS_EXAMPLE,
                }
            ]
        }
    )

    experiment_id: UUID
    protocol: Protocol
    """Which of the responses were predicted, and from how much."""
    n_students: int
    n_responses: int
    """Responses that the model could use: on at least one skill that it knows."""
    n_predicted: int
    """Those that it was asked to predict by the protocol, which the metrics are about."""
    n_known_students: int
    """Students of the file on whom the model was trained; above 0 the metrics are optimistic."""
    unknown_skills: list[str]
    """Skills of the file that the model never saw; responses on them alone are left out."""
    metrics: Metrics
