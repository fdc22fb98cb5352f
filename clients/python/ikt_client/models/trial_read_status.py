from typing import Literal

TrialReadStatus = Literal["cancelled", "failed", "pruned", "queued", "running", "succeeded"]

TRIAL_READ_STATUS_VALUES: set[TrialReadStatus] = {
    "cancelled",
    "failed",
    "pruned",
    "queued",
    "running",
    "succeeded",
}


def check_trial_read_status(value: str) -> TrialReadStatus:
    if value in TRIAL_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TRIAL_READ_STATUS_VALUES!r}")
