from typing import Literal

SweepReadStatus = Literal["cancelled", "failed", "running", "succeeded"]

SWEEP_READ_STATUS_VALUES: set[SweepReadStatus] = {
    "cancelled",
    "failed",
    "running",
    "succeeded",
}


def check_sweep_read_status(value: str) -> SweepReadStatus:
    if value in SWEEP_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SWEEP_READ_STATUS_VALUES!r}")
