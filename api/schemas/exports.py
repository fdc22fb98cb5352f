"""All that is known of one student, on the wire."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.audit import ENTRY_EXAMPLE, AuditEntryRead
from api.schemas.common import Number, Shape, UtcTime
from api.schemas.erasures import ErasureRead
from api.schemas.experiments import DATASET_ID, EXPERIMENT_ID
from api.schemas.models import MODEL_EXAMPLE, MODEL_ID

STATE_EXAMPLE: dict[str, Any] = {
    "model_id": MODEL_ID,
    "model": MODEL_EXAMPLE["name"],
    "as_of": "2025-12-07T20:10:37Z",
    "n_interactions": 1,
    "theta": 0.31,
    "theta_reference": 0.29,
    "theta_reference_sd": 0.42,
    "skills": [
        {
            "skill": "57",
            "mastery": 0.69,
            "probability_correct": 0.73,
            "reference_mastery": 0.68,
            "evidence": 1,
            "last_practised": "2025-12-07T20:10:37Z",
            "mastered_at": None,
        }
    ],
}
EXPORT_EXAMPLE: dict[str, Any] = {
    "student_id": "learner-16894",
    "created_at": "2025-12-01T08:00:00Z",
    "n_interactions": 1,
    "last_interaction_at": "2025-12-07T20:10:37Z",
    "cohorts": ["school-7/year-5"],
    "states": [STATE_EXAMPLE],
    "interactions": [
        {
            "event_id": "9f0c1a2b-attempt-17",
            "skills": ["57"],
            "item": "i7410",
            "correct": True,
            "timestamp": "2025-12-07T20:10:37Z",
            "received_at": "2025-12-07T20:10:38Z",
        }
    ],
    "erasures": [],
    "audit": [ENTRY_EXAMPLE],
    "datasets": [
        {
            "dataset_id": DATASET_ID,
            "name": "Spring term",
            "fold": 0,
            "responses": [
                {"skills": ["57"], "item": "i7410", "correct": True, "timestamp": "2025-04-07T08:10:37Z"}
            ],
        }
    ],
    "predictions": [
        {
            "experiment_id": EXPERIMENT_ID,
            "responses": [
                {
                    "position": 1,
                    "skills": ["57"],
                    "response": 1,
                    "probability": 0.73,
                    "mastery": 0.69,
                    "mastery_after": 0.74,
                    "theta": 0.31,
                    "difficulty": -0.2,
                    "reference_mastery": 0.68,
                    "reference_theta": 0.29,
                }
            ],
        }
    ],
}


class ExportedSkill(Shape):
    """One skill as one model sees it."""

    skill: str
    mastery: Number
    probability_correct: Number
    reference_mastery: Number
    evidence: int
    last_practised: UtcTime | None
    mastered_at: UtcTime | None


class ExportedState(Shape):
    """The student as one model sees them."""

    model_id: UUID
    model: str
    as_of: UtcTime
    n_interactions: int
    theta: Number
    theta_reference: Number
    theta_reference_sd: Number
    skills: list[ExportedSkill]


class ExportedInteraction(Shape):
    """One response as it is stored."""

    event_id: str
    skills: list[str]
    item: str | None
    correct: bool
    timestamp: UtcTime
    received_at: UtcTime


class ExportedAnswer(Shape):
    """One response as a dataset holds it."""

    skills: list[str]
    item: str | None
    correct: bool
    timestamp: UtcTime | None


class ExportedSequence(Shape):
    """What one dataset holds of the student."""

    dataset_id: UUID
    name: str
    fold: int
    responses: list[ExportedAnswer]
    """In order."""


class ExportedPrediction(Shape):
    """What one experiment predicted of a response that it had not seen."""

    position: int
    skills: list[str]
    response: int
    probability: Number
    mastery: Number
    mastery_after: Number = None
    theta: Number
    difficulty: Number
    reference_mastery: Number
    reference_theta: Number


class ExportedPredictions(Shape):
    """What one experiment predicted of the student."""

    experiment_id: UUID
    responses: list[ExportedPrediction]


class StudentExport(Shape):
    """All that is stored of one student."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXPORT_EXAMPLE]})

    student_id: str
    created_at: UtcTime | None
    """Null for somebody who is in datasets alone."""
    n_interactions: int
    last_interaction_at: UtcTime | None
    cohorts: list[str]
    states: list[ExportedState]
    """One for each model that has scored the student, the oldest model first."""
    interactions: list[ExportedInteraction]
    """In the order in which they happened."""
    erasures: list[ErasureRead]
    """Those that are not done yet: of earlier ones nobody knows whom they were about."""
    audit: list[AuditEntryRead]
    """Who read or wrote what of the student, the newest first."""
    datasets: list[ExportedSequence]
    predictions: list[ExportedPredictions]
