"""Where the next page is (RFC 8288)."""

from typing import Protocol, TypeVar

from fastapi import Request, Response


class HasNextCursor(Protocol):
    """A page."""

    next_cursor: str | None


AnyPage = TypeVar("AnyPage", bound=HasNextCursor)


def link_next(request: Request, response: Response, page: AnyPage) -> AnyPage:
    """Add the Link header that leads on, and give the page back."""
    if page.next_cursor is not None:
        url = request.url.include_query_params(cursor=page.next_cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return page
