"""Dropout (Srivastava et al. 2014) whose masks cost little on a CPU."""

import torch
from torch import Tensor, nn

LANES = 4  # of 16 bits in each random number of 64
LEVELS = 1 << 16


class Dropout(nn.Dropout):
    """`nn.Dropout`, but a CPU draws one random number for four values and not one for each.

    The rate is kept to one part in 65,536.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Some values are set to 0 while training, the others are raised to keep their mean."""
        if not self.training or not self.p or input.is_cuda:
            return super().forward(input)
        numbers = torch.empty(-(-input.numel() // LANES), dtype=torch.int64).random_(-(2**63), 2**63 - 1)
        lanes = numbers.view(torch.int16)[: input.numel()].view(input.shape)
        kept = lanes >= round(self.p * LEVELS) - LEVELS // 2
        return input * kept.to(input.dtype).mul_(1 / (1 - self.p))
