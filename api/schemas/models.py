"""Models and their skills on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Links, Metrics, Number, Shape, UtcTime
from api.schemas.experiments import EXPERIMENT_ID, METRICS_EXAMPLE, RunError

MODEL_ID = "0193a200-1b2c-7d3e-8f40-5a6b7c8d9e0f"
MODEL_EXAMPLE: dict[str, Any] = {
    "id": MODEL_ID,
    "name": "small-dynamic, fold 0",
    "experiment_id": EXPERIMENT_ID,
    "status": "serving",
    "metrics": METRICS_EXAMPLE,
    "error": None,
    "trained_on_erased": 0,
    "warnings": [],
    "created_at": "2025-12-07T20:16:02Z",
    "promoted_at": "2025-12-07T20:20:00Z",
    "links": {"self": f"/models/{MODEL_ID}", "experiment": f"/experiments/{EXPERIMENT_ID}"},
}
MODEL_REFERENCE_EXAMPLE: dict[str, Any] = {
    "id": MODEL_ID,
    "name": "small-dynamic, fold 0",
    "version": "small-dynamic, fold 0@7c8d9e0f",
    "experiment_id": EXPERIMENT_ID,
    "promoted_at": "2025-12-07T20:20:00Z",
}


class ModelRead(Shape):
    """A trained model that can answer for students."""

    model_config = ConfigDict(json_schema_extra={"examples": [MODEL_EXAMPLE]})

    id: UUID
    name: str
    experiment_id: UUID
    status: Literal["candidate", "promoting", "serving", "retired"]
    """One model serves at a time; while another is `promoting`, the old one goes on answering."""
    metrics: Metrics
    """Held-out metrics of its experiment."""
    error: RunError | None
    """Why the last promotion failed."""
    trained_on_erased: int
    """Students it has learned from who were erased since: their data is gone, the weights remember."""
    warnings: list[str]
    """What gives cause to doubt it, one sentence each."""
    created_at: UtcTime
    promoted_at: UtcTime | None
    links: Links


class ModelPage(Shape):
    """Models, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [MODEL_EXAMPLE], "next_cursor": None}]}
    )

    items: list[ModelRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""


class ModelReference(Shape):
    """Which model gave an answer."""

    id: UUID
    name: str
    version: str
    """Changes whenever another model answers."""
    experiment_id: UUID
    promoted_at: UtcTime | None


class SkillRead(Shape):
    """A skill as a model sees it."""

    name: str
    difficulty: Number
    """β in logits: mastery at ability θ is σ(θ − β), to which a skill-wise model adds what it knows of the
    student on this skill inside σ. Of `bkt` it is the Rasch difficulty beside its own parameters."""
    difficulty_standard_error: Number
    n_responses: int
    """Responses of the training students that the difficulty rests on."""


class SkillList(Shape):
    """Skills of one model."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "items": [
                        {
                            "name": "57",
                            "difficulty": -1.32,
                            "difficulty_standard_error": 0.04,
                            "n_responses": 5120,
                        }
                    ],
                }
            ]
        }
    )

    model: ModelReference
    items: list[SkillRead]
