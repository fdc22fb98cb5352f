from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

T = TypeVar("T", bound="AuditEntryRead")


@_attrs_define
class AuditEntryRead:
    """One request that was answered. It holds no name, no query and no content."""

    id: int
    at: datetime.datetime
    key_id: None | UUID
    """ The key that was shown; null while keys are off. """
    operation: str
    """ As this document names it: its `operationId`. """
    method: str
    status: int
    subject: None | UUID
    """ The student it was about, by a random name that is kept no longer than the student; null where it was
    about none, about several, or about somebody who is not known. """
    resource: None | UUID
    """ Any other thing that the path names by its id. """

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        at = self.at.isoformat()

        key_id: None | str
        if isinstance(self.key_id, UUID):
            key_id = str(self.key_id)
        else:
            key_id = self.key_id

        operation = self.operation

        method = self.method

        status = self.status

        subject: None | str
        if isinstance(self.subject, UUID):
            subject = str(self.subject)
        else:
            subject = self.subject

        resource: None | str
        if isinstance(self.resource, UUID):
            resource = str(self.resource)
        else:
            resource = self.resource

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "at": at,
                "key_id": key_id,
                "operation": operation,
                "method": method,
                "status": status,
                "subject": subject,
                "resource": resource,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        at = datetime.datetime.fromisoformat(d.pop("at"))

        def _parse_key_id(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                key_id_type_0 = UUID(data)

                return key_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        key_id = _parse_key_id(d.pop("key_id"))

        operation = d.pop("operation")

        method = d.pop("method")

        status = d.pop("status")

        def _parse_subject(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                subject_type_0 = UUID(data)

                return subject_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        subject = _parse_subject(d.pop("subject"))

        def _parse_resource(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                resource_type_0 = UUID(data)

                return resource_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        resource = _parse_resource(d.pop("resource"))

        audit_entry_read = cls(
            id=id,
            at=at,
            key_id=key_id,
            operation=operation,
            method=method,
            status=status,
            subject=subject,
            resource=resource,
        )

        return audit_entry_read
