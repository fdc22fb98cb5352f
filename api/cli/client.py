"""The service as the commands see it: over HTTP, or the same application inside this process."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Self
from uuid import UUID, uuid4

import httpx
import typer

from api.cli.failures import BadInput, NoServer, Refused

KEY_VARIABLE = "IKT_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT = httpx.Timeout(600.0, connect=5.0)
PIECE_BYTES = 1 << 20

UrlOption = Annotated[str, typer.Option("--url", envvar="IKT_URL", help="Address of the service.")]
InlineFlag = Annotated[
    bool, typer.Option("--inline", help="Work in this process on the same database; no server is needed.")
]


class Service:
    """One connection to the service; every refusal is raised as `Refused`."""

    def __init__(
        self, url: str, transport: httpx.BaseTransport | None = None, *, key: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT,
            transport=transport,
            trust_env=transport is None,
            headers=authorization(key),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at `path`; parameters that are None are left out."""
        return self._send("GET", path, params=_given(params)).json()

    def get_text(self, path: str, *, accept: str, **params: Any) -> str:
        """The same resource in another form."""
        return self._send("GET", path, params=_given(params), headers={"Accept": accept}).text

    def list_all(self, path: str, *, limit: int, **params: Any) -> list[dict[str, Any]]:
        """Up to `limit` rows of a listing, following its pages."""
        rows: list[dict[str, Any]] = []
        address: str | None = path
        query: dict[str, Any] = _given(params | {"limit": min(limit, 100)})
        while address and len(rows) < limit:
            response = self._send("GET", address, params=query)
            rows += response.json()["items"]
            address, query = response.links.get("next", {}).get("url"), {}
        return rows[:limit]

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        response = self._send("POST", path, json=body, headers=headers)
        return response.json() if response.content else None

    def post_once(self, path: str, body: Any) -> Any:
        """The same, sent again after a lost connection, and still one of what it asks for."""
        key = {"Idempotency-Key": str(uuid4())}
        try:
            return self.post(path, body, **key)
        except NoServer:
            return self.post(path, body, **key)

    def upload(self, path: str, file: Path, **fields: str | None) -> Any:
        """Send a file as multipart form data."""
        if not file.is_file():
            raise BadInput(f"{file} is not a file", "Name an existing CSV or Parquet file.")
        with file.open("rb") as content:
            sent = {"file": (file.name, content)}
            return self._send("POST", path, files=sent, data=_given(fields)).json()

    def send_file(self, path: str, file: Path, *, media_type: str, **params: Any) -> Any:
        """Send a file as the body, piece by piece."""
        headers = {"Content-Type": media_type, "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as content:
            pieces = iter(lambda: content.read(PIECE_BYTES), b"")
            return self._send("POST", path, params=_given(params), content=pieces, headers=headers).json()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        # httpx drops the query of a complete address when it is given an empty one
        options = {name: value for name, value in options.items() if value not in (None, {})}
        try:
            response = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise NoServer(self.url, str(error) or type(error).__name__) from error
        if response.is_error:
            raise Refused(_problem(response))
        return response


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


def find_experiment(service: Service, name: str) -> dict[str, Any]:
    """An experiment by id, by the end of its id, or by name (the newest of that name)."""
    return find_named(service, "/experiments", name, kind="experiment")


def find_named(service: Service, path: str, name: str, *, kind: str) -> dict[str, Any]:
    """A row of a listing by id, by the end of its id, or by name (the newest of that name)."""
    if _is_uuid(name):
        found: dict[str, Any] = service.get(f"{path}/{name}")
        return found
    for row in service.list_all(path, limit=1000):
        if row["name"] == name or (len(name) >= 4 and row["id"].endswith(name.lower())):
            return row
    raise BadInput(
        f"There is no {kind} {name!r}", f"`ikt {path.strip('/')}` lists them; use an id or a name."
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


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
