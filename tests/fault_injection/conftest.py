"""Systems to break: real servers, API and worker processes, on both stacks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fault_injection.jobs import QUICK
from tests.running import System, run_system
from tests.stacks import STACK_NAMES, StackName

BuildSystem = Callable[..., System]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[BuildSystem]:
    """A function that starts a system of any make, whose workers notice losses soon."""
    with ExitStack() as leaving:

        def start(name: StackName, *, apis: int = 0, workers: int = 0, **environment: str) -> System:
            return leaving.enter_context(
                run_system(name, tmp_path, apis=apis, workers=workers, environment=QUICK | environment)
            )

        yield start


@pytest.fixture(params=STACK_NAMES)
def stack_name(request: pytest.FixtureRequest) -> StackName:
    """Both stacks, one after the other."""
    name: StackName = request.param
    return name
