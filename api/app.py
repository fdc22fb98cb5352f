"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from threading import Thread

from fastapi import FastAPI

from api.body_limit import BodyLimit
from api.errors import register_error_handlers
from api.paths import EncodedSlashes
from api.resources import Resources
from api.routes import (
    cohorts,
    comparisons,
    cross_validations,
    dashboard,
    datasets,
    experiments,
    forecasts,
    interactions,
    mastery,
    models,
    pareto,
    results,
    students,
    sweeps,
    system,
    trajectories,
)
from api.routes.hot_mastery import HotMastery
from api.routes.openapi import DESCRIPTION, TITLE, write_openapi
from api.security_headers import add_security_headers, allow_origins
from api.settings import ApiSettings

# Routes are tried in this order: those that are asked most often come first.
ROUTERS = (
    interactions.router,
    datasets.router,
    experiments.router,
    results.router,
    cross_validations.router,
    sweeps.router,
    pareto.router,
    comparisons.router,
    models.router,
    students.router,
    mastery.router,
    trajectories.router,
    forecasts.router,
    cohorts.router,
    system.router,
)


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """An application with resources of its own; without settings the environment's are read."""
    resources = Resources.open(settings or ApiSettings())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        resources.remove_abandoned()
        loading = Thread(target=resources.load_serving, name="load-serving")
        loading.start()
        yield
        loading.join()
        resources.close()

    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=_version(),
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,  # a page of our own: FastAPI's loads its script from elsewhere
        redoc_url=None,
    )
    app.state.resources = resources
    app.add_middleware(BodyLimit, limit_bytes=resources.settings.body_limit_bytes)
    app.add_middleware(EncodedSlashes)
    allow_origins(app, resources.settings.cors_origins)
    add_security_headers(app)
    register_error_handlers(app)
    app.router.routes.insert(0, HotMastery(resources.reader))
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(dashboard.router)
    dashboard.mount_assets(app)
    app.state.api_routes = [route for router in ROUTERS for route in router.routes]
    app.openapi = lambda: write_openapi(app)  # type: ignore[method-assign]
    return app


def _version() -> str:
    try:
        return version("ikt")
    except PackageNotFoundError:
        return "unknown"
