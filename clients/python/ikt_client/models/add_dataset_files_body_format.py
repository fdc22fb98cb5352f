from typing import Literal

AddDatasetFilesBodyFormat = Literal["auto", "events", "pykt"]

ADD_DATASET_FILES_BODY_FORMAT_VALUES: set[AddDatasetFilesBodyFormat] = {
    "auto",
    "events",
    "pykt",
}


def check_add_dataset_files_body_format(value: str) -> AddDatasetFilesBodyFormat:
    if value in ADD_DATASET_FILES_BODY_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ADD_DATASET_FILES_BODY_FORMAT_VALUES!r}")
