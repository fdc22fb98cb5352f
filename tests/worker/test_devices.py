"""Where a job is put, what it does while it waits, and what it says when its share was too small."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from db.engine import SessionFactory, session_scope
from db.models import Dataset
from db.repositories import experiments
from ikt_model.config import resolve_config
from ikt_model.data.sequences import Sequences
from ikt_model.leading import Job
from ikt_model.ranks import Ranks
from ikt_model.references import calibrate
from tests.stacks import Stack
from tests.worker.support import TINY, classroom, look, queue_experiment, settings_of, wait_until
from worker import devices, fitting
from worker.devices import placed
from worker.gpu_memory import CONTEXT_BYTES, estimate_bytes
from worker.gpu_shares import Gpu, GpuShares, Share
from worker.gpus import GIB, GpuMemoryExceeded, allowed_fraction, confined, find_gpus, memory_exceeded
from worker.jobs import JobStopped
from worker.leases import Heartbeat
from worker.settings import WorkerSettings
from worker.training import run_experiment

GPUS = [Gpu(0, "first", 8 * GIB), Gpu(1, "second", 8 * GIB)]
CONFIG = resolve_config(None, {**TINY, "training": {"precision": "float32"}})


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return classroom()


@pytest.fixture(autouse=True)
def _made_up_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def unconfined(_: Share) -> Iterator[None]:
        yield

    monkeypatch.setattr(devices, "find_gpus", lambda _: GPUS)
    monkeypatch.setattr(devices, "confined", unconfined)


def job_of(folder: Path, *, n_devices: int = 1, renew: Any = lambda _: False, **settings: Any) -> Any:
    """As much of a claimed job as `placed` looks at; its heart beats for real."""
    return SimpleNamespace(
        id="experiment",
        experiment=SimpleNamespace(devices=n_devices),
        settings=WorkerSettings(data_dir=folder, **settings),
        heartbeat=Heartbeat("experiment", renew, seconds=0.02),
    )


class TestPlaced:
    def test_a_processor_needs_no_share(self, tmp_path: Path, sequences: Sequences) -> None:
        with placed(job_of(tmp_path), "cpu", config=CONFIG, sequences=sequences) as device:
            assert device == "cpu"
        assert list(tmp_path.iterdir()) == []

    def test_jobs_go_where_there_is_room(self, tmp_path: Path, sequences: Sequences) -> None:
        options: dict[str, Any] = {"config": CONFIG, "sequences": sequences}
        with (
            placed(job_of(tmp_path), "cuda", **options) as first,
            placed(job_of(tmp_path), "cuda", **options) as second,
            placed(job_of(tmp_path, n_devices=2), "cuda", **options) as both,
        ):
            assert (first, second, set(both.split(","))) == ("cuda:0", "cuda:1", {"cuda:0", "cuda:1"})
            held = [path.read_text() for path in sorted((tmp_path / "work" / "gpu").glob("*.ticket"))]
            wanted = estimate_bytes(CONFIG, sequences, products=torch.float32)
            assert len(held) == 3
            assert all(f'"bytes": {wanted}' in text for text in held[:2])

    def test_with_one_job_per_gpu_each_has_all_of_it(self, tmp_path: Path, sequences: Sequences) -> None:
        job = job_of(tmp_path, jobs_per_gpu=1, gpu_budget=0.5)
        with placed(job, "cuda", config=CONFIG, sequences=sequences):
            (ticket,) = (tmp_path / "work" / "gpu").glob("*.ticket")
            assert f'"bytes": {4 * GIB}' in ticket.read_text()

    def test_a_job_that_waits_keeps_its_lease_and_hears_that_it_is_cancelled(
        self, tmp_path: Path, sequences: Sequences
    ) -> None:
        renewals: list[float] = []

        def renew(progress: float) -> bool:
            renewals.append(progress)
            return len(renewals) > 2

        job = job_of(tmp_path, renew=renew)
        everything = GpuShares(job.settings.work_folder / "gpu", GPUS).take(8 * GIB, devices=2)
        with everything, job.heartbeat, pytest.raises(JobStopped, match="while it waited for"):  # noqa: SIM117
            with placed(job, "cuda", config=CONFIG, sequences=sequences):
                pytest.fail("there was no room")
        assert job.heartbeat.is_cancelled
        assert len(renewals) >= 3
        assert list((tmp_path / "work" / "gpu").glob("*.ticket")) == []

    def test_whatever_ends_a_job_gives_its_share_back(self, tmp_path: Path, sequences: Sequences) -> None:
        with (
            pytest.raises(ArithmeticError),
            placed(job_of(tmp_path), "cuda", config=CONFIG, sequences=sequences),
        ):
            raise ArithmeticError
        assert list((tmp_path / "work" / "gpu").glob("*.ticket")) == []


def test_a_job_that_waits_can_be_cancelled_and_leaves_no_ticket(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "choose_device", lambda *_, **__: "cuda")
    monkeypatch.setattr(fitting, "require_devices", lambda *_: None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "made up")
    settings = settings_of(stack, heartbeat_seconds=0.05)
    folder = settings.work_folder / "gpu"
    experiment_id = queue_experiment(sessions, dataset.id)

    def cancel_once_the_lease_was_renewed() -> None:
        wait_until(lambda: len(list(folder.glob("*.ticket"))) == 2)
        held_until = look(sessions, experiment_id).experiment.lease_expires_at
        wait_until(lambda: look(sessions, experiment_id).experiment.lease_expires_at != held_until)
        with session_scope(sessions) as session:
            experiments.request_cancel(session, experiment_id)

    with GpuShares(folder, GPUS).take(8 * GIB, devices=2):
        canceller = Thread(target=cancel_once_the_lease_was_renewed)
        canceller.start()
        assert run_experiment(experiment_id, settings=settings)
        canceller.join()
        assert len(list(folder.glob("*.ticket"))) == 1
    row = look(sessions, experiment_id).experiment
    assert (row.status, row.attempt, row.epochs_done) == ("cancelled", 1, 0)


def test_pytorch_may_allocate_the_share_without_what_cuda_takes() -> None:
    share = Share((GPUS[0],), 2 * GIB + CONTEXT_BYTES)
    assert allowed_fraction(share) == pytest.approx(0.25)
    assert allowed_fraction(replace(share, bytes=1)) == 0


def test_a_process_is_bound_to_its_share_and_says_so_when_that_does_not_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bounds: list[tuple[float, int]] = []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda *bound: bounds.append(bound))
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    share = Share((GPUS[1],), 4 * GIB + CONTEXT_BYTES)
    with pytest.raises(GpuMemoryExceeded, match="set aside"), confined(share):
        raise torch.OutOfMemoryError("CUDA out of memory")
    assert bounds == [(0.5, 1)]


def test_memory_that_did_not_do_is_told_with_a_remedy() -> None:
    told = str(memory_exceeded(Share((GPUS[0],), 2 * GIB)))
    assert "more than the 2.0 GiB that were set aside for it on a GPU of 8.0 GiB" in told
    assert "lower training.batch_tokens, model.window" in told
    assert "IKT_JOBS_PER_GPU=1" in told


@pytest.mark.parametrize(
    ("device", "size", "expected"),
    [
        ("cpu", 1, ["cpu"]),
        ("cpu", 2, ["cpu", "cpu"]),
        ("cuda:3", 1, ["cuda:3"]),
        ("cuda", 2, ["cuda:0", "cuda:1"]),
        ("cuda:5,cuda:2", 2, ["cuda:5", "cuda:2"]),
    ],
)
def test_each_rank_trains_on_the_device_it_was_given(
    sequences: Sequences, device: str, size: int, expected: list[str]
) -> None:
    calibration = calibrate(sequences, settings=CONFIG.reference)
    job = Job(config=CONFIG, sequences=sequences, calibration=calibration, fold=0, device=device)
    assert [job.device_of(Ranks(rank, size)) for rank in range(size)] == expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_process_can_not_allocate_more_than_its_share() -> None:
    gpu = find_gpus("cuda")[0]
    share = Share((gpu,), CONTEXT_BYTES + GIB)
    with pytest.raises(GpuMemoryExceeded), confined(share):
        torch.empty(2 * GIB, dtype=torch.uint8, device="cuda")
