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

import torch

from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import Sequences, load_sequences, save_sequences
from ikt_model.ranks import Ranks, join, leave, open_store
from ikt_model.references import Calibration, calibration_from_dict
from ikt_model.run import Run, prepare

POLL_SECONDS = 0.05
GRACE_SECONDS = 5.0


class RankLost(ConnectionError):
    """Another process of a training ended before its time."""


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
        )


@dataclass(slots=True)
class Followers:
    """The other ranks of this one."""

    ranks: Ranks
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def check(self) -> None:
        """Raises RankLost."""
        for process in self.processes:
            if process.poll():
                raise RankLost(f"process {process.pid} of this training ended with {process.returncode}")

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
    """This process as the first of `size` ranks, which share its threads. Raises RankLost, NotForSeveral."""
    followers = Followers(Ranks(0, size))
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
        yield followers
    except RuntimeError:
        # A rank that ended breaks the connection first, and that says less.
        time.sleep(POLL_SECONDS)
        followers.check()
        raise
    finally:
        leave()
        followers.end()
        torch.set_num_threads(threads)


def _start(folder: Path, ranks: Ranks, *, port: int, threads: int) -> "subprocess.Popen[bytes]":
    arguments = [str(folder), str(ranks.rank), str(ranks.size), str(port), str(threads)]
    return subprocess.Popen(  # this project's own module, no shell # nosec B603
        [sys.executable, "-m", "ikt_model.following", *arguments],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        stdin=subprocess.PIPE,
    )
