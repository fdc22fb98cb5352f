"""`ikt up`, `ikt api`, `ikt worker`: the running service."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api.cli.console import JsonFlag, stdout, write_json
from api.cli.failures import BadInput
from api.cli.processes import Running, require_free, run_service
from api.cli.settings import require_settings

if TYPE_CHECKING:
    from api.settings import ApiSettings

WATCH_SECONDS = 0.5
SERVER: dict[str, Any] = {
    "timeout_graceful_shutdown": 5,
    "loop": "asyncio",
    "http": "api.http_protocol:BoundedHead",
    "ws": "none",
    "server_header": False,
}
"""How uvicorn runs the API, besides where and whether requests are logged."""

KEYS_ON = "needed: `ikt key create` makes one, `ikt key list` shows them"
KEYS_OFF = "[yellow]off[/], for this machine alone; IKT_KEYS=on asks for them"

ACCESS_LOG = (
    "Log every request; it costs time. The lines hold callers' addresses and whole paths with queries, so "
    "also ids of students."
)

Host = Annotated[str, typer.Option(envvar="IKT_HOST", help="Address to listen on.")]
Port = Annotated[int, typer.Option(envvar="IKT_PORT", min=1, max=65_535, help="Port to listen on.")]
CONCURRENCY = (
    "Jobs at once; default: one per core, for queue gpu alone at most IKT_JOBS_PER_GPU for each GPU."
)
Concurrency = Annotated[int | None, typer.Option(min=1, envvar="IKT_CONCURRENCY", help=CONCURRENCY)]


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(api)
    app.command()(worker)


def up(
    *, host: Host = "127.0.0.1", port: Port = 8000, concurrency: Concurrency = None, as_json: JsonFlag = False
) -> None:
    """Run the API and one worker until Ctrl-C; both log under the data folder."""
    from api.settings import ApiSettings
    from db.engine import upgrade
    from db.settings import DatabaseSettings

    require_settings()
    settings = DatabaseSettings()
    needs_keys = _require_keys_or_this_machine(ApiSettings(host=host))
    require_free(host, port)
    upgrade(settings)
    with (
        interruptible(),
        run_service(data_dir=settings.data_dir, host=host, port=port, concurrency=concurrency) as running,
    ):
        _announce(running, needs_keys=needs_keys, as_json=as_json)
        try:
            while True:
                running.check()
                time.sleep(WATCH_SECONDS)
        except KeyboardInterrupt:
            if not as_json:
                stdout().print("\nstopping …")


def _require_keys_or_this_machine(settings: "ApiSettings") -> bool:
    """Whether requests need a key there. Raises BadInput where they do, and keys were switched off."""
    from api.security.start import KeysOffRefused, keys_required

    try:
        return keys_required(settings)
    except KeysOffRefused as refused:
        raise BadInput("Keys can't be off here", str(refused)) from refused


def _announce(running: Running, *, needs_keys: bool, as_json: bool) -> None:
    if as_json:
        logs = {child.name.lower(): str(child.log) for child in (running.api, running.worker)}
        write_json({"url": running.url, "docs": f"{running.url}/docs", "logs": logs})
        return
    console = stdout()
    console.print(f"[bold]ikt[/] is up at [bold]{running.url}[/]")
    console.print(f"  pages    {running.url}/")
    console.print(f"  API      {running.url}/docs")
    console.print(f"  logs     {escape(str(running.api.log.parent))}")
    console.print(f"  keys     {KEYS_ON if needs_keys else KEYS_OFF}")
    console.print("  [dim]Ctrl-C stops API and worker; what was begun goes on at the next start[/]")


def api(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    processes: Annotated[int, typer.Option(min=1, help="API processes on this port.")] = 1,
    access_log: Annotated[bool, typer.Option("--access-log/--no-access-log", help=ACCESS_LOG)] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run the API alone. The database must have been brought up to date (`ikt db upgrade`)."""
    import uvicorn

    from api.settings import ApiSettings

    settings = ApiSettings(host=host)
    _require_keys_or_this_machine(settings)
    os.environ["IKT_HOST"] = host
    # A process for nothing else may tell the garbage collector to leave alone what it keeps for ever.
    os.environ.setdefault("IKT_FREEZE_HEAP", "1")
    if as_json:
        write_json({"url": f"http://{host}:{port}", "processes": processes})
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        access_log=access_log,
        forwarded_allow_ips=settings.trusted_proxies,
        **SERVER,
    )


def worker(
    *,
    queues: Annotated[str, typer.Option(help="Queues to serve: cpu, gpu, bulk.")] = "cpu,gpu,bulk",
    concurrency: Concurrency = None,
    as_json: JsonFlag = False,
) -> None:
    """Run one worker alone."""
    chosen = [name.strip() for name in queues.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in ("cpu", "gpu", "bulk")]:
        raise typer.BadParameter(f"{', '.join(unknown)}: there are only cpu, gpu and bulk")
    variables = {"IKT_QUEUES": json.dumps(chosen)}
    if concurrency is not None:
        variables["IKT_CONCURRENCY"] = str(concurrency)
    if as_json:
        write_json({"queues": chosen, "concurrency": concurrency})
    sys.stdout.flush()
    command = [sys.executable, "-m", "worker"]
    os.execve(sys.executable, command, {**os.environ, **variables})  # a command of our own # nosec B606


@contextmanager
def interruptible() -> Iterator[None]:
    """Being told to end (SIGTERM) is the same as Ctrl-C: children are stopped on the way out.

    Ctrl-C itself is asked for as well, because shells start background commands with it ignored.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGINT)
    previous = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, previous, strict=True):
            signal.signal(number, handler)
