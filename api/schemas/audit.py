"""The audit log on the wire."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Shape, UtcTime

ENTRY_EXAMPLE: dict[str, Any] = {
    "id": 48211,
    "at": "2025-12-08T08:59:30Z",
    "key_id": "0193a2e0-1111-7222-8333-444455556666",
    "operation": "get_mastery",
    "method": "GET",
    "status": 200,
    "subject": "5f0c2f5e-7c1d-4c8e-9c55-0d6f7c7f9a10",
    "resource": None,
}


class AuditEntryRead(Shape):
    """One request that was answered. It holds no name, no query and no content."""

    model_config = ConfigDict(json_schema_extra={"examples": [ENTRY_EXAMPLE]})

    id: int
    at: UtcTime
    key_id: UUID | None
    """The key that was shown; null while keys are off."""
    operation: str
    """As this document names it: its `operationId`."""
    method: str
    status: int
    subject: UUID | None
    """The student it was about, by a random name that is kept no longer than the student; null where it was
    about none, about several, or about somebody who is not known.
    """
    resource: UUID | None
    """Any other thing that the path names by its id."""


class AuditPage(Shape):
    """Entries, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [ENTRY_EXAMPLE], "next_cursor": None}]}
    )

    items: list[AuditEntryRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
