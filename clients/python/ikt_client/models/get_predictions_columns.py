from typing import Literal

GetPredictionsColumns = Literal["ikt", "kt-audit"]

GET_PREDICTIONS_COLUMNS_VALUES: set[GetPredictionsColumns] = {
    "ikt",
    "kt-audit",
}


def check_get_predictions_columns(value: str) -> GetPredictionsColumns:
    if value in GET_PREDICTIONS_COLUMNS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_PREDICTIONS_COLUMNS_VALUES!r}")
