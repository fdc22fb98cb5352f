"""Erasures on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Links, RequestShape, Shape, UtcTime
from api.schemas.students import StudentId

ERASURE_ID = "0193a2f0-5b6c-7d8e-9fa0-1b2c3d4e5f60"
ERASURE_EXAMPLE: dict[str, Any] = {
    "id": ERASURE_ID,
    "status": "done",
    "origin": "request",
    "key_id": None,
    "subject": "5f0c2f5e-7c1d-4c8e-9c55-0d6f7c7f9a10",
    "requested_at": "2025-12-08T09:00:00Z",
    "finished_at": "2025-12-08T09:00:02Z",
    "n_interactions": 17,
    "n_states": 2,
    "n_cohorts": 1,
    "n_datasets": 1,
    "n_experiments": 3,
    "n_models": 12,
    "links": {"self": f"/erasures/{ERASURE_ID}"},
}


class ErasureCreate(RequestShape):
    """Whom to erase."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"student_id": "learner-16894"}]})

    student_id: StudentId
    """Also somebody who is in datasets alone."""


class ErasureRead(Shape):
    """What was erased of one student. Nobody can tell from it who it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [ERASURE_EXAMPLE]})

    id: UUID
    status: Literal["pending", "done"]
    """`pending`: rows are gone, files are still being looked through, or an experiment is running that read a
    dataset with the student in it.
    """
    origin: Literal["request", "retention"]
    key_id: UUID | None
    """The key that asked for it; null while keys are off, and for the daily retention."""
    subject: UUID
    """The student's name in the audit log; nothing leads from it to them any more."""
    requested_at: UtcTime
    finished_at: UtcTime | None
    n_interactions: int
    """Responses that were deleted."""
    n_states: int
    """States under models that were deleted."""
    n_cohorts: int
    """Cohorts that the student was in."""
    n_datasets: int
    """Datasets that the student was taken out of."""
    n_experiments: int
    """Experiments whose held-out predictions were about the student."""
    n_models: int
    """Models that had learned from the student, and say so now."""
    links: Links


class ErasurePage(Shape):
    """Erasures, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [ERASURE_EXAMPLE], "next_cursor": None}]}
    )

    items: list[ErasureRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
