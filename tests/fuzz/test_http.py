"""Every operation of the document, EXAMPLES times each besides what the coverage phase tries."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.http import try_document
from tests.fuzz.stage import set_stage
from tests.stacks import Stack

EXAMPLES = int(os.environ.get("EXAMPLES", "200"))
SEED = os.environ.get("SEED")
N_OPERATIONS = 56
Note = Callable[[str, object], None]


@pytest.mark.timeout(6 * 3600)
def test_document_and_service_agree(stack: Stack, tmp_path: Path, record_property: Note) -> None:
    with set_stage(stack) as stage:
        tried = try_document(stage, tmp_path, examples=EXAMPLES, seed=int(SEED) if SEED else None)
    record_property("fuzzing", f"{stack.name}: {tried.figures()}")
    assert tried.status == 0, tried.output
    assert tried.operations >= N_OPERATIONS
    assert tried.unreached == []
    assert set(tried.examples) == {"examples", "coverage", "fuzzing", "stateful"}
    assert tried.checks > 10 * sum(tried.examples.values())
