from typing import Literal

InteractionLineCorrectType1 = Literal[0, 1]

INTERACTION_LINE_CORRECT_TYPE_1_VALUES: set[InteractionLineCorrectType1] = {
    0,
    1,
}


def check_interaction_line_correct_type_1(value: int) -> InteractionLineCorrectType1:
    if value in INTERACTION_LINE_CORRECT_TYPE_1_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {INTERACTION_LINE_CORRECT_TYPE_1_VALUES!r}")
