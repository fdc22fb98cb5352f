import math

import pytest
import torch
from torch import Tensor, nn

from ikt_model.balancing import BALANCES, GradientNormBalance, UncertaintyBalance
from ikt_model.losses import Losses
from ikt_model.settings import LossSettings

SETTINGS = LossSettings(difficulty_weight=0.0)


def losses(shared: Tensor, scales: tuple[float, float, float]) -> Losses:
    """Three losses of one shared vector that pull in different directions, as hard as `scales` says."""
    bce, l_21, l_23 = (scale * (shared[index] - 1) ** 2 for index, scale in enumerate(scales))
    nothing = torch.zeros(())
    return Losses(bce, l_21, nothing, l_23, nothing)


def test_fixed_weights_are_those_of_the_loss() -> None:
    shared = torch.zeros(3)
    balance = BALANCES["fixed"]()
    total = balance.total(losses(shared, (1.0, 2.0, 3.0)), settings=SETTINGS, lambda_=0.3)
    assert total.item() == pytest.approx(0.7 * 1 + 0.3 * 2 + 0.3 * 3)
    assert set(balance.factors().values()) == {1.0}


def test_uncertainty_settles_where_each_loss_weighs_its_own_inverse() -> None:
    """The minimum of l·exp(−s) + s is at exp(−s) = 1/l, whatever the base weight."""
    balance = UncertaintyBalance()
    optimizer = torch.optim.Adam(balance.parameters(), lr=0.05)
    fixed = losses(torch.zeros(3), (0.5, 2.0, 4.0))
    for _ in range(800):
        optimizer.zero_grad()
        balance.total(fixed, settings=SETTINGS, lambda_=0.3).backward()
        optimizer.step()
    assert list(balance.factors().values()) == pytest.approx([2.0, 0.5, 0.25], rel=0.02)


def test_gradient_norms_are_brought_together() -> None:
    shared = nn.Parameter(torch.zeros(3))
    scales = (1.0, 100.0, 0.01)
    balance = GradientNormBalance()
    for _ in range(4000):
        balance.observe(losses(shared, scales), [shared], lambda_=0.5)
    factors = list(balance.factors().values())
    pulls = [factor * scale for factor, scale in zip(factors, scales, strict=True)]
    assert max(pulls) / min(pulls) < 1.3  # from 10,000
    assert sum(factors) == pytest.approx(3)


@pytest.mark.parametrize("lambda_", [0.0, 1.0])
def test_nothing_is_balanced_while_one_side_is_silent(lambda_: float) -> None:
    shared = nn.Parameter(torch.zeros(3))
    balance = GradientNormBalance()
    balance.observe(losses(shared, (1.0, 2.0, 3.0)), [shared], lambda_=lambda_)
    assert set(balance.factors().values()) == {1.0}


@pytest.mark.parametrize("name", list(BALANCES))
def test_a_balance_goes_on_from_its_state(name: str) -> None:
    shared = nn.Parameter(torch.zeros(3))
    first, second = BALANCES[name](), BALANCES[name]()
    for _ in range(30):
        first.observe(losses(shared, (1.0, 2.0, 3.0)), [shared], lambda_=0.5)
    second.load_state_dict(first.state_dict())
    for balance in (first, second):
        balance.observe(losses(shared, (3.0, 2.0, 1.0)), [shared], lambda_=0.5)
    assert first.factors() == second.factors()
    assert all(math.isfinite(factor) for factor in first.factors().values())
