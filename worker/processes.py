"""The worker's processes beside their jobs: the janitor, draining at shutdown, dying together."""

import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any

from celery import signals
from celery.worker import state

from worker.janitor import Janitor
from worker.settings import WorkerSettings
from worker.tracing import start_tracing

# Read by the libraries below NumPy and PyTorch when a job's process first imports them.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

PR_SET_PDEATHSIG = 1
PF_EXITING = 0x4
KILLED_PARENT_SECONDS = 0.3

in_pool_process = Event()
# Memory that the main process shares with the pool's processes, which are forked from it.
_ending = mmap.mmap(-1, 1)


def _share_cores(sender: Any, **_: Any) -> None:
    """Main process, before any child: as many threads per job as leave every job its cores."""
    settings = WorkerSettings(concurrency=sender.concurrency)
    threads = str(settings.threads_per_job)
    os.environ.update(dict.fromkeys((*THREAD_VARIABLES, "IKT_THREADS"), threads))


def _begin(**_: Any) -> None:
    """Main process, before any child."""
    _ending[0] = 0


def _trace(**_: Any) -> None:
    """Main process, before any child: each tells of its job from a thread of its own."""
    start_tracing("ikt-worker")


def _preload(**_: Any) -> None:
    """Main process, before any child: import PyTorch once for all jobs. No GPU is touched by that.

    Every job has a process of its own, which otherwise spends its first seconds on importing; and the first
    optimiser of a process imports the compiler, needed or not.
    """
    import torch._dynamo  # noqa: F401

    import worker.fitting  # noqa: F401


def _start_janitor(sender: Any, **_: Any) -> None:  # noqa: ARG001
    """Main process, once messages are consumed."""
    settings = WorkerSettings()
    Janitor(settings, has_room=lambda: len(state.reserved_requests) < settings.jobs_at_once).start()


def _drain(**_: Any) -> None:
    """Main process, asked to end: tell busy children to give their jobs back instead of finishing them.

    It still takes messages for a moment, also those about jobs that were just given back, and doesn't know
    yet of children that have just begun: they see that it is ending.
    """
    _ending[0] = 1
    for request in list(state.active_requests):
        if request.worker_pid:
            with suppress(ProcessLookupError):
                os.kill(request.worker_pid, signal.SIGTERM)


def _die_with_parent(**_: Any) -> None:
    """Pool process: be told when the parent is gone (on Linux).

    Celery asks the kernel for SIGKILL. But the kernel watches the thread that forked us, and with a broker
    without an event loop that thread ends early in an orderly shutdown; `asked_to_stop` tells the two apart.
    """
    in_pool_process.set()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def asked_to_stop() -> Iterator[Event]:
    """An event that is set when the worker is about to end; a process whose parent has died ends at once.

    A pool process goes on like that after its one job: it is about to tell the parent and to end, and killed
    while it tells it would leave a lock behind that the whole pool waits for.
    """
    stop, done, parent = Event(), Event(), os.getppid()

    def look() -> None:
        while not (done.wait(KILLED_PARENT_SECONDS) or stop.is_set()):
            if is_shutting_down():
                stop.set()

    def watch() -> None:
        # The thread that forked us may be gone a moment before the rest of a killed process is.
        time.sleep(KILLED_PARENT_SECONDS)
        while os.getppid() == parent:
            if not is_ending(parent):
                stop.set()
            time.sleep(KILLED_PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    def on_sigterm(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        Thread(target=watch, name="watch-parent", daemon=True).start()

    previous = signal.signal(signal.SIGTERM, on_sigterm)
    if in_pool_process.is_set():
        Thread(target=look, name="watch-worker", daemon=True).start()
    try:
        yield stop
    finally:
        done.set()
        if not in_pool_process.is_set():
            signal.signal(signal.SIGTERM, previous)


def is_shutting_down() -> bool:
    """Whether the worker of this pool process was asked to end."""
    return in_pool_process.is_set() and bool(_ending[0])


def is_ending(process: int) -> bool:
    """Whether the kernel is about to end a process of Linux: a killed one that held much memory takes a
    while.
    """
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return sys.platform == "linux"
    # After the name, which may hold anything, in brackets: state, five numbers, flags (proc(5)).
    condition, *numbers = told.rpartition(")")[2].split()
    return condition in "ZX" or bool(int(numbers[5]) & PF_EXITING)


signals.worker_init.connect(_share_cores)
signals.worker_init.connect(_begin)
signals.worker_init.connect(_trace)
signals.worker_init.connect(_preload)
signals.worker_ready.connect(_start_janitor)
signals.worker_shutting_down.connect(_drain)
signals.worker_process_init.connect(_die_with_parent)
