"""GPUs as PyTorch sees them: which there are, and a process that keeps to its share of one.

Importing this imports PyTorch, and touches no device.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from worker.gpu_memory import CONTEXT_BYTES
from worker.gpu_shares import Gpu, Share

GIB = 1024**3


class GpuMemoryExceeded(RuntimeError):
    """The training wanted more of a GPU's memory than its share."""


def find_gpus(device: str) -> list[Gpu]:
    """The GPUs that a device may mean: any of this machine for `cuda`, that one for `cuda:1`."""
    properties = enumerate(map(torch.cuda.get_device_properties, range(torch.cuda.device_count())))
    gpus = [Gpu(index, str(one.uuid), one.total_memory) for index, one in properties]
    return [gpu for gpu in gpus if device in ("cuda", f"cuda:{gpu.index}")]


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
        gc.collect()  # a run and its steps know each other, and hold the GPU's memory as long as they live
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
        "model.d_model, use a larger GPU, or, where that was a part of one, let workers give each job a "
        "whole one (IKT_JOBS_PER_GPU=1)"
    )
