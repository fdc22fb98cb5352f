"""Fixtures of the API's room."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests import stacks
from tests.api.support import Service, run_service
from tests.api.training import Trained, train_two
from tests.stacks import STACK_NAMES, Stack


@pytest.fixture(scope="module", params=STACK_NAMES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service for all tests of a file: each adds what is its own, and counts what changed."""
    with open_stack(request, tmp_path_factory.mktemp("service")) as stack, run_service(stack) as running:
        yield running


@pytest.fixture
def fresh_service(stack: Stack) -> Iterator[Service]:
    """A running service with nothing in it."""
    with run_service(stack) as running:
        yield running


@pytest.fixture(scope="session", params=STACK_NAMES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A running service with two experiments that were really trained, the second one's model serving."""
    with open_stack(request, tmp_path_factory.mktemp("trained")) as stack, run_service(stack) as running:
        yield train_two(running)


def open_stack(request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[Stack]:
    """The stack that a parameter names."""
    if request.param == "embedded":
        return stacks.embedded_stack(folder, request.getfixturevalue("sqlite_template"))
    return stacks.services_stack(folder, request.getfixturevalue("services"))
