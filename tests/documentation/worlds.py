"""What is there when a page's first block is typed: files, experiments, students."""

from collections.abc import Sequence
from dataclasses import dataclass

BASELINE = (
    "ikt train --preset small-mean --name baseline --data classroom.csv --set training.epochs=2 "
    "--set training.batch_tokens=512"
)
CANDIDATE = BASELINE.replace("small-mean --name baseline", "small-dynamic --name candidate")
CLASSROOM = "ikt simulate classroom.csv --students 120 --skills 12"
PROMOTED = "ikt promote candidate"
STUDENT = (
    "curl -s http://127.0.0.1:8000/students/noor/interactions -H 'Content-Type: application/json' "
    """--fail-with-body -d '{"event_id": "1", "skill": "skill-01", "correct": true, """
    """"timestamp": "2025-12-07T20:10:37Z"}'"""
)


@dataclass(frozen=True, slots=True)
class World:
    """Commands that come before the page's own."""

    before: Sequence[str] = ()
    service: bool = True
    """Whether one runs at the address that pages name."""


TRAINED = (CLASSROOM, BASELINE, CANDIDATE)
SERVING = (*TRAINED, PROMOTED, STUDENT)

# By page; the README has a test of its own.
WORLDS = {
    "clients/README.md": World(service=False),
    "docs/comparisons.md": World(TRAINED),
    "docs/evaluation.md": World((CLASSROOM.replace("classroom.csv", "train_valid.csv"), *TRAINED)),
    "docs/faults.md": World(service=False),
    "docs/guides/erase-a-student.md": World(SERVING),
    "docs/guides/integrate-a-platform.md": World(SERVING),
    "docs/guides/run-a-study.md": World(),
    "docs/guides/upgrade.md": World(),
    "docs/operations.md": World(SERVING),
    "docs/references.md": World((CLASSROOM.replace("classroom.csv", "train_valid.csv"),), service=False),
    "docs/soak.md": World(service=False),
    # Hours; what each of these commands asks for is held to the plan by tests/study/test_commands.py.
    "docs/study-l23.md": World(("ikt() { :; }",), service=False),
    "docs/sweeps.md": World((CLASSROOM,)),
    "docs/tutorial.md": World(service=False),
}
