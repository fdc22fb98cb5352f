"""A live service with keys: an API process and a worker process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ikt_model.data.simulate import simulate_classroom, write_events_csv
from tests.running import run_system

N_SKILLS = 5


@dataclass(frozen=True)
class Live:
    """Where the service is, and responses to send it."""

    url: str
    classroom: Path
    other_classroom: Path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("clients")
    files = [folder / "classroom.csv", folder / "other.csv"]
    for seed, file in enumerate(files):
        simulated = simulate_classroom(n_students=60, n_skills=N_SKILLS, seed=seed, mean_length=20)
        write_events_csv(simulated.sequences, file)
    environment = {"IKT_KEYS": "on", "IKT_AUDIT": "on", "IKT_EVENT_POLL_SECONDS": "0.05"}
    with run_system("embedded", folder, environment=environment) as system:
        yield Live(system.apis[0].url, *files)
