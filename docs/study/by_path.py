"""The service by its paths: the study keeps what it is told as the JSON that it came as."""

from typing import Any, Self
from uuid import uuid4

import api.cli.client as commands
from api.cli.failures import NoServer

MOST_ON_PAGE = 100


class Service:
    """One connection; every refusal is raised as `Refused`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.commands = commands.Service(url)
        """What commands ask through."""
        self._http = self.commands.client.get_httpx_client()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.commands.__exit__(*error)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at `path`."""
        return self._http.get(path, params=params).json()

    def list_all(self, path: str, *, limit: int, **params: Any) -> list[dict[str, Any]]:
        """Up to `limit` rows of a listing, following its pages."""
        rows: list[dict[str, Any]] = []
        query = params | {"limit": min(limit, MOST_ON_PAGE)}
        while len(rows) < limit:
            page = self.get(path, **query)
            rows += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        return rows[:limit]

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """What comes back."""
        return self._http.post(path, json=body, headers=headers).json()

    def post_once(self, path: str, body: Any) -> Any:
        """The same, sent again after a lost connection, and still one of what it asks for."""
        key = {"Idempotency-Key": str(uuid4())}
        try:
            return self.post(path, body, **key)
        except NoServer:
            return self.post(path, body, **key)
