"""In which numbers a network is trained: weights are float32, matrix products may be bfloat16.

A product in bfloat16 takes several times as long where the hardware has no instructions for it (Kalamkar et
al. 2019, arXiv:1905.12322). Where it has them, most processors need half the time or less, and some need
twice as long: that only a stopwatch can tell. What it has to tell apart is far from equal, so a machine
chooses alike in every run.
"""

import time
from functools import cache

import torch

BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")
PROBE_SHAPE = (1024, 256, 256)  # of a product: rows, summed over, columns
PROBE_ROUNDS = 8
LEAST_GAIN = 1.3  # of products in bfloat16, which have to make up for the casts around them


def products_in(wanted: str, device: str) -> torch.dtype:
    """The type that matrix products are computed in: `float32`, `bfloat16`, or for `auto` what the device is
    quicker with.
    """
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    return torch.bfloat16 if _gains_by_bfloat16(device) else torch.float32


def _gains_by_bfloat16(device: str) -> bool:
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    known = torch.cpu.get_capabilities()
    return any(known.get(name) for name in BFLOAT16_INSTRUCTIONS) and bfloat16_gain() >= LEAST_GAIN


@cache
def bfloat16_gain() -> float:
    """How many times as quick as in float32 this processor multiplies matrices in bfloat16; a few
    milliseconds, once for each process.
    """
    n_rows, n_summed, n_columns = PROBE_SHAPE
    best = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    products = {
        dtype: (torch.ones(n_rows, n_summed, dtype=dtype), torch.ones(n_summed, n_columns, dtype=dtype))
        for dtype in best
    }
    # In turns, and the best of each: other work on the machine then slows down both, or neither.
    for _ in range(PROBE_ROUNDS):
        for dtype, (one, other) in products.items():
            started = time.perf_counter()
            torch.mm(one, other)
            best[dtype] = min(best[dtype], time.perf_counter() - started)
    return best[torch.float32] / best[torch.bfloat16]
