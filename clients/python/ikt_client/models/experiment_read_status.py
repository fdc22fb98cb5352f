from typing import Literal

ExperimentReadStatus = Literal["cancelled", "failed", "pruned", "queued", "running", "succeeded"]

EXPERIMENT_READ_STATUS_VALUES: set[ExperimentReadStatus] = {
    "cancelled",
    "failed",
    "pruned",
    "queued",
    "running",
    "succeeded",
}


def check_experiment_read_status(value: str) -> ExperimentReadStatus:
    if value in EXPERIMENT_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EXPERIMENT_READ_STATUS_VALUES!r}")
