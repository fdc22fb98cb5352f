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
from worker.gpu_memory import CONTEXT_BYTES, estimate_bytes
from worker.gpu_shares import GaveUpWaiting, Gpu, GpuShares, Share
from worker.jobs import JobStopped, TrainingJob
from worker.logs import event

logger = logging.getLogger(__name__)

GIB = 1024**3


class DeviceUnavailable(RuntimeError):
    """The experiment asks for a device that this machine lacks."""


class GpuMemoryExceeded(RuntimeError):
    """The training wanted more of a GPU's memory than its share."""


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


def find_gpus(device: str) -> list[Gpu]:
    """The GPUs that a device may mean: any of this machine for `cuda`, that one for `cuda:1`."""
    properties = enumerate(map(torch.cuda.get_device_properties, range(torch.cuda.device_count())))
    gpus = [Gpu(index, str(one.uuid), one.total_memory) for index, one in properties]
    return [gpu for gpu in gpus if device in ("cuda", f"cuda:{gpu.index}")]


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


@contextmanager
def confined(share: Share) -> Iterator[None]:
    """This process on the first GPU of its share, where PyTorch allocates no more than that. Raises
    GpuMemoryExceeded.
    """
    gpu = share.gpus[0]
    torch.cuda.set_per_process_memory_fraction(allowed_fraction(share), gpu.index)
    try:
        with torch.cuda.device(gpu.index):
            yield
    except torch.OutOfMemoryError as error:
        raise memory_exceeded(share) from error
    finally:
        torch.cuda.empty_cache()


def allowed_fraction(share: Share) -> float:
    """Of the first GPU's memory, what PyTorch may allocate: the share without what CUDA itself takes."""
    return max(0.0, share.bytes - CONTEXT_BYTES) / share.gpus[0].bytes


def memory_exceeded(share: Share) -> GpuMemoryExceeded:
    """What to say when a share was too small."""
    gpu = share.gpus[0]
    return GpuMemoryExceeded(
        f"the training needs more than the {share.bytes / GIB:.1f} GiB that were set aside for it on a GPU "
        f"of {gpu.bytes / GIB:.1f} GiB; lower training.batch_tokens, model.window, model.n_blocks or "
        "model.d_model, or let a worker give each job a whole GPU (IKT_JOBS_PER_GPU=1)"
    )
