"""When a network's blocks are compiled: on CUDA, where the training is long enough to win the time back."""

import shutil
from importlib.util import find_spec

from ikt_model.settings import IktSettings, ModelSettings

# Estimated, not measured: a block compiles in about half a minute, the same code for all blocks; eager blocks
# of a large model run at about a fifth of the 989 TFLOP/s in bfloat16 of an H100 or H200, and fused they
# spare about a third of that time. So it begins to pay at 30 s / (1/3) · 198 TFLOP/s ≈ 2e16 operations.
LEAST_OPERATIONS = 2e16
C_COMPILERS = ("cc", "gcc", "clang")  # Triton starts its kernels through a small C extension


def training_operations(model: ModelSettings, *, responses: int) -> float:
    """About how many multiplications and additions it takes to train on so many responses, epochs counted.

    Forward, two per weight and response, and 4·L·D per block for the products of attention; backward, twice
    as many (Kaplan et al. 2020, arXiv:2001.08361, section 2.1).
    """
    per_response = 2.0 * model.n_weights
    if isinstance(model, IktSettings):
        per_response += 4.0 * model.window * model.d_model * model.n_blocks
    return 3 * per_response * responses


def can_compile(device: str) -> bool:
    """Whether there is a GPU to compile for, and what compiling needs."""
    has_compiler = any(shutil.which(name) for name in C_COMPILERS)
    return device.startswith("cuda") and find_spec("triton") is not None and has_compiler


def is_worth_compiling(model: ModelSettings, *, responses: int, device: str) -> bool:
    """Whether a training on so many responses, epochs counted, ends sooner with compiled blocks."""
    return can_compile(device) and training_operations(model, responses=responses) >= LEAST_OPERATIONS
