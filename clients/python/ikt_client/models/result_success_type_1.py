from typing import Literal

ResultSuccessType1 = Literal[0, 1]

RESULT_SUCCESS_TYPE_1_VALUES: set[ResultSuccessType1] = {
    0,
    1,
}


def check_result_success_type_1(value: int) -> ResultSuccessType1:
    if value in RESULT_SUCCESS_TYPE_1_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RESULT_SUCCESS_TYPE_1_VALUES!r}")
