from typing import Literal

ListModelsStatus = Literal["candidate", "promoting", "retired", "serving"]

LIST_MODELS_STATUS_VALUES: set[ListModelsStatus] = {
    "candidate",
    "promoting",
    "retired",
    "serving",
}


def check_list_models_status(value: str) -> ListModelsStatus:
    if value in LIST_MODELS_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_MODELS_STATUS_VALUES!r}")
