"""The system under soak, with a model that serves before the traffic begins."""

import multiprocessing
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from db.engine import read_scope
from ikt_model.data.simulate import simulate_classroom, write_events_csv
from tests.running import System, run_system, wait_for
from tests.soak.caller import GIVE_UP_SECONDS
from tests.soak.journal import Journal
from tests.soak.stored import is_quiet
from tests.soak.traffic import Errand, run_client
from tests.soak.training import TINY
from tests.stacks import StackName

N_SKILLS = 6
QUIET_SECONDS = 180.0
TRAINING_SECONDS = 60.0
# Short leases, so that jobs of lost workers go on within a fault's time; small caches, so that they are full
# when the warm-up is over.
ENVIRONMENT = {
    "IKT_LEASE_SECONDS": "6",
    "IKT_HEARTBEAT_SECONDS": "1",
    "IKT_JANITOR_SECONDS": "2",
    "IKT_CONCURRENCY": "1",
    "IKT_CACHED_MODELS": "2",
    "IKT_INFERENCE_CACHE_BYTES": "1000000",
    "IKT_MASTERY_CACHE_BYTES": "200000",
    "IKT_TRAJECTORY_CACHE_BYTES": "200000",
    # PyTorch's own cache of compiled matrix products, one for each shape that comes along.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how hard."""

    minutes: float
    stack: StackName
    seed: int
    n_clients: int
    fault_seconds: float
    keep: Path | None = None
    """Where journals and logs are left to be looked at."""


@contextmanager
def open_stage(plan: Plan) -> Iterator[tuple[System, Path]]:
    """Two APIs and two workers, and a folder for journals."""
    with TemporaryDirectory(prefix="ikt-soak-") as name:
        journals, running = Path(name) / "journals", Path(name) / "running"
        for folder in (journals, running):
            folder.mkdir()
        # Servers may run under a user of their own, who must get through.
        Path(name).chmod(0o755)
        with run_system(plan.stack, running, apis=2, workers=2, environment=ENVIRONMENT) as system:
            try:
                yield system, journals
            finally:
                if plan.keep is not None:
                    _keep([journals, *running.glob("*.log")], plan.keep)


def prepare(system: System, journals: Path, plan: Plan) -> Errand:
    """Train and promote a small model over HTTP; what the first client is told."""
    file = system.folder / "classroom.csv"
    classroom = simulate_classroom(n_students=60, n_skills=N_SKILLS, seed=3, mean_length=20).sequences
    write_events_csv(classroom, file)
    journal = Journal(journals / "stage.jsonl")
    with system.apis[0].client() as client:
        with file.open("rb") as content:
            dataset = _told(client.post("/datasets", files={"file": (file.name, content)}))
        journal.note("dataset", **{name: dataset[name] for name in ("id", "name", "n_responses")})
        _train(client, journal, key="first", dataset_id=dataset["id"])
        model = _told(client.get("/models"))["items"][0]
        _told(client.post(f"/models/{model['id']}/promote"))
        skills = [skill["name"] for skill in _told(client.get("/skills"))["items"]]
    journal.close()
    return Errand(
        client=0,
        seed=plan.seed,
        urls=tuple(api.url for api in system.apis),
        journals=journals,
        dataset_id=dataset["id"],
        skills=tuple(skills),
        shared=tuple(f"shared-{number}" for number in range(10)),
        n_students=60,
        until=time.time() + plan.minutes * 60,
        pause_seconds=0.08,
    )


@contextmanager
def clients(errand: Errand, *, n: int) -> Iterator[None]:
    """So many processes at work; at the end each is given the time to come to its own."""
    spawn = multiprocessing.get_context("spawn")
    running = [
        spawn.Process(target=run_client, args=(replace(errand, client=number),), daemon=True)
        for number in range(n)
    ]
    for process in running:
        process.start()
    yield
    for process in running:
        process.join(timeout=GIVE_UP_SECONDS + QUIET_SECONDS)


def wait_for_quiet(system: System) -> None:
    """Until all jobs are over, if they come to an end at all; those that do not are the accountant's."""

    def looks_quiet() -> bool:
        with read_scope(system.sessions) as session:
            return is_quiet(session)

    with suppress(TimeoutError):
        wait_for(looks_quiet, seconds=QUIET_SECONDS, what="all jobs are over")


def prove_spared_worker(system: System, errand: Errand) -> None:
    """Whether the worker that met every fault of others still works: it must train alone.

    If it does not, the experiment stays where the accountant finds it.
    """
    for worker in system.workers[1:]:
        worker.terminate()
    journal = Journal(errand.journals / "proof.jsonl")
    with system.apis[0].client() as client, suppress(TimeoutError):
        _train(client, journal, key="last", dataset_id=errand.dataset_id)
    journal.close()


def _train(client: httpx.Client, journal: Journal, *, key: str, dataset_id: str) -> None:
    body = {"preset": "small-dynamic", "config": TINY, "dataset_id": dataset_id}
    experiment = _told(client.post("/experiments", json=body, headers={"Idempotency-Key": key}))
    journal.note("experiment", key=key, id=experiment["id"])
    path = f"/experiments/{experiment['id']}"
    wait_for(
        lambda: _told(client.get(path))["status"] == "succeeded",
        seconds=TRAINING_SECONDS,
        what="a small model is trained",
    )


def _keep(paths: Iterable[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path.is_dir():
            shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
        else:
            shutil.copy(path, folder)


def _told(response: httpx.Response) -> Any:
    return response.raise_for_status().json()
