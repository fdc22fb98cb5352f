"""The demo's student: one of the fold that was held out, sent response by response."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.cli.client import Service
from ikt_client.api.students import record_interactions
from ikt_client.models import InteractionCreate

MOST_RESPONSES = 120
BATCH = 100
MOST_SKILLS_OF_ITEM = 20  # that the service takes in one response
EVERY = timedelta(minutes=1)
NO_SEGMENTS = (".", "..")  # clients take them for steps within a path


def send_student(service: Service, student_id: str, interactions: list[dict[str, Any]]) -> None:
    """Send a student's responses, as many at once as the service takes."""
    responses = [InteractionCreate.from_dict(interaction) for interaction in interactions]
    for start in range(0, len(responses), BATCH):
        record_interactions.sync_detailed(
            student_id, client=service.client, body=responses[start : start + BATCH]
        )


def choose_student(file: Path, *, fold: int, source: str) -> tuple[str, list[dict[str, Any]]]:
    """The held-out student whose history is longest without being cut, and their responses."""
    import numpy as np

    from ikt_model.data.readers import read_dataset

    sequences = read_dataset(file)
    lengths = np.diff(sequences.offsets)
    suitable = lengths <= MOST_RESPONSES
    too_many = sequences.vocabulary.set_sizes[sequences.skill_sets] > MOST_SKILLS_OF_ITEM
    suitable[sequences.student_of_step()[too_many]] = False
    suitable &= ~np.isin(sequences.student_ids.to_pylist(), NO_SEGMENTS)
    held_out = np.flatnonzero(sequences.folds == fold)
    chosen = int(held_out[np.argmax(np.where(suitable, lengths, 0)[held_out])])
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
