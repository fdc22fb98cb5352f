"""GET /students/{student_id}/mastery, the plain case: solving its parameters would cost more than the answer.

This route stands first in the router and takes only requests that need no validation: no query, a usual id.
All others go on to the declared route of `api/routes/mastery.py`, which answers the same.
"""

import re

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.principal import principal_of
from api.reader import MasteryReader, Question
from api.routes.mastery import get_mastery, respond
from api.security.scopes import require, scope_of
from ikt_model.data.columns import LONGEST_NAME

# Control characters are refused, and an encoded slash (half a character) restored, by the declared route.
_PATH = re.compile(rf"/students/([^/\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST_NAME}}})/mastery")


class HotMastery(BaseRoute):
    """Answers straight from the reader; what it raises is told as any error is."""

    audited_as = "get_mastery"
    path = "/students/{student_id}/mastery"

    def __init__(self, reader: MasteryReader) -> None:
        self._reader = reader
        self._needed = scope_of(get_mastery) or ""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """In full or not at all: methods that are not allowed are the declared route's to refuse."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            found = _PATH.fullmatch(scope["path"])
            if found:
                return Match.FULL, {"path_params": {"student_id": found[1]}, "route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ScopeMissing, StudentNotFound, NoServingModel."""
        require(scope, self._needed)
        known = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
        tenant_pk, student_id = principal_of(scope).tenant_pk, scope["path_params"]["student_id"]
        question = Question(tenant_pk, student_id, if_none_match=tuple(known))
        await respond(await self._reader.read(question))(scope, receive, send)
