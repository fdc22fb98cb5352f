"""The demo's student: one of the fold that was held out, sent response by response."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from api.cli.client import Service

MOST_RESPONSES = 120
BATCH = 100
EVERY = timedelta(minutes=1)


def replay_student(service: Service, file: Path, *, fold: int, source: str) -> str:
    """Send the responses of a held-out student with a long history; the student's id."""
    student_id, interactions = choose_student(file, fold=fold, source=source)
    address = f"/students/{quote(student_id, safe='')}/interactions"
    for start in range(0, len(interactions), BATCH):
        service.post(address, interactions[start : start + BATCH])
    return student_id


def choose_student(file: Path, *, fold: int, source: str) -> tuple[str, list[dict[str, Any]]]:
    """The held-out student whose history is longest without being cut, and their responses."""
    import numpy as np

    from ikt_model.data.readers import read_dataset

    sequences = read_dataset(file)
    lengths = np.diff(sequences.offsets)
    held_out = np.flatnonzero(sequences.folds == fold)
    chosen = int(held_out[np.argmax(np.where(lengths[held_out] <= MOST_RESPONSES, lengths[held_out], 0))])
    student_id = str(sequences.student_ids[chosen].as_py())
    steps = range(int(sequences.offsets[chosen]), int(sequences.offsets[chosen + 1]))
    vocabulary = sequences.vocabulary
    began = datetime(2025, 9, 1, 8, tzinfo=UTC)
    return student_id, [
        {
            "event_id": f"{source}-{number}",
            "skills": [
                vocabulary.names[skill] for skill in vocabulary.members(int(sequences.skill_sets[step]))
            ],
            "correct": bool(sequences.responses[step]),
            "timestamp": (began + number * EVERY).isoformat(),
        }
        for number, step in enumerate(steps)
    ]
