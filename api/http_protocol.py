"""HTTP as uvicorn speaks it with httptools, which sets no bound to what stands before a body: here is one."""

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.errors import write_head_too_large

MOST_HEAD_BYTES = 64 * 1024
"""Longest request line and header fields together; some 1,000 names fit into a query."""
FIELD_BYTES = 32  # that each field counts besides its text, as in HTTP/2 (RFC 9113, 6.5.2)
LINGER_SECONDS = 5


class _HeadTooLarge(Exception):
    """The parser gives up when a callback raises."""


class BoundedHead(HttpToolsProtocol):
    """Refuses a request whose head, or what follows a chunked body, is too long: 431, and no more is read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0  # that the parser has told us of
        self._held_bytes = 0  # that it has taken since it last told us anything
        self._is_in_head = False
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does this for sockets that say TCP, and those that processes share do not say it. Then a
        # body, being a second packet, waits 40 ms for the client's word that it has the first.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        was_in_head = self._is_in_head
        self._held_bytes += len(data)
        super().data_received(data)
        is_unfinished = was_in_head and self._is_in_head and not self._is_refused
        if is_unfinished and self._head_bytes + self._held_bytes > MOST_HEAD_BYTES:
            self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes, self._is_in_head = 0, True
        self._held_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + FIELD_BYTES)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """What follows the last chunk are fields again, and a chunk that holds anything is no last one."""
        self._is_in_head, self._held_bytes = True, 0

    def on_body(self, body: bytes) -> None:
        self._is_in_head = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_head = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _count(self, n_bytes: int) -> None:
        self._held_bytes = 0
        self._head_bytes += n_bytes
        if self._head_bytes > MOST_HEAD_BYTES:
            raise _HeadTooLarge

    def _refuse(self) -> None:
        self.logger.warning("head of a request is too long: limit_bytes=%d", MOST_HEAD_BYTES)
        self._is_refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an answer would end up within another one
            return
        self.transport.write(write_head_too_large(MOST_HEAD_BYTES))
        # Closing on a client that still sends would cost it the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
