"""Without keys a service answers its own machine alone, and it can't be without them anywhere else."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.principal import let_in
from api.security.places import is_loopback
from api.security.start import KeysOffRefused, keys_required
from api.settings import ApiSettings

POSTGRES = "postgresql+psycopg://db/ikt"
HERE = ("127.0.0.1", 8000)
OWN = {"Host": "127.0.0.1:8000"}


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(ApiSettings(data_dir=tmp_path_factory.mktemp("keyless")))


def ask(app: FastAPI, *, method: str = "GET", path: str = "/presets", **scope: Any) -> tuple[int, str]:
    """Status and kind of problem of a request with that server, client and headers."""
    headers = [(name.lower().encode(), value.encode()) for name, value in scope.pop("headers", OWN).items()]
    request = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "server": HERE,
        "client": HERE,
        **scope,
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(request, receive, send))
    body = httpx.Response(200, content=b"".join(part.get("body", b"") for part in sent)).text
    return sent[0]["status"], body


class TestRequired:
    @pytest.mark.parametrize(
        ("settings", "reason"),
        [
            ({"host": "0.0.0.0"}, "can reach the address 0.0.0.0"),
            ({"host": "192.168.1.4"}, "can reach the address 192.168.1.4"),
            ({"host": "::"}, "can reach the address ::"),
            ({"host": "ikt.example"}, "can reach the address ikt.example"),
            ({"database_url": POSTGRES}, "the database is postgresql"),
            ({"broker_url": "redis://127.0.0.1/0"}, "the broker is no folder"),
        ],
    )
    def test_elsewhere(self, tmp_path: Path, settings: dict[str, Any], reason: str) -> None:
        assert keys_required(ApiSettings(data_dir=tmp_path, **settings))
        with pytest.raises(KeysOffRefused, match=reason) as refused:
            create_app(ApiSettings(data_dir=tmp_path, keys="off", **settings))
        assert "ikt key create" in str(refused.value)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
    def test_not_on_this_machine_unless_asked_for(self, tmp_path: Path, host: str) -> None:
        assert not keys_required(ApiSettings(data_dir=tmp_path, host=host))
        assert not keys_required(ApiSettings(data_dir=tmp_path, host=host, keys="off"))
        assert keys_required(ApiSettings(data_dir=tmp_path, host=host, keys="on"))


class TestWarnings:
    @pytest.mark.parametrize(("keys", "warning"), [(None, "keys are off"), ("on", "keys is not known")])
    def test_there_is_one_at_the_start(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, keys: Any, warning: str
    ) -> None:
        app = create_app(ApiSettings(data_dir=tmp_path, keys=keys))

        async def start() -> None:
            async with app.router.lifespan_context(app):
                pass

        with caplog.at_level(logging.WARNING, "api.security.start"):
            asyncio.run(start())
        said = [record.message for record in caplog.records if record.name == "api.security.start"]
        assert [warning in one or "whether there are keys" in one for one in said] == [True]


class TestLoopback:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "LOCALHOST.", "app.localhost", "[::1]", "::1", "::ffff:127.0.0.1"]
    )
    def test_names_of_this_machine(self, host: str) -> None:
        assert is_loopback(host)

    @pytest.mark.parametrize(
        "host", ["", "0.0.0.0", "127.0.0.1.example", "localhost.example", "10.0.0.1", "::ffff:10.0.0.1"]
    )
    def test_names_of_others(self, host: str) -> None:
        assert not is_loopback(host)


class TestWithoutKeys:
    def test_this_machine_is_answered(self, keyless: FastAPI) -> None:
        for name in ("localhost", "localhost:8000", "127.0.0.1", "[::1]:8000", "[::1]"):
            assert ask(keyless, headers={"Host": name})[0] == 200, name

    @pytest.mark.parametrize(
        "scope",
        [
            {"server": ("192.168.1.4", 8000)},
            {"server": None},
            {"server": ("/run/ikt.sock", None)},
            {"client": ("192.168.1.9", 4000)},
            {"headers": {"Host": "evil.example"}},
            {"headers": {"Host": "127.0.0.1.evil.example:8000"}},
            {"headers": {}},
        ],
    )
    def test_nobody_else_is(self, keyless: FastAPI, scope: dict[str, Any]) -> None:
        for path in ("/presets", "/", "/students/ana/mastery", "/openapi.json"):
            status, body = ask(keyless, path=path, **scope)
            assert (status, "keys-needed" in body, "IKT_KEYS=on" in body) == (403, True, True)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:9999"},
        ],
    )
    def test_foreign_pages_write_nothing(self, keyless: FastAPI, headers: dict[str, str]) -> None:
        for method in ("POST", "PUT", "DELETE"):
            status, body = ask(keyless, method=method, path="/experiments", headers=OWN | headers)
            assert (status, "foreign-page" in body) == (403, True)

    @pytest.mark.parametrize(
        "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1:8000"}]
    )
    def test_own_pages_and_programs_do(self, keyless: FastAPI, headers: dict[str, str]) -> None:
        assert ask(keyless, method="POST", path="/presets", headers=OWN | headers)[0] == 405


def test_who_calls_within_the_process_needs_no_key(tmp_path: Path) -> None:
    app = create_app(ApiSettings(data_dir=tmp_path, keys="on"))

    async def call(transport: httpx.ASGITransport) -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://ikt") as client:
            return (await client.get("/presets")).status_code

    assert asyncio.run(call(httpx.ASGITransport(let_in(app)))) == 200
    assert asyncio.run(call(httpx.ASGITransport(app))) in (401, 503)
