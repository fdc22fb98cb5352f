"""A real API process and a real worker process on each stack."""

from collections.abc import Iterator

import httpx
import pytest

from api.cli.processes import Running, free_port, run_service
from tests.keys import HEADERS, TEXT
from tests.stacks import Stack


@pytest.fixture
def running(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Both processes, started as `ikt up` starts them."""
    for name, value in {**stack.env(), "IKT_API_KEY": TEXT}.items():
        monkeypatch.setenv(name, value)
    with run_service(data_dir=stack.data_dir, host="127.0.0.1", port=free_port(), concurrency=2) as running:
        yield running


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    """A caller that knows nothing but the address."""
    with httpx.Client(base_url=running.url, headers=HEADERS, trust_env=False, timeout=60) as client:
        yield client
