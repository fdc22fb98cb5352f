from typing import Literal

AddDatasetFormat = Literal["auto", "events", "pykt"]

ADD_DATASET_FORMAT_VALUES: set[AddDatasetFormat] = {
    "auto",
    "events",
    "pykt",
}


def check_add_dataset_format(value: str) -> AddDatasetFormat:
    if value in ADD_DATASET_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ADD_DATASET_FORMAT_VALUES!r}")
