"""In which numbers a network is trained: weights are float32, matrix products may be bfloat16.

A product in bfloat16 takes half the time or less where the hardware has instructions for it, and several
times as long where it has none (Kalamkar et al. 2019, arXiv:1905.12322). The hardware is asked and no
stopwatch, so a machine chooses alike in every run.
"""

import torch

BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")


def products_in(wanted: str, device: str) -> torch.dtype:
    """The type that matrix products are computed in: `float32`, `bfloat16`, or for `auto` what the device is
    quicker with.
    """
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    return torch.bfloat16 if _has_bfloat16(device) else torch.float32


def _has_bfloat16(device: str) -> bool:
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    known = torch.cpu.get_capabilities()
    return any(known.get(name) for name in BFLOAT16_INSTRUCTIONS)
