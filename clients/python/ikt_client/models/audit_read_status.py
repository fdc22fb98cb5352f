from typing import Literal

AuditReadStatus = Literal["fail", "pass", "warn"]

AUDIT_READ_STATUS_VALUES: set[AuditReadStatus] = {
    "fail",
    "pass",
    "warn",
}


def check_audit_read_status(value: str) -> AuditReadStatus:
    if value in AUDIT_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {AUDIT_READ_STATUS_VALUES!r}")
