"""/sign-in and /sign-out: how a browser comes by the cookie that shows its key."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.body_limit import raise_limit
from api.routes.dashboard import write_page
from api.security.middleware import COOKIE, Door
from api.security.places import came_encrypted, is_for_this_machine, require_own_page
from api.services.refusals import AccessRefused, TooManyRequests

router = APIRouter(include_in_schema=False)

LONGEST_FORM = 4096
HOME = "/"
PLAIN = (
    "This page came over plain http, where keys can be read on their way and browsers don't keep them. Open "
    "it at an https:// address, of a proxy that speaks TLS, or on the service's own machine at http://127.0.0.1."
)
PLAIN_SENT = f"Nobody was signed in. {PLAIN} The key that was sent may have been read: `ikt key rotate` it."
Next = Annotated[str, Query(max_length=1000)]


@router.get("/sign-in")
def show_sign_in(request: Request, next: Next = HOME) -> Response:
    """The form; without keys there is nothing to sign in to."""
    if not request.app.state.door:
        return _go(HOME)
    return _page(next) if _keeps_cookies(request) else _page(next, PLAIN)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Raises ForeignPage, OperationalError, PoolExhausted."""
    require_own_page(request.scope)
    raise_limit(request.scope, LONGEST_FORM)
    door: Door | None = request.app.state.door
    async with request.form(max_fields=4) as form:
        key, onward = (str(form.get(name, "")).strip() for name in ("key", "next"))
    if door is None:
        return _go(HOME)
    if not _keeps_cookies(request):
        return _page(onward, PLAIN_SENT, status=403)
    try:
        await door.find(key, request.scope, to_read=False)
    except TooManyRequests as error:
        return _page(onward, str(error), status=429)
    except AccessRefused as error:
        return _page(onward, str(error), status=401)
    response = _go(onward)
    is_secure = came_encrypted(request.scope) or not is_for_this_machine(request.headers)
    response.set_cookie(COOKIE, key, httponly=True, samesite="strict", secure=is_secure)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Raises ForeignPage."""
    require_own_page(request.scope)
    response = _go("/sign-in")
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _keeps_cookies(request: Request) -> bool:
    """Whether the browser would keep the cookie: a Secure one comes over https alone."""
    return came_encrypted(request.scope) or is_for_this_machine(request.headers)


def _page(onward: str, notice: str = "", *, status: int = 200) -> Response:
    return write_page("sign-in.html", status=status, next=_within(onward), notice=notice)


def _go(address: str) -> RedirectResponse:
    return RedirectResponse(_within(address), status_code=303)


def _within(address: str) -> str:
    """A path of this service; anything else leads home, never to another site."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() else HOME
