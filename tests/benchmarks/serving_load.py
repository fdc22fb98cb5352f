"""A process that asks: `python -m tests.benchmarks.serving_load < plan.json` prints what it saw as JSON.

Requests are written before the clock starts, connections stay open, answers are parsed as far as needed, so
that the asking side costs little of the two cores. Each connection has one request in flight. With a rate,
requests are due at fixed times whether or not the last ones came back, and time is counted from then on.
Where wrk is installed, plain reading at full speed is left to it (`read_hard`).
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.keys import TEXT

NUMBER = b"@@@@@@@@@@@@"
"""What stands in a request for its number, which is never used twice."""
ROOT = Path(__file__).parents[2]
WRK_SCRIPT = Path(__file__).with_name("serving.lua")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back in one stretch of asking."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int  # answers that were neither 2xx nor 304, and requests without any
    complaint: str = ""  # the first such answer

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one process asks: whose requests, in turn, over so many connections, for so long."""

    port: int
    requests: Sequence[bytes]
    clients: int
    seconds: float
    rate: float | None = None  # requests per second; None: the next as soon as one is answered
    first: int = 0  # number of the first request


def get(path: str, *, etag: str | None = None, key: str = TEXT) -> bytes:
    """A whole GET request."""
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{_show(key)}{condition}\r\n".encode()


def post(path: str, body: Any) -> bytes:
    """A whole POST request with a JSON body; NUMBER in it is replaced when it is sent."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{_show(TEXT)}Content-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(content) + content


def _show(key: str) -> str:
    return f"Authorization: Bearer {key}\r\n" if key else ""


def ask(plan: Plan) -> Heard:
    """Carry a plan out in a process of its own."""
    values = asdict(plan) | {"requests": [request.decode("latin-1") for request in plan.requests]}
    command = [sys.executable, "-m", "tests.benchmarks.serving_load"]
    ended = subprocess.run(
        command, input=json.dumps(values), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"the load failed:\n{ended.stderr}")
    return Heard(**json.loads(ended.stdout))


def read_hard(plan: Plan) -> Heard:
    """The same as fast as it goes, by wrk where there is one, which counts whole seconds."""
    wrk = shutil.which("wrk")
    if wrk is None or plan.seconds < 1:
        return ask(plan)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(request + b"\0" for request in plan.requests))
        file.flush()
        command = [wrk, "-t1", f"-c{plan.clients}", f"-d{round(plan.seconds)}s"]
        ended = subprocess.run(
            [*command, "-s", str(WRK_SCRIPT), f"http://127.0.0.1:{plan.port}"],
            env=os.environ | {"REQUESTS": file.name},
            capture_output=True,
            text=True,
            check=True,
        )
    return Heard(**json.loads(ended.stdout.splitlines()[-1]))


@dataclass(slots=True)
class _Asking:
    """What all connections share."""

    plan: Plan
    loop: asyncio.AbstractEventLoop
    until: float
    idle: "deque[_Connection]" = field(default_factory=deque)
    late: deque[float] = field(default_factory=deque)  # when requests were due that found nobody idle
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    complaint: str = ""
    n_sent: int = 0

    def next_request(self) -> bytes:
        number = self.plan.first + self.n_sent
        self.n_sent += 1
        request = self.plan.requests[number % len(self.plan.requests)]
        return request.replace(NUMBER, b"%012d" % number) if NUMBER in request else request


class _Connection(asyncio.Protocol):
    """One request in flight at a time."""

    def __init__(self, asking: _Asking) -> None:
        self._asking = asking
        self._buffer = bytearray()
        self._missing = 0
        self._due = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, due: float) -> None:
        self._due = due
        self._buffer.clear()
        self._missing = 0
        self._transport.write(self._asking.next_request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._missing:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._missing = end + 4 + _content_length(bytes(self._buffer[:end]).lower())
        if len(self._buffer) >= self._missing:
            self._answered()

    def _answered(self) -> None:
        asking, now = self._asking, time.perf_counter()
        status = int(self._buffer[9:12])
        asking.statuses[status] += 1
        if status >= 400 and not asking.complaint:
            asking.complaint = self._buffer.decode("utf-8", "replace")
        asking.seconds.append(now - self._due)
        if now >= asking.until:
            return
        if asking.plan.rate is None:
            self.send(now)
        elif asking.late:
            self.send(asking.late.popleft())
        else:
            asking.idle.append(self)


def _content_length(head: bytes) -> int:
    if head.startswith(b"http/1.1 304"):
        return 0
    _, _, rest = head.partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


async def _carry_out(plan: Plan) -> Heard:
    loop = asyncio.get_running_loop()
    asking = _Asking(plan, loop, until=0.0)
    pairs = [
        await loop.create_connection(lambda: _Connection(asking), "127.0.0.1", plan.port)
        for _ in range(plan.clients)
    ]
    started = time.perf_counter()
    asking.until = started + plan.seconds
    if plan.rate is None:
        for _, connection in pairs:
            connection.send(started)
        await asyncio.sleep(plan.seconds)
    else:
        asking.idle.extend(connection for _, connection in pairs)
        await _send_on_time(asking, started, plan.rate)
    elapsed = time.perf_counter() - started
    n_in_time = len(asking.seconds)
    await _last_answers(asking)
    for transport, _ in pairs:
        transport.close()
    # Those that were due and never sent have waited as long as this.
    asking.seconds.extend(asking.until - due for due in asking.late)
    p50, p99 = np.quantile(asking.seconds, [0.5, 0.99]) * 1000 if asking.seconds else (0.0, 0.0)
    answered = sum(n for status, n in asking.statuses.items() if status < 300 or status == 304)
    unanswered = asking.n_sent - answered
    return Heard(n_in_time, elapsed, float(p50), float(p99), unanswered, asking.complaint)


async def _send_on_time(asking: _Asking, started: float, rate: float) -> None:
    due = started
    while due < asking.until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if asking.idle:
            asking.idle.popleft().send(due)
        else:
            asking.late.append(due)
        due += 1 / rate


async def _last_answers(asking: _Asking) -> None:
    deadline = time.perf_counter() + 10
    while len(asking.seconds) < asking.n_sent and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)


def main() -> None:
    values = json.load(sys.stdin)
    plan = Plan(**values | {"requests": [request.encode("latin-1") for request in values["requests"]]})
    heard = asyncio.run(_carry_out(plan))
    sys.stdout.write(json.dumps(asdict(heard)) + "\n")


if __name__ == "__main__":
    main()
