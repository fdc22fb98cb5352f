"""Problem documents as exceptions."""

from typing import Self, TypeVar

import httpx

from ikt_client.models import Problem

T = TypeVar("T")


class Refused(Exception):
    """The service answered with a problem document (RFC 9457); `problem.type_` says which kind it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """From an answer whose body has been read. Raises ValueError when that is no problem document."""
        return cls(Problem.from_dict(response.json()))


class Unforeseen(Exception):
    """An answer that the document does not know, such as one of a proxy."""


def need(answer: T | Problem | None) -> T:
    """The answer of a `sync` or `asyncio` function without the possibility of a problem.

    Raises Refused, and Unforeseen for an answer without content; deletions have none, so look at the
    `status_code` of their `sync_detailed`.
    """
    if isinstance(answer, Problem):
        raise Refused(answer)
    if answer is None:
        raise Unforeseen("the answer has no content that the OpenAPI document knows")
    return answer
