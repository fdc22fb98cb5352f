"""Training on a GPU to the same bits in every run, for those who pay for it in time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
FIXED_WORKSPACES = (":4096:8", ":16:8")  # with which cuBLAS adds up in one order, by its documentation


class NotDeterministic(RuntimeError):
    """The process can't compute alike in every run."""


@contextmanager
def deterministic(wanted: bool, device: str) -> Iterator[None]:
    """Meanwhile CUDA's sums are added in one order; a processor's are anyway.

    cuBLAS reads its workspace from the environment before its first product, so this begins before anything
    is on the device. Raises NotDeterministic where another workspace is set, or something was on the device
    before.
    """
    if not (wanted and device.startswith("cuda")):
        yield
        return
    _fix_workspace(device)
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.use_deterministic_algorithms(True)
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernels add gradients as threads come
            yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


def _fix_workspace(device: str) -> None:
    found = os.environ.get(WORKSPACE)
    if found in FIXED_WORKSPACES:
        return
    has_started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    first = device.split(",")[0]  # the first rank's, which this process is
    was_used = has_started and torch.cuda.max_memory_allocated(first) > 0
    if found is not None or was_used:
        raise NotDeterministic(
            f"training.deterministic: {WORKSPACE} is {found!r} and is read once; set it to "
            f"{FIXED_WORKSPACES[0]!r} before the process starts, or leave deterministic out"
        )
    os.environ[WORKSPACE] = FIXED_WORKSPACES[0]
