"""The request's path as a URI reference may carry it."""

from urllib.parse import quote

from fastapi import Request

PCHAR = "/:@!$&'()*+,;=~"


def path_of(request: Request) -> str:
    """Percent-encoded: a student's id may hold any letter, a header only ASCII."""
    return quote(request.scope["path"], safe=PCHAR)
