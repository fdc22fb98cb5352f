"""/, /docs and /dashboard: the pages, and what they load. They ask the API for everything that they show."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.page_policy import CHARTS, page_policy
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
def show_page() -> FileResponse:
    """The same document for every page: its script reads the address."""
    headers = HEADERS | {CSP: page_policy()}
    return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8", headers=headers)


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(COMMON)
        return response


def mount_assets(app: FastAPI) -> None:
    """Styles, modules and the chart library; a browser that has them is told so in a few bytes."""
    app.mount("/dashboard/assets", _Assets(directory=FOLDER / "assets"), name="dashboard")
    app.mount("/dashboard/charts", _Assets(packages=[CHARTS]), name="charts")
