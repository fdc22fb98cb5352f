"""Shares of a GPU's memory: jobs of several processes side by side, and none runs another out of memory.

A job takes a ticket: a file in a folder of this machine that says how many bytes it wants and, later, on
which GPUs it has them. Its process holds a lock on the file (`flock`), which the kernel drops however the
process ends, so a killed job gives its share back by itself. Whoever looks at tickets or marks one does so
behind one gate, which is another lock. First come, first served: nobody is let past a job that waits for
the same GPUs, so a large one does not starve behind small ones.
"""

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

POLL_SECONDS = 0.5
ENDING = ".ticket"
CLAIM_BYTES = 1024  # at least: blanks keep room for what is written later, so that it needs none of the disk


class GaveUpWaiting(Exception):
    """The job was told to stop before it had its share."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU of this machine. `name` is its own wherever it is seen from: one container's first GPU may be
    another one's second.
    """

    index: int  # as this process numbers them: cuda:<index>
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Share:
    """Bytes on each of some GPUs."""

    gpus: tuple[Gpu, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a ticket says."""

    bytes: int
    wanted: frozenset[str]  # GPUs that would do, by name
    held: frozenset[str]  # empty while it waits


@dataclass(frozen=True, slots=True)
class GpuShares:
    """The GPUs that this process sees, and how they are shared with all who use the same folder."""

    folder: Path
    gpus: Sequence[Gpu]
    budget: float = 0.9
    """Share of each GPU's memory that all jobs together may take."""
    most_jobs: int = 16
    """Jobs on one GPU; 1 leaves each the whole budget."""

    @contextmanager
    def take(
        self,
        wanted: int,
        *,
        devices: int = 1,
        goes_on: Callable[[], bool] = lambda: True,
        poll_seconds: float = POLL_SECONDS,
    ) -> Iterator[Share]:
        """So many bytes on each of so many GPUs, all or nothing, for as long as the block lasts.

        Waits until it is this job's turn, looking again every `poll_seconds`. Who wants more than a GPU's
        budget gets the budget, and so the GPU alone. Raises GaveUpWaiting when `goes_on` says no, ValueError
        where there are fewer GPUs.
        """
        if not 1 <= devices <= len(self.gpus):
            raise ValueError(
                f"devices: {devices} are asked for and there are {len(self.gpus)}; ask for fewer"
            )
        largest = sorted((self._budget(gpu) for gpu in self.gpus), reverse=True)[devices - 1]
        wanted = min(wanted, largest)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ticket = self._queue(wanted)
        try:
            while (gpus := self._try(ticket, wanted, devices)) is None:
                if not goes_on():
                    raise GaveUpWaiting(f"while it waited for {wanted:,} bytes on {devices} GPUs")
                time.sleep(poll_seconds)
            yield Share(gpus, self._given(gpus, wanted))
        finally:
            ticket.give_back()

    def _given(self, gpus: Sequence[Gpu], wanted: int) -> int:
        """Bytes on each of these GPUs: all that may be had where nobody else is let in."""
        return min(map(self._budget, gpus)) if self.most_jobs == 1 else wanted

    def _queue(self, wanted: int) -> "_Ticket":
        with self._gate():
            # Names sort by the time of coming.
            ticket = _Ticket.open(self.folder / f"{time.time_ns():020d}-{uuid4().hex[:12]}{ENDING}")
            try:
                ticket.write(self._claim(wanted))
            except OSError:  # no room on the disk
                ticket.give_back()
                raise
            return ticket

    def _try(self, ticket: "_Ticket", wanted: int, devices: int) -> tuple[Gpu, ...] | None:
        """The GPUs that the ticket is marked with, if it is its turn and they have room."""
        with self._gate():
            others = list(self._others(ticket.path))
            own = {gpu.name for gpu in self.gpus}
            if any(not claim.held and claim.wanted & own for path, claim in others if path < ticket.path):
                return None
            claims = [claim for _, claim in others]
            roomiest = sorted(self.gpus, key=lambda gpu: -self._room(gpu, claims))[:devices]
            if any(self._room(gpu, claims) < wanted for gpu in roomiest):
                return None
            ticket.write(self._claim(self._given(roomiest, wanted), held=roomiest))
            return tuple(roomiest)

    def _room(self, gpu: Gpu, claims: Sequence[_Claim]) -> int:
        there = [claim.bytes for claim in claims if gpu.name in claim.held]
        return self._budget(gpu) - sum(there) if len(there) < self.most_jobs else -1

    def _budget(self, gpu: Gpu) -> int:
        return int(self.budget * gpu.bytes)

    def _claim(self, wanted: int, *, held: Sequence[Gpu] = ()) -> _Claim:
        names = frozenset(gpu.name for gpu in self.gpus)
        return _Claim(wanted, names, frozenset(gpu.name for gpu in held))

    def _others(self, own: Path) -> Iterator[tuple[Path, _Claim]]:
        """Tickets whose processes live, oldest first; what the dead left is removed."""
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            if path == own:
                continue
            with suppress(FileNotFoundError), path.open() as file:
                if _lock(file.fileno()):
                    path.unlink(missing_ok=True)
                    continue
                said = json.loads(file.read())
                yield path, _Claim(said["bytes"], frozenset(said["wanted"]), frozenset(said["held"]))

    @contextmanager
    def _gate(self) -> Iterator[None]:
        with (self.folder / "gate").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield


@dataclass(frozen=True, slots=True)
class _Ticket:
    """This process's own, open and locked until it is given back."""

    path: Path
    descriptor: int

    @classmethod
    def open(cls, path: Path) -> "_Ticket":
        # Python lets no program that the job starts inherit it, or that would go on holding the share.
        ticket = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        fcntl.flock(ticket.descriptor, fcntl.LOCK_EX)
        return ticket

    def write(self, claim: _Claim) -> None:
        said: dict[str, Any] = {
            "bytes": claim.bytes,
            "wanted": sorted(claim.wanted),
            "held": sorted(claim.held),
            "process": os.getpid(),
        }
        # Written whole before the old is cut off, so that a full disk leaves the old claim.
        text = json.dumps(said).encode().ljust(CLAIM_BYTES)
        if os.pwrite(self.descriptor, text, 0) < len(text):
            raise OSError(errno.ENOSPC, f"{self.path}: no room for {len(text)} bytes; free some on this disk")
        os.ftruncate(self.descriptor, len(text))

    def give_back(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def _lock(descriptor: int) -> bool:
    """Whether the file could be locked: nobody who lives holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
