from typing import Literal

ListExperimentsStatus = Literal["cancelled", "failed", "pruned", "queued", "running", "succeeded"]

LIST_EXPERIMENTS_STATUS_VALUES: set[ListExperimentsStatus] = {
    "cancelled",
    "failed",
    "pruned",
    "queued",
    "running",
    "succeeded",
}


def check_list_experiments_status(value: str) -> ListExperimentsStatus:
    if value in LIST_EXPERIMENTS_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_EXPERIMENTS_STATUS_VALUES!r}")
