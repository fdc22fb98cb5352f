from typing import Literal

ModelReadStatus = Literal["candidate", "promoting", "retired", "serving"]

MODEL_READ_STATUS_VALUES: set[ModelReadStatus] = {
    "candidate",
    "promoting",
    "retired",
    "serving",
}


def check_model_read_status(value: str) -> ModelReadStatus:
    if value in MODEL_READ_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MODEL_READ_STATUS_VALUES!r}")
