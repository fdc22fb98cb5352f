from typing import Literal

PrunerName = Literal["median", "none"]

PRUNER_NAME_VALUES: set[PrunerName] = {
    "median",
    "none",
}


def check_pruner_name(value: str) -> PrunerName:
    if value in PRUNER_NAME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PRUNER_NAME_VALUES!r}")
