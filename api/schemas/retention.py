"""What is kept too long, on the wire."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas.common import WITHOUT_FRACTION, RequestShape, Shape, UtcTime
from api.schemas.interactions import Timestamp

MOST_AT_ONCE = 10_000
RETENTION_EXAMPLE: dict[str, Any] = {
    "dry_run": True,
    "inactive_since": "2024-11-01T00:00:00Z",
    "audit_before": "2024-12-08T09:00:00Z",
    "n_students": 412,
    "n_interactions": 18_033,
    "n_audit_entries": 90_112,
    "n_students_left": 412,
}


class RetentionCreate(RequestShape):
    """Since when nothing must have been heard of a student."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"inactive_since": "2024-11-01T00:00:00Z", "dry_run": True}]}
    )

    inactive_since: Annotated[Timestamp, Field(strict=False)]
    """Students without a response that happened or arrived since are erased."""
    dry_run: bool = True
    """Only count them."""
    limit: Annotated[int, Field(ge=1, le=MOST_AT_ONCE), WITHOUT_FRACTION] = 1000
    """Most students that one request erases; ask again while some are left."""


class RetentionRead(Shape):
    """What is kept too long, or was."""

    model_config = ConfigDict(json_schema_extra={"examples": [RETENTION_EXAMPLE]})

    dry_run: bool
    inactive_since: UtcTime
    audit_before: UtcTime
    """Entries of the audit log that are older are dropped."""
    n_students: int
    """Students who are to be erased; without `dry_run`, who were by this request."""
    n_interactions: int
    """Their responses."""
    n_audit_entries: int
    """Entries that are to be dropped, or were by this request."""
    n_students_left: int
    """Students who are still to be erased."""
