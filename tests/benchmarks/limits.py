"""What keys cost a read, and that a key within its limit does not feel others far beyond theirs.

`make bench-limits`: one API process, the load from others; 20 seconds of it.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from api.cli.processes import free_port
from api.security.issue import issue_key
from tests import stacks
from tests.api.desk import Desk
from tests.api.support import run_service
from tests.benchmarks.serving_figures import TINY, Figure, alternate, as_json, draw, middle, ratio
from tests.benchmarks.serving_load import Heard, Plan, ask, get, read_hard
from tests.benchmarks.serving_stage import ROOT, Api
from tests.stacks import Stack

SECONDS = 2.0
EARLIER = 1.5  # the start of a process that asks is not to be measured
ROUNDS = 3
CLIENTS = 16
LIMIT = 600  # requests per minute of the two keys that ask too often
TIMES = 10
STEADY = 100.0  # requests per second of the third, within the default limit


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ikt-limits-") as folder:
        figures = [*measure_keys(Path(folder)), *measure_limits(Path(folder))]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    Console().print(draw(figures, title=f"one API process; {machine}"))
    missed = [f"{one.row}: {one.name}" for one in figures if one.met is False]
    sys.stdout.write(json.dumps({"machine": machine, "figures": as_json(figures), "missed": missed}) + "\n")
    return 1 if missed else 0


def measure_keys(folder: Path) -> list[Figure]:
    """Reads of one student's mastery, with a key and where none is needed."""
    template = folder / "template.db"
    stacks.migrated_sqlite(template).dispose()
    with stacks.embedded_stack(folder, template) as stack:
        path = _furnish(stack)
        with run_api(stack, IKT_KEYS="on") as asking, run_api(stack, IKT_KEYS="off") as open_to_all:
            with_keys, without = alternate(
                ROUNDS, lambda: _read(asking, get(path)), lambda: _read(open_to_all, get(path, key=""))
            )
    row = "GET …/mastery, with a key"
    return [
        Figure(row, "rate to that without", ratio(with_keys, without, _rate), least=0.8),
        Figure(row, "rate", middle(with_keys, _rate), "/s", beside=f"{CLIENTS} clients, SQLite"),
        Figure(row, "rate without", middle(without, _rate), "/s"),
        Figure(row, "p99", middle(with_keys, _p99), "ms"),
        Figure(row, "p99 without", middle(without, _p99), "ms"),
    ]


def measure_limits(folder: Path) -> list[Figure]:
    """A key within its limit, alone and beside two that ask ten times as often as they may."""
    home = folder / "services"
    home.mkdir()
    with stacks.run_services() as services, stacks.services_stack(home, services) as stack:
        path = _furnish(stack)
        noisy = _issue_noisy(stack)
        with run_api(stack) as api, ThreadPoolExecutor(len(noisy)) as others:
            steady = Plan(port=api.port, requests=[get(path)], clients=CLIENTS, seconds=SECONDS, rate=STEADY)
            heard: list[Heard] = []

            def beside() -> Heard:
                asking = [others.submit(ask, _plan_noisy(api, path, key)) for key in noisy]
                time.sleep(EARLIER)
                found = ask(steady)
                heard.extend(future.result() for future in asking)
                return found

            in_company, alone = alternate(ROUNDS, beside, lambda: ask(steady))
    row = f"a key within its limit, beside two at {TIMES} times theirs"
    refused = sum(one.refused for one in heard)
    return [
        Figure(row, "p99 to that alone", ratio(in_company, alone, _p99), most=2.0),
        Figure(row, "refused", sum(one.refused for one in in_company), most=0),
        Figure(row, "p99", middle(in_company, _p99), "ms", beside=f"{STEADY:g} reads/s"),
        Figure(row, "p99 alone", middle(alone, _p99), "ms"),
        Figure(row, "of the others: refused", refused / max(TINY, sum(one.requests for one in heard))),
        Figure(row, "of the others: asked", sum(one.requests for one in heard), beside=f"{LIMIT}/min each"),
    ]


@contextmanager
def run_api(stack: Stack, **variables: str) -> Iterator[Api]:
    """`ikt api` on a stack, ready."""
    port = free_port()
    log = stack.data_dir / f"{port}.log"
    command = [sys.executable, "-m", "api.cli", "api", "--port", str(port)]
    with log.open("wb") as output:
        environment = os.environ | stack.env() | variables
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        api = Api(port, process, log)
        api.wait_for("/readyz")
        yield api
    finally:
        process.terminate()
        process.wait()


def _furnish(stack: Stack) -> str:
    """The path of a student's mastery, as a model that serves tells it."""
    with run_service(stack) as service:
        desk = Desk(service)
        desk.serve()
        return f"/students/{quote(desk.add_student())}/mastery"


def _issue_noisy(stack: Stack) -> list[str]:
    with run_service(stack) as service:
        issued = [
            issue_key(
                service.sessions, tenant="default", name=name, scopes=["read"], requests_per_minute=LIMIT
            )
            for name in ("noisy", "noisier")
        ]
    return [one.token.text for one in issued]


def _plan_noisy(api: Api, path: str, key: str) -> Plan:
    rate = TIMES * LIMIT / 60
    return Plan(
        port=api.port,
        requests=[get(path, key=key)],
        clients=CLIENTS,
        seconds=SECONDS + 2 * EARLIER,
        rate=rate,
    )


def _read(api: Api, request: bytes) -> Heard:
    return read_hard(Plan(port=api.port, requests=[request], clients=CLIENTS, seconds=SECONDS))


def _rate(heard: Heard) -> float:
    return heard.rate


def _p99(heard: Heard) -> float:
    return heard.p99_ms


if __name__ == "__main__":
    sys.exit(main())
