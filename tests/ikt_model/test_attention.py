"""Attention with a backward pass of its own says what its formulas say, and so do its gradients."""

import math

import pytest
import torch
from torch import Tensor

from ikt_model.attention import attend

B, H, L, D = 3, 4, 17, 8


def example(dtype: torch.dtype) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Query, key, value, slope and bias for the same skill; distances and who is on the same skill."""
    torch.manual_seed(0)
    streams = [torch.randn(B, H, L, D, dtype=dtype) for _ in range(3)]
    learned = [*streams, torch.rand(H, dtype=dtype), torch.randn(H, dtype=dtype)]
    time = torch.arange(L)
    distance = (time[:, None] - time[None, :]).float()
    skills = torch.randint(0, 4, (B, L))
    same = skills[:, :, None] == skills[:, None, :]
    fixed = {"distance": distance.masked_fill(distance < 0, torch.inf), "same": same}
    return [one.requires_grad_() for one in learned], fixed


def by_the_formula(learned: list[Tensor], distance: Tensor, same: Tensor) -> Tensor:
    query, key, value, slope, same_skill = learned
    hidden = distance == torch.inf
    scores = query @ key.transpose(-1, -2) / math.sqrt(D)
    scores = scores + same_skill[:, None, None] * same[:, None]
    scores = scores - slope[:, None, None] * distance.masked_fill(hidden, 0.0)
    return scores.masked_fill(hidden, -torch.inf).softmax(dim=-1) @ value


def attended(learned: list[Tensor], fixed: dict[str, Tensor]) -> Tensor:
    query, key, value, slope, same_skill = learned
    return attend(query, key, value, slope=slope, same_skill=same_skill, **fixed)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_values_and_gradients_are_those_of_the_formula(dtype: torch.dtype) -> None:
    learned, fixed = example(dtype)
    ours, theirs = attended(learned, fixed), by_the_formula(learned, **fixed)
    torch.testing.assert_close(ours, theirs)
    weights = torch.randn_like(ours)
    found = torch.autograd.grad((ours * weights).sum(), learned)
    expected = torch.autograd.grad((theirs * weights).sum(), learned)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_products_in_bfloat16_stay_near_the_formula() -> None:
    learned, fixed = example(torch.float32)
    streams = [one.detach().bfloat16() for one in learned[:3]]
    ours = attended([*streams, *learned[3:]], fixed)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours.float(), by_the_formula(learned, **fixed), atol=0.05, rtol=0.05)


def test_nothing_that_comes_later_is_read() -> None:
    learned, fixed = example(torch.float32)
    with torch.no_grad():
        before = attended(learned, fixed)
        for stream in learned[1:3]:
            stream[:, :, 9:] = 1e6
        after = attended(learned, fixed)
    assert torch.equal(before[:, :, :9], after[:, :, :9])
    assert not torch.equal(before[:, :, 9:], after[:, :, 9:])


def test_rows_of_several_windows_have_the_gradients_of_the_formula() -> None:
    learned, fixed = example(torch.float64)
    starts = torch.tensor([0, 5, 9])[:, None, None]
    time = torch.arange(L)
    earlier = (time[:, None] >= starts) & (time[None, :] < starts)
    fixed["distance"] = fixed["distance"].double().masked_fill(earlier, torch.inf)
    ours, theirs = (
        attended(learned, fixed),
        by_the_formula(learned, fixed["distance"][:, None], fixed["same"]),
    )
    torch.testing.assert_close(ours, theirs)
    weights = torch.randn_like(ours)
    found = torch.autograd.grad((ours * weights).sum(), learned)
    expected = torch.autograd.grad((theirs * weights).sum(), learned)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
