from typing import Literal

SweepCreateDevice = Literal["auto", "cpu", "cuda"]

SWEEP_CREATE_DEVICE_VALUES: set[SweepCreateDevice] = {
    "auto",
    "cpu",
    "cuda",
}


def check_sweep_create_device(value: str) -> SweepCreateDevice:
    if value in SWEEP_CREATE_DEVICE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SWEEP_CREATE_DEVICE_VALUES!r}")
