"""Where a training job computes: on the processor, or on a share of one or several GPUs.

Importing this imports PyTorch.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import Sequences
from ikt_model.precision import products_in
from worker.gpu_memory import estimate_bytes
from worker.gpu_shares import GaveUpWaiting, GpuShares
from worker.gpus import confined, find_gpus
from worker.jobs import JobStopped, TrainingJob
from worker.logs import event

logger = logging.getLogger(__name__)


class DeviceUnavailable(RuntimeError):
    """The experiment asks for a device that this machine lacks."""


def choose_device(wanted: str, *, allowed: Literal["auto", "cpu", "cuda"]) -> str:
    """The device to train on: the experiment's wish, else the worker's, else a GPU where there is one."""
    device = allowed if wanted == "auto" else wanted
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"device {device!r} is not on this machine; start a worker with a GPU for queue 'gpu', "
            "or submit the experiment with device 'cpu'"
        )
    return device


def require_devices(device: str, wanted: int) -> None:
    """Raises DeviceUnavailable where a machine has fewer GPUs; processes without one share its cores."""
    if device.startswith("cuda") and (found := len(find_gpus(device))) < wanted:
        raise DeviceUnavailable(
            f"devices: {wanted} GPUs are asked for and this machine has {found} for device {device!r}; "
            "submit the experiment with fewer, or start a worker where there are more"
        )


@contextmanager
def placed(job: TrainingJob, device: str, *, config: ExperimentConfig, sequences: Sequences) -> Iterator[str]:
    """The device to train on, for `train`; of GPUs a share is held until the block ends.

    A process keeps CUDA itself in memory until it ends, so a job had best end soon after. Raises JobStopped
    when it is told to stop while it waits, GpuMemoryExceeded.
    """
    if not device.startswith("cuda"):
        yield device
        return
    products = products_in(config.training.precision, device)
    wanted = estimate_bytes(config, sequences, products=products, devices=job.experiment.devices)
    shares = GpuShares(
        job.settings.work_folder / "gpu",
        find_gpus(device),
        budget=job.settings.gpu_budget,
        most_jobs=job.settings.jobs_per_gpu,
    )
    started = time.perf_counter()
    taken = shares.take(wanted, devices=job.experiment.devices, goes_on=lambda: not job.heartbeat.must_stop)
    try:
        with taken as share:
            seconds = time.perf_counter() - started
            names = ",".join(f"cuda:{gpu.index}" for gpu in share.gpus)
            logger.info(
                event("gpu_share_taken", experiment_id=job.id, gpus=names, bytes=share.bytes, seconds=seconds)
            )
            with confined(share):
                yield names
    except GaveUpWaiting as stopped:
        raise JobStopped(str(stopped)) from stopped
