from typing import Literal

InteractionCreateCorrectType1 = Literal[0, 1]

INTERACTION_CREATE_CORRECT_TYPE_1_VALUES: set[InteractionCreateCorrectType1] = {
    0,
    1,
}


def check_interaction_create_correct_type_1(value: int) -> InteractionCreateCorrectType1:
    if value in INTERACTION_CREATE_CORRECT_TYPE_1_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {INTERACTION_CREATE_CORRECT_TYPE_1_VALUES!r}"
    )
