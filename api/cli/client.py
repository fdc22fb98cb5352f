"""The service as the commands see it: over HTTP, or the same application inside this process.

They ask through the generated client, so that what they ask for is what the OpenAPI document has.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self
from uuid import UUID, uuid4

import httpx
import typer

from api.cli.failures import BadInput, NoServer, Refused
from ikt_client import AuthenticatedClient
from ikt_client.api.cross_validations import get_cross_validation, list_cross_validations
from ikt_client.api.experiments import get_experiment, list_experiments
from ikt_client.api.sweeps import get_sweep, list_sweeps
from ikt_client.types import File, Response

KEY_VARIABLE = "IKT_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT = httpx.Timeout(600.0, connect=5.0)
MOST_ON_PAGE = 100

UrlOption = Annotated[str, typer.Option("--url", envvar="IKT_URL", help="Address of the service.")]
InlineFlag = Annotated[
    bool, typer.Option("--inline", help="Work in this process on the same database; no server is needed.")
]


class Connection(httpx.Client):
    """Raises NoServer and Refused where httpx says that nothing answers, or gives back what says so."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            response = super().send(request, **options)
        except httpx.TransportError as error:
            raise NoServer(str(self.base_url).rstrip("/"), str(error) or type(error).__name__) from error
        if response.is_error:
            response.read()
            raise Refused(_problem(response))
        return response


class Service:
    """One connection to the service; every refusal is raised as `Refused`."""

    def __init__(
        self, url: str, transport: httpx.BaseTransport | None = None, *, key: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        connection = Connection(
            base_url=self.url,
            timeout=TIMEOUT,
            transport=transport,
            trust_env=transport is None,
            headers=authorization(key),
        )
        # The connection carries the key, if there is one.
        client = AuthenticatedClient(base_url=self.url, token="")  # nosec B106
        self.client = client.set_httpx_client(connection)
        """What the generated functions take."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.get_httpx_client().close()

    def list_all(
        self, list_some: Callable[..., Response[Any]], *args: Any, limit: int, **params: Any
    ) -> list[dict[str, Any]]:
        """Up to `limit` rows of a listing, following its pages; parameters that are None are left out."""
        rows: list[dict[str, Any]] = []
        query = given(**params, limit=min(limit, MOST_ON_PAGE))
        while len(rows) < limit:
            page = told(list_some(*args, client=self.client, **query))
            rows += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        return rows[:limit]


def told(response: Response[Any]) -> Any:
    """The JSON of an answer, as it came: what a command prints."""
    return json.loads(response.content)


def given(**values: Any) -> dict[str, Any]:
    """Those that are not None, for the generated functions and bodies, where null is a value of its own."""
    return {name: value for name, value in values.items() if value is not None}


def once(ask: Callable[[str], Response[Any]]) -> Any:
    """Ask under an idempotency key; sent again after a lost connection, it is still one request."""
    key = str(uuid4())
    try:
        return told(ask(key))
    except NoServer:
        return told(ask(key))


@contextmanager
def opened(file: Path, *, remedy: str = "Name an existing CSV or Parquet file.") -> Iterator[File]:
    """A file to send, piece by piece. Raises BadInput."""
    if not file.is_file():
        raise BadInput(f"{file} is not a file", remedy)
    with file.open("rb") as content:
        yield File(content, file_name=file.name)


def authorization(key: str | None = None) -> dict[str, str]:
    """The header with a key, or with that in IKT_API_KEY; nothing without one. Raises BadInput."""
    key = key or os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        return {}
    if not key.isascii() or not key.isprintable():
        raise BadInput(f"{KEY_VARIABLE} holds no key", "A key begins with ikt_; `ikt key create` makes one.")
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def open_service(url: str, *, inline: bool = False) -> Iterator[Service]:
    """The service at `url`, or the application itself without any server."""
    with ExitStack() as stack:
        if not inline:
            yield stack.enter_context(Service(url))
            return
        from api.cli.in_process import application_here

        yield stack.enter_context(Service("http://in-process", stack.enter_context(application_here())))


@dataclass(frozen=True, slots=True)
class Kind:
    """Resources that people name by id, by the end of an id, or by name."""

    noun: str
    command: str
    """What lists them."""
    get_one: Callable[..., Response[Any]]
    list_some: Callable[..., Response[Any]]


EXPERIMENTS = Kind(
    "experiment", "ikt experiments", get_experiment.sync_detailed, list_experiments.sync_detailed
)
CROSS_VALIDATIONS = Kind(
    "cross-validation",
    "ikt cross-validations",
    get_cross_validation.sync_detailed,
    list_cross_validations.sync_detailed,
)
SWEEPS = Kind("sweep", "ikt sweeps", get_sweep.sync_detailed, list_sweeps.sync_detailed)


def find_experiment(service: Service, name: str) -> dict[str, Any]:
    """An experiment by id, by the end of its id, or by name (the newest of that name)."""
    return find_named(service, EXPERIMENTS, name)


def find_named(service: Service, kind: Kind, name: str) -> dict[str, Any]:
    """A row of a listing by id, by the end of its id, or by name (the newest of that name)."""
    if _is_uuid(name):
        found: dict[str, Any] = told(kind.get_one(UUID(name), client=service.client))
        return found
    for row in service.list_all(kind.list_some, limit=1000):
        if row["name"] == name or (len(name) >= 4 and row["id"].endswith(name.lower())):
            return row
    raise BadInput(f"There is no {kind.noun} {name!r}", f"`{kind.command}` lists them; use an id or a name.")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict) and "title" in body:
        return {"status": response.status_code, **body}
    return {
        "status": response.status_code,
        "title": f"HTTP {response.status_code}",
        "detail": response.text[:500],
    }
