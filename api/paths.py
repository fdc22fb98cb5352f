"""Paths: as the router sees them, and as a URI reference may carry them."""

import re
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

PCHAR = "/:@!$&'()*+,;=~"
# No decoded path can hold half a character, so it stands for a slash that is data and parts nothing.
ENCODED_SLASH = "\udc2f"


class EncodedSlashes:
    """ASGI middleware that keeps %2F within its segment; servers decode it before the path is matched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path", b"")
        if scope["type"] == "http" and b"%2f" in raw.lower():
            parts = re.split("%2f", raw.decode("ascii", "replace"), flags=re.IGNORECASE)
            scope = {**scope, "path": ENCODED_SLASH.join(map(unquote, parts))}
        await self.app(scope, receive, send)


def restore_slashes(segment: Any) -> Any:
    """One segment of a path, as its sender meant it; what is no text is left for its type to refuse."""
    return segment.replace(ENCODED_SLASH, "/") if isinstance(segment, str) else segment


def path_of(request: Request) -> str:
    """Percent-encoded: a student's id may hold any letter, a header only ASCII."""
    return "%2F".join(quote(part, safe=PCHAR) for part in request.scope["path"].split(ENCODED_SLASH))
