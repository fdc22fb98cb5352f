from typing import Literal

PartName = Literal["artifacts", "broker", "database"]

PART_NAME_VALUES: set[PartName] = {
    "artifacts",
    "broker",
    "database",
}


def check_part_name(value: str) -> PartName:
    if value in PART_NAME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PART_NAME_VALUES!r}")
