from typing import Literal

CrossValidationReadStatus = Literal["cancelled", "failed", "incomplete", "queued", "running", "succeeded"]

CROSS_VALIDATION_READ_STATUS_VALUES: set[CrossValidationReadStatus] = {
    "cancelled",
    "failed",
    "incomplete",
    "queued",
    "running",
    "succeeded",
}


def check_cross_validation_read_status(value: str) -> CrossValidationReadStatus:
    if value in CROSS_VALIDATION_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CROSS_VALIDATION_READ_STATUS_VALUES!r}")
