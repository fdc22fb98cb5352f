"""Causal attention whose scores carry a learned bias: for how far back a step lies, and for the same skill.

B sequences, H heads, L steps, d width of a head. Press et al. 2022 (ALiBi) fix the slopes of the distance,
here they are learned, as is the bias for the same skill; so autograd would go over the scores [B, H, L, L]
once for every operation that makes the bias. Here it goes over them as seldom as can be.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    slope: Tensor,
    same_skill: Tensor,
    distance: Tensor,
    same: Tensor,
) -> Tensor:
    """What every step reads of itself and those before it, [B, H, L, d] -> [B, H, L, d].

    `slope` and `same_skill` are [H], `distance` [L, L] or [B, L, L] is infinite where a step may not look,
    `same` [B, L, L] says which steps are on the same skills.
    """
    if query.is_cuda or distance.ndim == 3:
        # PyTorch's kernels, which for GPUs are the quickest.
        bias = _masked_bias(distance, same, slope=slope, same_skill=same_skill)
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
    arguments = (query, key, value, slope, same_skill, distance, same)
    attended: Tensor = _Attention.apply(*arguments)  # type: ignore[no-untyped-call]
    return attended


def distance_bias(distance: Tensor, same: Tensor, *, slope: Tensor, same_skill: Tensor) -> Tensor:
    """What is added to the scores, each [B or 1, J, P] -> [B, H, J, P]."""
    plain = distance[:, None] * -slope[:, None, None]
    return torch.where(same[:, None], plain + same_skill[:, None, None], plain)


def _masked_bias(distance: Tensor, same: Tensor, *, slope: Tensor, same_skill: Tensor) -> Tensor:
    """The same with its mask, through which no gradient passes."""
    distance = distance if distance.ndim == 3 else distance[None]
    hidden = distance == torch.inf
    # The slope's gradient is a sum over distances, and no infinite one may be in it, not even 0 times.
    bias = distance_bias(distance.masked_fill(hidden, 0.0), same, slope=slope, same_skill=same_skill)
    return bias.masked_fill(hidden[:, None], -torch.inf)


class _Attention(torch.autograd.Function):
    """The same for a CPU, with a backward pass of its own."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        slope: Tensor,
        same_skill: Tensor,
        distance: Tensor,
        same: Tensor,
    ) -> Tensor:
        n_rows, n_heads, length, width = query.shape
        flat = (n_rows * n_heads, length, width)
        query, key, value = query.reshape(flat), key.reshape(flat), value.reshape(flat)
        slope, same_skill = slope.to(query.dtype), same_skill.to(query.dtype)
        with torch.autocast("cpu", enabled=False):
            bias = distance_bias(distance[None].to(query.dtype), same, slope=slope, same_skill=same_skill)
            scores = bias.view(-1, length, length).baddbmm_(query, key.transpose(1, 2), alpha=width**-0.5)
            weights = torch.softmax(scores, dim=-1)
            attended = torch.bmm(weights, value)
        ctx.save_for_backward(query, key, value, weights, distance, same)
        return attended.view(n_rows, n_heads, length, width)

    @staticmethod
    def backward(ctx: Any, attended: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, weights, distance, same = ctx.saved_tensors
        n_rows, n_heads, length, width = attended.shape
        attended = attended.reshape(query.shape)
        of_value = torch.bmm(weights.transpose(1, 2), attended)
        of_weights = torch.bmm(attended, value.transpose(1, 2))
        of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
        of_query = torch.bmm(of_scores, key).mul_(width**-0.5)
        of_key = torch.bmm(of_scores.transpose(1, 2), query).mul_(width**-0.5)
        by_pair = of_scores.view(n_rows, n_heads, length * length)
        seen = distance.masked_fill(distance == torch.inf, 0.0).flatten()
        of_slope = -(by_pair.sum(dim=0) @ seen.to(by_pair.dtype))
        flags = same.view(n_rows, length * length, 1).to(by_pair.dtype)
        of_same = torch.bmm(by_pair, flags).sum(dim=(0, 2))
        split = (n_rows, n_heads, length, width)
        return of_query.view(split), of_key.view(split), of_value.view(split), of_slope, of_same, None, None
