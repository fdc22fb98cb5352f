"""Where the next page is (RFC 8288)."""

from typing import Protocol, TypeVar

from fastapi import Request, Response

from api.paths import path_of


class HasNextCursor(Protocol):
    """A page."""

    next_cursor: str | None


AnyPage = TypeVar("AnyPage", bound=HasNextCursor)


def link_next(request: Request, response: Response, page: AnyPage) -> AnyPage:
    """Add the Link header that leads on, and give the page back."""
    if page.next_cursor is not None:
        query = request.url.include_query_params(cursor=page.next_cursor).query
        response.headers["Link"] = f'<{path_of(request)}?{query}>; rel="next"'
    return page
