"""Errors of jobs: which may pass, and what a row says about them; the traceback is in the log."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DETAIL_CHARACTERS = 500
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ArtifactAccessFailed(Exception):
    """The artifact store could not be read or written; the same may work later."""

    def __init__(self, reason: OSError) -> None:
        self.reason = reason
        super().__init__(str(reason))


class Failure(TypedDict):
    error_type: str
    detail: str


@contextmanager
def artifact_access() -> Iterator[None]:
    """Tell trouble with the artifact store from other trouble with files. Raises ArtifactAccessFailed."""
    try:
        yield
    except FileNotFoundError:  # what is not there will not come back
        raise
    except OSError as error:
        raise ArtifactAccessFailed(error) from error


def find_passing_reason(error: Exception) -> Exception | None:
    """What a store or another process said, when one that was locked, restarted, out of reach, full or gone
    is to blame.
    """
    if isinstance(error, ArtifactAccessFailed):
        return error.reason
    if isinstance(error, ConnectionError) or (isinstance(error, OSError) and error.errno in NO_ROOM):
        return error
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return error
    return None


def describe_failure(error: Exception) -> Failure:
    """Class and short text."""
    detail = (str(error).strip() or repr(error))[:DETAIL_CHARACTERS]
    return {"error_type": type(error).__name__, "detail": detail}
