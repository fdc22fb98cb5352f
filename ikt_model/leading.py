"""The first rank of a training starts the others, and they end when it does, however it ends.

The first is the process that was asked to train: it alone evaluates, stores and reports. The others are
processes of the same machine that read the job from a folder (`following.py`).
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import torch

from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import Sequences, load_sequences, save_sequences
from ikt_model.precision import products_in
from ikt_model.ranks import Ranks, break_off, join, leave, open_store
from ikt_model.references import Calibration, calibration_from_dict
from ikt_model.run import Run, prepare

POLL_SECONDS = 0.05
GRACE_SECONDS = 5.0
WATCH_SECONDS = 1.0
FAILED = ".failed"


class RankLost(ConnectionError):
    """Another process of a training was killed."""


class RankFailed(RuntimeError):
    """Another process of a training ended with an error of its own."""


class NotForSeveral(ValueError):
    """The training can't be shared out among several processes."""


@dataclass(frozen=True, slots=True)
class Job:
    """A training as its ranks are told of it."""

    config: ExperimentConfig
    sequences: Sequences
    calibration: Calibration
    fold: int
    device: str  # one for all ranks, or one for each, as "cuda:2,cuda:5"
    products: torch.dtype | None = None  # as the first rank chose for all; it has None, and chooses
    memory: int | None = None  # bytes of its own GPU that each of the others may allocate

    @property
    def name(self) -> str:
        """Names configuration, data and fold."""
        return f"{self.config.fingerprint()}-{self.sequences.content_hash[:16]}-{self.fold}"

    def prepare(self, ranks: Ranks) -> Run:
        """The training as this rank runs it. Raises NothingToTrain."""
        return prepare(
            self.config,
            self.sequences,
            fold=self.fold,
            calibration=self.calibration,
            device=self.device_of(ranks),
            products=self.products,
            ranks=ranks,
        )

    def device_of(self, ranks: Ranks) -> str:
        """This rank's own device; of GPUs that were not named the n-th is for rank n."""
        named = self.device.split(",")
        if len(named) == ranks.size:
            return named[ranks.rank]
        return f"cuda:{ranks.rank}" if self.device == "cuda" else self.device

    def save(self, folder: Path) -> None:
        """Write it for other ranks to read."""
        folder.mkdir(parents=True, exist_ok=True)
        save_sequences(self.sequences, folder / "sequences.arrow")
        told = {
            "config": self.config.model_dump(mode="json"),
            "calibration": self.calibration.to_dict(),
            "fold": self.fold,
            "device": self.device,
            "products": str(products_in(self.config.training.precision, self.device)),
            "memory": allowed_memory(self.device_of(Ranks(0, self.device.count(",") + 1))),
        }
        (folder / "job.json").write_text(json.dumps(told), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Job":
        """What `save` wrote."""
        told = json.loads((folder / "job.json").read_text("utf-8"))
        return cls(
            config=ExperimentConfig.model_validate(told["config"]),
            sequences=load_sequences(folder / "sequences.arrow"),
            calibration=calibration_from_dict(told["calibration"]),
            fold=told["fold"],
            device=told["device"],
            products=getattr(torch, told["products"].removeprefix("torch.")),
            memory=told["memory"],
        )


def allowed_memory(device: str) -> int | None:
    """Bytes of its GPU that this process may allocate; None of a processor."""
    if not device.startswith("cuda"):
        return None
    index = torch.device(device).index or 0
    fraction = torch.cuda.get_per_process_memory_fraction(index)
    return int(fraction * torch.cuda.get_device_properties(index).total_memory)


@dataclass(slots=True)
class Followers:
    """The other ranks of this one."""

    ranks: Ranks
    folder: Path  # where those that fail say why
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def check(self) -> None:
        """Raises RankLost, RankFailed, torch.OutOfMemoryError."""
        if not self.has_lost():
            return
        # Who was killed takes the others along, so that comes first, and then who failed first.
        for process in self.processes:
            if (code := process.poll()) and code < 0:
                raise RankLost(f"process {process.pid} of this training ended with {code}")
        for file in sorted(self.folder.glob(f"*{FAILED}"), key=lambda file: file.stat().st_mtime_ns):
            told = json.loads(file.read_text("utf-8"))
            if told["error"] == torch.OutOfMemoryError.__name__:
                raise torch.OutOfMemoryError(told["said"])
            raise RankFailed(f"{told['error']} in rank {file.name.removesuffix(FAILED)}: {told['said']}")
        raise RankLost("a process of this training ended without a word")

    def has_lost(self) -> bool:
        """Whether one has ended before its time."""
        return any(process.poll() for process in self.processes)

    def end(self) -> None:
        """Wait a moment for those that are done, and end the others."""
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def leading(job: Job, folder: Path, *, size: int) -> Iterator[Followers]:
    """This process as the first of `size` ranks, which share its threads. Raises RankLost, RankFailed,
    NotForSeveral, torch.OutOfMemoryError of another rank's GPU.
    """
    followers = Followers(Ranks(0, size), folder / "ranks")
    if size == 1:
        yield followers
        return
    if job.config.loss.balancing != "fixed":
        raise NotForSeveral(
            f"loss.balancing: {job.config.loss.balancing!r} looks at whole batches, of which each of {size} "
            "devices has a part; choose 'fixed', or 1 device"
        )
    threads = torch.get_num_threads()
    shared = max(1, threads // size)
    is_done, is_whole = Event(), False
    try:
        torch.set_num_threads(shared)
        job.save(folder / "ranks")
        store = open_store()
        followers.processes = [
            _start(folder, Ranks(rank, size), port=store.port, threads=shared) for rank in range(1, size)
        ]
        while not store.check([f"rank {rank}" for rank in range(1, size)]):
            followers.check()
            time.sleep(POLL_SECONDS)
        join(store, followers.ranks, device=job.device)
        if job.device.startswith("cuda"):
            Thread(target=_break_off_when_lost, args=(followers, is_done), daemon=True).start()
        yield followers
        is_whole = True
    except RuntimeError:
        # A rank that ended breaks the connection first, and that says less.
        time.sleep(POLL_SECONDS)
        followers.check()
        raise
    finally:
        is_done.set()
        if is_whole:
            leave()
            followers.end()
        else:
            # Others may wait in a sum that this rank will never join, and to leave would be to wait for them.
            followers.end()
            break_off()
        torch.set_num_threads(threads)


def _break_off_when_lost(followers: Followers, is_done: Event) -> None:
    """A GPU waits for a rank that has died as for any other, until it is told not to."""
    while not is_done.wait(WATCH_SECONDS):
        if followers.has_lost():
            break_off()
            return


def _start(folder: Path, ranks: Ranks, *, port: int, threads: int) -> "subprocess.Popen[bytes]":
    arguments = [str(folder), str(ranks.rank), str(ranks.size), str(port), str(threads)]
    return subprocess.Popen(  # this project's own module, no shell # nosec B603
        [sys.executable, "-m", "ikt_model.following", *arguments],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        stdin=subprocess.PIPE,
    )
