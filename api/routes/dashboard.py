"""/ and /dashboard: the pages, and what they load. They ask the API for everything that they show."""

import importlib.util
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parents[1] / "dashboard"
CHARTS = "plotly"  # the package that ships the chart library's script
HEADERS = {
    # Charts set styles on their elements; nothing is ever loaded from elsewhere.
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
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
    return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8", headers=HEADERS)


@router.get("/dashboard/assets/plotly.min.js")
def get_charts() -> FileResponse:
    """The chart library's script, out of its Python package, which need not be imported for it."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return FileResponse(_chart_script(), media_type="text/javascript", headers=headers)


def mount_assets(app: FastAPI) -> None:
    """Styles and modules; a browser asks whether they have changed, and is told in a few bytes."""
    app.mount("/dashboard/assets", StaticFiles(directory=FOLDER / "assets"), name="dashboard-assets")


@cache
def _chart_script() -> Path:
    spec = importlib.util.find_spec(CHARTS)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{CHARTS} is not installed; install the project's requirements")
    return Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
