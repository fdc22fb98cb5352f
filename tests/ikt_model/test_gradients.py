import math

import pytest
import torch
from torch import Tensor, nn

from ikt_model.gradients import gradient_figures
from ikt_model.losses import Losses


def batch(bce: Tensor, l_21: Tensor, l_23: Tensor) -> Losses:
    return Losses(bce, l_21, torch.zeros(()), l_23, torch.zeros(()))


def test_norms_and_angles_are_those_of_the_gradients() -> None:
    shared = nn.Parameter(torch.zeros(2))
    x, y = shared
    figures = gradient_figures([batch(3 * x, -2 * x, 4 * y)], [shared])
    assert figures["grad_norm_l_bce"] == pytest.approx(3)
    assert figures["grad_norm_l_21"] == pytest.approx(2)
    assert figures["grad_norm_l_23"] == pytest.approx(4)
    assert figures["grad_cosine_l_bce_l_21"] == pytest.approx(-1)
    assert figures["grad_cosine_l_bce_l_23"] == pytest.approx(0)


def test_it_is_the_mean_over_batches_that_counts() -> None:
    shared = nn.Parameter(torch.zeros(2))
    x, y = shared
    figures = gradient_figures([batch(x, x, y), batch(-x, x, y)], [shared])
    assert figures["grad_norm_l_bce"] == 0
    assert figures["grad_norm_l_21"] == pytest.approx(1)
    assert math.isnan(figures["grad_cosine_l_bce_l_21"])


def test_a_scale_penalty_joins_when_it_is_named() -> None:
    shared = nn.Parameter(torch.zeros(2))
    x, y = shared
    losses = Losses(x, x, torch.zeros(()), y, 2 * y)
    figures = gradient_figures([losses], [shared], names=("l_bce", "l_23", "l_scale"))
    assert figures["grad_norm_l_scale"] == pytest.approx(2)
    assert figures["grad_cosine_l_23_l_scale"] == pytest.approx(1)


def test_what_a_loss_does_not_reach_counts_as_zero() -> None:
    one, other = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    figures = gradient_figures([batch(one.sum(), one.sum() + other.sum(), other.sum() * 1.0)], [one, other])
    assert figures["grad_cosine_l_bce_l_21"] == pytest.approx(2**-0.5)
    assert figures["grad_cosine_l_bce_l_23"] == 0
