"""/, /docs and /dashboard: the pages, and what they load. They ask the API for everything that they show."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.page_policy import CHARTS, page_policy
from api.security.middleware import COOKIE
from api.security_headers import CSP

FOLDER = Path(__file__).parents[1] / "dashboard"
# "no-cache" lets a browser keep what it has, but ask first: an upgrade never meets yesterday's modules.
COMMON = {"Cache-Control": "no-cache"}
HEADERS = COMMON | {"Referrer-Policy": "same-origin"}

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/docs")
@router.get("/dashboard")
@router.get("/dashboard/experiments")
@router.get("/dashboard/experiments/{name}")
@router.get("/dashboard/comparison")
@router.get("/dashboard/sweeps")
@router.get("/dashboard/sweeps/{name}")
@router.get("/dashboard/students")
@router.get("/dashboard/students/{name}")
@router.get("/dashboard/skills")
def show_page(request: Request) -> HTMLResponse:
    """The same document for every page: its script reads the address."""
    return write_page("index.html", is_signed_in=COOKIE in request.cookies)


def write_page(name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A document of the folder; whatever is filled in is escaped."""
    return HTMLResponse(
        _pages().get_template(name).render(values), status_code=status, headers=HEADERS | {CSP: page_policy()}
    )


@cache
def _pages() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(COMMON)
        return response


def mount_assets(app: FastAPI) -> None:
    """Styles, modules and the chart library; a browser that has them is told so in a few bytes."""
    app.mount("/dashboard/assets", _Assets(directory=FOLDER / "assets"), name="dashboard")
    app.mount("/dashboard/charts", _Assets(packages=[CHARTS]), name="charts")
