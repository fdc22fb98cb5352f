from typing import Literal

FindingReadStatus = Literal["fail", "pass", "warn"]

FINDING_READ_STATUS_VALUES: set[FindingReadStatus] = {
    "fail",
    "pass",
    "warn",
}


def check_finding_read_status(value: str) -> FindingReadStatus:
    if value in FINDING_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FINDING_READ_STATUS_VALUES!r}")
