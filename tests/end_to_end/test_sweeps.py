"""A sweep through HTTP and a real worker: messages come twice, a job is killed, a bad trial is pruned."""

from pathlib import Path
from typing import Any
from uuid import UUID

from db.engine import session_scope
from db.repositories import experiments
from tests.api.support import Service, run_service
from tests.api.training import TINY, classroom_csv
from tests.stacks import Stack
from tests.worker.support import (
    WorkerProcess,
    running_worker,
    settings_of,
    wait_for_epoch,
    wait_until,
)
from worker.enqueue import enqueue_sweep, enqueue_training

# The last one learns nothing: after its first epoch it is worse than all others were.
RATES = [0.03, 0.02, 0.01, 1e-6]
EPOCHS = 8


def test_every_trial_is_run_once_whatever_is_lost_or_doubled(stack: Stack, tmp_path: Path) -> None:
    with run_service(stack) as service:
        sweep = submit(service)
        enqueue_sweep(UUID(sweep["id"]), settings=settings_of(stack))
        with running_worker(stack, tmp_path) as worker:
            killed = kill_second_trial(service, sweep, worker)
            enqueue_sweep(UUID(sweep["id"]), settings=settings_of(stack))
            wait_until(lambda: read(service, sweep)["status"] != "running")
            logged = worker.logged()
        found = read(service, sweep)

        assert (found["status"], found["counts"]) == ("succeeded", {"succeeded": 3, "pruned": 1})
        assert [trial["number"] for trial in found["trials"]] == [0, 1, 2, 3]
        assert [trial["settings"]["training.learning_rate"] for trial in found["trials"]] == RATES
        assert found["trials"][1]["experiment_id"] == str(killed)
        assert logged.count("event=trial_queued") == 4
        pruned = service.client.get(f"/experiments/{found['trials'][3]['experiment_id']}").json()
        assert (pruned["status"], pruned["epochs_done"], pruned["metrics"]) == ("pruned", 1, None)
        assert pruned["last"]["epoch"] == 1
        attempts = service.client.get("/experiments", params={"sweep_id": sweep["id"]}).json()["items"]
        assert [row["attempt"] for row in attempts] == [1, 1, 2, 1]
        assert found["best"]["value"] == min(trial["value"] for trial in found["trials"][:3])


def submit(service: Service) -> dict[str, Any]:
    body = {
        "dataset_id": service.add_dataset(classroom_csv())["id"],
        "fold": 1,
        "exclude_folds": [0],
        "config": {"model": TINY["model"], "training": {"epochs": EPOCHS, "batch_tokens": 64}},
        "search": {"method": "grid", "space": {"training.learning_rate": RATES}},
        "objective": {"metric": "l_bce"},
        "pruner": {"name": "median", "warmup_epochs": 0, "startup_trials": 3},
    }
    sweep: dict[str, Any] = service.client.post("/sweeps", json=body).raise_for_status().json()
    return sweep


def read(service: Service, sweep: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(f"/sweeps/{sweep['id']}").raise_for_status().json()
    return found


def kill_second_trial(service: Service, sweep: dict[str, Any], worker: WorkerProcess) -> UUID:
    """Kill the process that trains it, after a message that nobody needs; its experiment."""
    wait_until(lambda: len(read(service, sweep)["trials"]) == 2)
    trial = UUID(read(service, sweep)["trials"][1]["experiment_id"])
    enqueue_training(trial, settings=settings_of(service.stack))
    wait_for_epoch(service.sessions, trial, 1)
    trainer = worker.child_that_trains(service.sessions, trial)
    trainer.kill()
    with session_scope(service.sessions) as session:
        assert experiments.get_experiment(session, trial).status == "running"
    return trial
