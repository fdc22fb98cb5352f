from typing import Literal

ExperimentCreateDevice = Literal["auto", "cpu", "cuda"]

EXPERIMENT_CREATE_DEVICE_VALUES: set[ExperimentCreateDevice] = {
    "auto",
    "cpu",
    "cuda",
}


def check_experiment_create_device(value: str) -> ExperimentCreateDevice:
    if value in EXPERIMENT_CREATE_DEVICE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EXPERIMENT_CREATE_DEVICE_VALUES!r}")
