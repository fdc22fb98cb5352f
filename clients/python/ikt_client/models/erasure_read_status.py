from typing import Literal

ErasureReadStatus = Literal["done", "pending"]

ERASURE_READ_STATUS_VALUES: set[ErasureReadStatus] = {
    "done",
    "pending",
}


def check_erasure_read_status(value: str) -> ErasureReadStatus:
    if value in ERASURE_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ERASURE_READ_STATUS_VALUES!r}")
