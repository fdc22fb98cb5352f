"""Tickets for GPUs that are made up, held by processes and locks that are not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from tests.worker.support import ROOT, wait_until
from worker.gpu_shares import GaveUpWaiting, Gpu, GpuShares, Share

BIG, SMALL = Gpu(0, "big", 1000), Gpu(1, "small", 500)
POLL_SECONDS = 0.02

# Takes a share, says so, and holds it until its input ends.
HOLDER = """
import sys
from pathlib import Path
from worker.gpu_shares import Gpu, GpuShares
shares = GpuShares(Path(sys.argv[1]), [Gpu(0, "big", 1000)])
with shares.take(int(sys.argv[2]), poll_seconds=0.02):
    {first}
    print("taken", flush=True)
    sys.stdin.read()
"""
START_ANOTHER = "import subprocess; subprocess.Popen(['sleep', '60'], close_fds=False)"


@pytest.fixture
def shares(tmp_path: Path) -> GpuShares:
    return GpuShares(tmp_path / "gpu", [BIG])


@contextmanager
def holder(folder: Path, wanted: int, *, first: str = "") -> Iterator["subprocess.Popen[str]"]:
    """A process that wants so many bytes of BIG."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(first=first), str(folder), str(wanted)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def has_taken(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "taken\n"


def stop_at_once() -> bool:
    return False


take = partial(GpuShares.take, goes_on=stop_at_once)
"""Of somebody who is known not to have to wait."""


def refuses(shares: GpuShares, wanted: int, *, devices: int = 1) -> bool:
    """Whether somebody who comes now has to wait."""
    try:
        with shares.take(wanted, devices=devices, goes_on=stop_at_once):
            return False
    except GaveUpWaiting:
        return True


def tickets(shares: GpuShares) -> list[Path]:
    return sorted(shares.folder.glob("*.ticket"))


class Waiting:
    """Somebody who waits in a thread, and then holds the share until told to let go."""

    def __init__(self, shares: GpuShares, wanted: int, *, devices: int = 1) -> None:
        self.share: Share | None = None
        self._let_go = Event()
        before = len(tickets(shares))
        self._thread = Thread(target=self._run, args=(shares, wanted, devices))
        self._thread.start()
        wait_until(lambda: len(tickets(shares)) > before or self.share)

    def _run(self, shares: GpuShares, wanted: int, devices: int) -> None:
        stays = shares.take(
            wanted, devices=devices, poll_seconds=POLL_SECONDS, goes_on=lambda: not self._let_go.is_set()
        )
        with suppress(GaveUpWaiting), stays as share:
            self.share = share
            self._let_go.wait()

    def let_go(self) -> None:
        self._let_go.set()
        self._thread.join()


@pytest.fixture
def waiting() -> Iterator[Callable[..., Waiting]]:
    """Makes those who wait, and sees them off."""
    with ExitStack() as stack:

        def begin(*arguments: object, **options: object) -> Waiting:
            one = Waiting(*arguments, **options)  # type: ignore[arg-type]
            stack.callback(one.let_go)
            return one

        yield begin


class TestRoom:
    def test_jobs_share_a_gpu_up_to_its_budget(self, shares: GpuShares) -> None:
        with take(shares, 400) as first, take(shares, 400):
            assert first == Share((BIG,), 400)
            assert not refuses(shares, 100)
            assert refuses(shares, 101)
        assert tickets(shares) == []

    def test_a_job_too_large_for_any_gpu_has_one_alone(self, shares: GpuShares) -> None:
        with take(shares, 5000) as share:
            assert share.bytes == 900
            assert refuses(shares, 1)
        with take(shares, 1):
            assert refuses(shares, 5000)

    def test_a_bound_on_jobs_is_kept(self, tmp_path: Path) -> None:
        shares = GpuShares(tmp_path / "gpu", [BIG], most_jobs=2)
        with take(shares, 1), take(shares, 1):
            assert refuses(shares, 1)

    def test_a_job_that_is_to_be_alone_may_use_the_whole_budget(self, tmp_path: Path) -> None:
        with GpuShares(tmp_path / "gpu", [BIG], most_jobs=1).take(1) as share:
            assert share.bytes == 900

    def test_jobs_that_are_to_be_alone_use_every_gpu(self, tmp_path: Path) -> None:
        shares = GpuShares(tmp_path / "gpu", [SMALL, BIG], most_jobs=1)
        with take(shares, 1) as first, take(shares, 1) as second:
            assert [(share.gpus, share.bytes) for share in (first, second)] == [
                ((BIG,), 900),
                ((SMALL,), 450),
            ]
            assert refuses(shares, 1)

    def test_a_full_disk_leaves_no_ticket_that_others_would_wait_for(
        self, shares: GpuShares, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as full:
            full.setattr(os, "pwrite", lambda *_: 0)
            with pytest.raises(OSError, match="no room for"), shares.take(100):
                pass
        assert tickets(shares) == []
        with take(shares, 900) as share:
            assert share.bytes == 900

    def test_the_gpu_with_the_most_room_is_taken(self, tmp_path: Path) -> None:
        shares = GpuShares(tmp_path / "gpu", [SMALL, BIG])
        with take(shares, 600) as first, take(shares, 300) as second, take(shares, 250) as third:
            assert [share.gpus for share in (first, second, third)] == [(BIG,), (SMALL,), (BIG,)]
            assert refuses(shares, 151)

    def test_a_gpu_is_known_by_its_name_and_not_by_its_number(self, shares: GpuShares) -> None:
        elsewhere = GpuShares(shares.folder, [Gpu(3, BIG.name, BIG.bytes)])
        another = GpuShares(shares.folder, [Gpu(0, "another", 1000)])
        with take(shares, 900):
            assert refuses(elsewhere, 1)
            assert not refuses(another, 900)


class TestSeveralDevices:
    def test_all_are_had_or_none(self, tmp_path: Path) -> None:
        shares = GpuShares(tmp_path / "gpu", [SMALL, BIG])
        with take(shares, 400, devices=2) as share:
            assert {gpu.name for gpu in share.gpus} == {"big", "small"}
            assert refuses(shares, 501)
        with GpuShares(shares.folder, [SMALL]).take(100):
            assert refuses(shares, 400, devices=2)
            assert not refuses(shares, 350, devices=2)
            assert not refuses(shares, 900)

    def test_more_than_there_are_is_refused_with_a_remedy(self, shares: GpuShares) -> None:
        with pytest.raises(ValueError, match="devices: 2 are asked for and there are 1; ask for fewer"):
            refuses(shares, 1, devices=2)


class TestOrder:
    def test_who_waits_is_let_in_when_there_is_room(
        self, shares: GpuShares, waiting: Callable[..., Waiting]
    ) -> None:
        with take(shares, 800):
            late = waiting(shares, 500)
            time.sleep(3 * POLL_SECONDS)
            assert late.share is None
        assert wait_until(lambda: late.share) == Share((BIG,), 500)

    def test_a_small_job_does_not_pass_a_large_one_that_waits(
        self, shares: GpuShares, waiting: Callable[..., Waiting]
    ) -> None:
        with take(shares, 500):
            large = waiting(shares, 900)
            small = waiting(shares, 10)
            assert refuses(shares, 1)
            time.sleep(3 * POLL_SECONDS)
            assert (large.share, small.share) == (None, None)
        wait_until(lambda: large.share)
        assert small.share is None
        large.let_go()
        wait_until(lambda: small.share)

    def test_who_waits_for_other_gpus_holds_nobody_up(
        self, shares: GpuShares, waiting: Callable[..., Waiting]
    ) -> None:
        with take(shares, 900):
            waiting(shares, 900)
            assert not refuses(GpuShares(shares.folder, [SMALL]), 450)

    def test_who_gives_up_leaves_nothing_behind(self, shares: GpuShares) -> None:
        with take(shares, 500):
            assert refuses(shares, 900)
            assert len(tickets(shares)) == 1
            assert not refuses(shares, 10)


class TestProcesses:
    def test_a_killed_process_gives_its_share_back(self, shares: GpuShares) -> None:
        with holder(shares.folder, 800) as process:
            assert has_taken(process)
            assert refuses(shares, 200)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert len(tickets(shares)) == 1
            assert not refuses(shares, 900)
            assert tickets(shares) == []

    def test_a_process_killed_while_it_waits_holds_nobody_up(self, shares: GpuShares) -> None:
        with take(shares, 500), holder(shares.folder, 800) as process:
            wait_until(lambda: len(tickets(shares)) == 2)
            assert refuses(shares, 10)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert not refuses(shares, 10)

    def test_a_program_that_a_job_starts_does_not_hold_its_share(self, shares: GpuShares) -> None:
        with holder(shares.folder, 900, first=START_ANOTHER) as process:
            assert has_taken(process)
            (other,) = psutil.Process(process.pid).children()
            process.kill()
            process.wait()
            assert not refuses(shares, 900)
            assert other.is_running()
            other.kill()

    def test_processes_that_come_together_never_take_too_much(self, shares: GpuShares) -> None:
        with ExitStack() as stack:
            processes = [stack.enter_context(holder(shares.folder, 400)) for _ in range(4)]
            done = []
            for _ in processes:
                wait_until(lambda: len(tickets(shares)) == len(processes) - len(done))
                held = wait_until(lambda: [p for p in tickets(shares) if '"held": ["big"]' in p.read_text()])
                assert len(held) <= 2
                chosen = json.loads(held[0].read_text())["process"]
                (process,) = [one for one in processes if one.pid == chosen]
                assert has_taken(process)
                process.communicate()
                done.append(process)
            assert [process.returncode for process in done] == [0, 0, 0, 0]
