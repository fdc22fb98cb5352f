from typing import Literal

CrossValidationCreateDevice = Literal["auto", "cpu", "cuda"]

CROSS_VALIDATION_CREATE_DEVICE_VALUES: set[CrossValidationCreateDevice] = {
    "auto",
    "cpu",
    "cuda",
}


def check_cross_validation_create_device(value: str) -> CrossValidationCreateDevice:
    if value in CROSS_VALIDATION_CREATE_DEVICE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CROSS_VALIDATION_CREATE_DEVICE_VALUES!r}")
