"""How the losses pull on what the heads share: the norm of each gradient, and the angle between each two.

Opposed gradients (a cosine below 0) say that two losses want different encoders; norms far apart say that
one of them goes unheard.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import torch
from torch import Tensor, nn

from ikt_model.losses import Losses

PULLING = ("l_bce", "l_21", "l_23")  # l_22 moves the difficulties alone, l_scale only where it has a weight


def gradient_figures(
    batches: Iterable[Losses], shared: list[nn.Parameter], *, names: Sequence[str] = PULLING
) -> dict[str, float]:
    """`grad_norm_*` of each loss, unweighted, and `grad_cosine_*` of each pair, over the mean of the batches;
    a cosine with a vanishing gradient is NaN.
    """
    size = sum(value.numel() for value in shared)
    sums = torch.zeros(len(names), size, device=shared[0].device)
    n_batches = 0
    for losses in batches:
        sums += torch.stack([_gradient(getattr(losses, name), shared) for name in names])
        n_batches += 1
    gradients = dict(zip(names, sums / n_batches, strict=True))
    norms = {name: float(gradient.norm()) for name, gradient in gradients.items()}
    figures = {f"grad_norm_{name}": norm for name, norm in norms.items()}
    for one, other in combinations(names, 2):
        scale = norms[one] * norms[other]
        cosine = float(gradients[one] @ gradients[other]) / scale if scale else float("nan")
        figures[f"grad_cosine_{one}_{other}"] = cosine
    return figures


def _gradient(loss: Tensor, shared: list[nn.Parameter]) -> Tensor:
    parts = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
    return torch.cat(
        [
            (torch.zeros_like(value) if part is None else part).flatten()
            for part, value in zip(parts, shared, strict=True)
        ]
    )
