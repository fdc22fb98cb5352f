from typing import Literal

EvaluationReadProtocol = Literal["history", "window"]

EVALUATION_READ_PROTOCOL_VALUES: set[EvaluationReadProtocol] = {
    "history",
    "window",
}


def check_evaluation_read_protocol(value: str) -> EvaluationReadProtocol:
    if value in EVALUATION_READ_PROTOCOL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EVALUATION_READ_PROTOCOL_VALUES!r}")
