from typing import Literal

HypotheticalCorrectType1 = Literal[0, 1]

HYPOTHETICAL_CORRECT_TYPE_1_VALUES: set[HypotheticalCorrectType1] = {
    0,
    1,
}


def check_hypothetical_correct_type_1(value: int) -> HypotheticalCorrectType1:
    if value in HYPOTHETICAL_CORRECT_TYPE_1_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {HYPOTHETICAL_CORRECT_TYPE_1_VALUES!r}")
