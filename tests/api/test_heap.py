"""A process that only serves leaves what it loaded out of garbage collection; any other does not."""

import os
import subprocess
import sys

import pytest

from tests.stacks import Stack

# Starts and stops the application as a server does, then tells how many objects are frozen.
START = """
import asyncio, gc
from api.app import create_app

async def start():
    app = create_app()
    async with app.router.lifespan_context(app):
        pass

asyncio.run(start())
print(gc.get_freeze_count())
"""


@pytest.mark.parametrize("freeze", [False, True])
def test_only_a_serving_process_is_frozen(stack: Stack, freeze: bool) -> None:
    started = subprocess.run(
        [sys.executable, "-c", START],
        env=os.environ | stack.env() | {"IKT_FREEZE_HEAP": str(freeze)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    assert (int(started.stdout) > 10_000) is freeze
