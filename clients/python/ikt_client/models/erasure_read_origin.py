from typing import Literal

ErasureReadOrigin = Literal["request", "retention"]

ERASURE_READ_ORIGIN_VALUES: set[ErasureReadOrigin] = {
    "request",
    "retention",
}


def check_erasure_read_origin(value: str) -> ErasureReadOrigin:
    if value in ERASURE_READ_ORIGIN_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ERASURE_READ_ORIGIN_VALUES!r}")
