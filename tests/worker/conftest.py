"""Fixtures of the worker's room."""

from pathlib import Path

import pytest

from db.engine import SessionFactory
from db.models import Dataset
from tests.stacks import Stack
from tests.worker.support import classroom, store_dataset


@pytest.fixture
def dataset(stack: Stack, sessions: SessionFactory, tmp_path: Path) -> Dataset:
    """A classroom that is uploaded to the stack."""
    return store_dataset(stack.database_settings(), sessions, classroom(), tmp_path)
