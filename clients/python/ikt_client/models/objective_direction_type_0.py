from typing import Literal

ObjectiveDirectionType0 = Literal["maximise", "minimise"]

OBJECTIVE_DIRECTION_TYPE_0_VALUES: set[ObjectiveDirectionType0] = {
    "maximise",
    "minimise",
}


def check_objective_direction_type_0(value: str) -> ObjectiveDirectionType0:
    if value in OBJECTIVE_DIRECTION_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {OBJECTIVE_DIRECTION_TYPE_0_VALUES!r}")
