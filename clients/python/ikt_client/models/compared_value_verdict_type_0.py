from typing import Literal

ComparedValueVerdictType0 = Literal["better", "same", "worse"]

COMPARED_VALUE_VERDICT_TYPE_0_VALUES: set[ComparedValueVerdictType0] = {
    "better",
    "same",
    "worse",
}


def check_compared_value_verdict_type_0(value: str) -> ComparedValueVerdictType0:
    if value in COMPARED_VALUE_VERDICT_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARED_VALUE_VERDICT_TYPE_0_VALUES!r}")
