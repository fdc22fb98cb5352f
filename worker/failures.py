"""What a row says about an error; the traceback is in the log."""

from typing import TypedDict

DETAIL_CHARACTERS = 500


class Failure(TypedDict):
    error_type: str
    detail: str


def describe_failure(error: Exception) -> Failure:
    """Class and short text."""
    detail = (str(error).strip() or repr(error))[:DETAIL_CHARACTERS]
    return {"error_type": type(error).__name__, "detail": detail}
