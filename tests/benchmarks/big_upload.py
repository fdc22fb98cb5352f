"""Does a gigabyte of anything stay out of the API's memory? `python -m tests.benchmarks.big_upload`

A process of its own serves on SQLite. It is sent random bytes in every way that a dataset can be sent, has to
refuse each of them, and may grow by so much while it does.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from api.cli.processes import free_port
from tests.stacks import migrated_sqlite

MEBIBYTE = 2**20
MOST_GROWTH_MIB = 100
GIGABYTE_MIB = 1024
START_SECONDS = 60
SAMPLE_SECONDS = 0.02
CSV_HEADER = b"student_id,skill,correct\n"
FORM_HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
FORM_TAIL = b"\r\n--x--\r\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one upload did to the service."""

    name: str
    status: int
    problem: str
    seconds: float
    growth_mib: float
    files_left: int


@dataclass(frozen=True, slots=True)
class Api:
    """A running API, and the process that it is."""

    url: str
    process: psutil.Process
    folder: Path

    def uploads(self) -> list[Path]:
        return list(self.folder.rglob("upload-*"))


@contextmanager
def run_api(folder: Path) -> Iterator[Api]:
    """`ikt api` on a database of its own, warmed up by one good dataset."""
    migrated_sqlite(folder / "ikt.db").dispose()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("IKT_")}
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "api", "--port", str(port)],
            env=ours | {"IKT_DATA_DIR": str(folder), "IKT_DATABASE_URL": f"sqlite:///{folder}/ikt.db"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        api = Api(f"http://127.0.0.1:{port}", psutil.Process(process.pid), folder)
        _wait(api)
        for number in range(3):  # readers keep what they allocate first
            rows = "".join(f"s{row},a{number},{row % 2}\n" for row in range(2000)).encode()
            _post(api, "text/csv", iter([CSV_HEADER, rows]))
        yield api
    finally:
        process.terminate()
        process.wait()


def measure_all(api: Api, n_mib: int) -> list[Measured]:
    """Every way to send `n_mib` MiB of random bytes."""
    form = "multipart/form-data; boundary=x"
    ways: list[tuple[str, str, bytes, bytes]] = [
        ("bytes", "application/octet-stream", b"", b""),
        ("bytes after a header", "text/csv", CSV_HEADER, b""),
        ("bytes after a magic number", "application/vnd.apache.parquet", b"PAR1", b"PAR1"),
        ("bytes in a form", form, FORM_HEAD + CSV_HEADER, FORM_TAIL),
    ]
    return [_measure(api, name, kind, n_mib, head, tail) for name, kind, head, tail in ways]


def _measure(api: Api, name: str, content_type: str, n_mib: int, head: bytes, tail: bytes) -> Measured:
    def body() -> Iterator[bytes]:
        yield head
        for _ in range(n_mib):
            yield os.urandom(MEBIBYTE)
        yield tail

    before = api.process.memory_info().rss
    peak, answered = before, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not answered.wait(SAMPLE_SECONDS):
            peak = max(peak, api.process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        answer = _post(api, content_type, body())
    finally:
        seconds = time.monotonic() - began
        answered.set()
        watcher.join()
    problem = answer.json().get("type", "")
    growth = (peak - before) / MEBIBYTE
    return Measured(name, answer.status_code, problem, seconds, growth, len(api.uploads()))


def _post(api: Api, content_type: str, body: Iterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": content_type}
    return httpx.post(f"{api.url}/datasets", content=body, headers=headers, timeout=600, trust_env=False)


def _wait(api: Api) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and api.process.status() != psutil.STATUS_ZOMBIE:
        try:
            if httpx.get(f"{api.url}/livez", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"the API did not start: {(api.folder / 'log').read_text()[-500:]}")


def main() -> int:
    """The table; 1 when something was not refused, was left behind, or took too much memory."""
    with tempfile.TemporaryDirectory() as folder, run_api(Path(folder)) as api:
        found = measure_all(api, GIGABYTE_MIB)
    table = Table("1 GiB of random …", "status", "seconds", "growth, MiB", "problem")
    for one in found:
        table.add_row(one.name, str(one.status), f"{one.seconds:.1f}", f"{one.growth_mib:.1f}", one.problem)
    console = Console()
    console.print(table)
    wrong = [one for one in found if is_wrong(one, MOST_GROWTH_MIB)]
    for one in wrong:
        console.print(
            f"{one.name}: not as it should be (at most {MOST_GROWTH_MIB} MiB, refused, nothing left)"
        )
    return 1 if wrong else 0


def is_wrong(measured: Measured, most_growth_mib: float) -> bool:
    """Whether it was taken, left something behind, or came into memory."""
    is_refused = measured.status == 422 and measured.problem == "/problems/dataset-unreadable"
    return not is_refused or measured.files_left > 0 or measured.growth_mib > most_growth_mib


if __name__ == "__main__":
    sys.exit(main())
