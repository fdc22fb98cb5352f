"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from threading import Thread

from anyio.to_thread import run_sync
from fastapi import FastAPI

from api.audit_trail import Audited, AuditTrail
from api.body_limit import BodyLimit
from api.erasure_watch import ErasureWatch
from api.errors import register_error_handlers
from api.paths import EncodedSlashes
from api.resources import Resources
from api.routes import (
    audit,
    cohorts,
    comparisons,
    cross_validations,
    dashboard,
    datasets,
    erasures,
    experiments,
    forecasts,
    interactions,
    mastery,
    models,
    pareto,
    results,
    retention,
    sign_in,
    students,
    sweeps,
    system,
    trajectories,
)
from api.routes.hot_mastery import HotMastery
from api.routes.openapi import DESCRIPTION, TITLE, write_openapi
from api.security.middleware import Access, Door
from api.security.start import keys_required, tell_about_keys
from api.security_headers import add_security_headers, allow_origins
from api.settings import ApiSettings
from api.tracing import Traced, flush, start_tracing

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
    erasures.router,
    retention.router,
    audit.router,
    system.router,
)


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """An application with resources of its own; without settings the environment's are read.

    Raises KeysOffRefused.
    """
    settings = settings or ApiSettings()
    needs_keys = keys_required(settings)
    resources = Resources.open(settings)
    door = Door(resources.sessions, settings)
    trail = AuditTrail(resources.sessions) if is_audited(settings, needs_keys=needs_keys) else None
    watch = ErasureWatch(
        resources.sessions, resources.store, resources.forget, seconds=settings.erasure_poll_seconds
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        resources.remove_abandoned()
        loading = Thread(target=_prepare, args=(resources, needs_keys), name="prepare")
        loading.start()
        watch.start()
        if trail is not None:
            trail.start()
        yield
        loading.join()
        await door.close()
        await run_sync(watch.close)
        if trail is not None:
            await run_sync(trail.close)
        resources.close()
        await run_sync(flush)

    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=_version(),
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,  # a page of our own: FastAPI's loads its script from elsewhere
        redoc_url=None,
        # FastAPI's own tells whole addresses, which hold ids of students; ours is `api.tracing`.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.resources = resources
    app.state.door = door if needs_keys else None
    app.add_middleware(Access, door=door, is_open=not needs_keys)
    app.state.trail = trail
    if trail is not None:
        app.add_middleware(Audited, trail=trail)
    # Around the door: whoever is refused while they still send gets the answer.
    app.add_middleware(BodyLimit, limit_bytes=resources.settings.body_limit_bytes)
    if start_tracing("ikt-api"):
        app.add_middleware(Traced)
    app.add_middleware(EncodedSlashes)
    allow_origins(app, resources.settings.cors_origins)
    add_security_headers(app)
    register_error_handlers(app)
    app.router.routes.insert(0, HotMastery(resources.reader))
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(dashboard.router)
    app.include_router(sign_in.router)
    dashboard.mount_assets(app)
    app.state.api_routes = [route for router in ROUTERS for route in router.routes]
    app.openapi = lambda: write_openapi(app)  # type: ignore[method-assign]
    return app


def is_audited(settings: ApiSettings, *, needs_keys: bool) -> bool:
    """Without keys nobody could be told apart in the log."""
    return needs_keys if settings.audit is None else settings.audit == "on"


def _prepare(resources: Resources, needs_keys: bool) -> None:
    tell_about_keys(resources.sessions, needs_keys)
    resources.load_serving()


def _version() -> str:
    try:
        return version("ikt")
    except PackageNotFoundError:
        return "unknown"
