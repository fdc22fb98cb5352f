"""What stands before a body has a bound, whatever the parser would take."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.http_protocol import MOST_HEAD_BYTES, BoundedHead
from api.security_headers import NOTHING
from tests.api.support import Service, run_service
from tests.stacks import Stack


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("heads")
    stack = Stack("embedded", folder, f"sqlite:///{folder}/ikt.db", "filesystem://", str(folder / "files"))
    with run_service(stack) as running:
        yield running


def exchange(running: Service, *pieces: bytes) -> bytes:
    url = running.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while not answer.endswith(b"}") and (more := connection.recv(65_536)):
            answer += more
    return answer


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"GET /livez HTTP/1.1\r\nHost: localhost\r\nA: ", *[b"x" * 60_000] * 5], id="field"),
        pytest.param([b"GET /", *[b"x" * 60_000] * 5], id="address"),
        pytest.param([b"GET /livez HTTP/1.1\r\n", b"A: b\r\n" * 20_000, b"\r\n"], id="fields"),
    ],
)
def test_one_that_is_too_long_is_refused(running: Service, pieces: list[bytes]) -> None:
    head, _, body = exchange(running, *pieces).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 431 ")
    assert NOTHING.encode() in head
    assert json.loads(body)["type"] == "/problems/head-too-large"
    assert json.loads(body)["limit"] == MOST_HEAD_BYTES


def test_fields_after_a_body_are_bounded_too(running: Service) -> None:
    head = (
        b"POST /experiments HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    )
    with pytest.raises(ConnectionError):
        exchange(running, head, *[b"A: " + b"x" * 60_000 + b"\r\n"] * 500)


def test_a_long_one_within_the_bound_passes(running: Service) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * (MOST_HEAD_BYTES - 100) + b"\r\n\r\n"
    assert exchange(running, head).startswith(b"HTTP/1.1 200 ")


def test_a_long_body_is_no_head(running: Service) -> None:
    chunks = b"1\r\n \r\n" * 60_000
    head = b"POST /experiments HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    post = head + b"Content-Type: application/json\r\n\r\n" + chunks + b"0\r\n\r\n"

    assert exchange(running, post).startswith(b"HTTP/1.1 400 ")


def test_bodies_do_not_wait_for_heads_to_be_acknowledged() -> None:
    async def accept() -> int:
        loop, made = asyncio.get_running_loop(), asyncio.Event()

        class Noted(BoundedHead):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                option = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                options.append(option)
                made.set()

        options: list[int] = []
        config = uvicorn.Config(lambda: None, log_config=None)
        config.load()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            state = ServerState()
            server = await loop.create_server(lambda: Noted(config, state, {}), sock=listener)
            with socket.create_connection(listener.getsockname()):
                await asyncio.wait_for(made.wait(), timeout=10)
            server.close()
        return options[0]

    assert asyncio.run(accept()) == 1
