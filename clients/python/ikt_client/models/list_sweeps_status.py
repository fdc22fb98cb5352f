from typing import Literal

ListSweepsStatus = Literal["cancelled", "failed", "running", "succeeded"]

LIST_SWEEPS_STATUS_VALUES: set[ListSweepsStatus] = {
    "cancelled",
    "failed",
    "running",
    "succeeded",
}


def check_list_sweeps_status(value: str) -> ListSweepsStatus:
    if value in LIST_SWEEPS_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_SWEEPS_STATUS_VALUES!r}")
