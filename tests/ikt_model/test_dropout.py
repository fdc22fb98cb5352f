import pytest
import torch

from ikt_model.dropout import Dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_so_many_values_go_and_the_others_keep_the_mean(rate: float) -> None:
    torch.manual_seed(0)
    dropped = Dropout(rate)(torch.ones(1000, 1001))
    assert (dropped == 0).double().mean().item() == pytest.approx(rate, abs=0.002)
    torch.testing.assert_close(dropped[dropped > 0].unique(), torch.tensor([1 / (1 - rate)]))


def test_values_next_to_each_other_go_independently() -> None:
    torch.manual_seed(1)
    gone = (Dropout(0.3)(torch.ones(1, 400_000)) == 0).double()
    for lag in (1, 2, 3, 4, 5, 8):
        both = (gone[:, lag:] * gone[:, :-lag]).mean().item()
        assert both == pytest.approx(0.09, abs=0.003), lag


def test_the_seed_decides_which_values_go() -> None:
    def masks(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return Dropout(0.5)(torch.ones(7, 13))

    assert torch.equal(masks(3), masks(3))
    assert not torch.equal(masks(3), masks(4))


def test_gradients_go_where_values_went() -> None:
    values = torch.ones(50, 3, requires_grad=True)
    dropped = Dropout(0.5)(values)
    dropped.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, dropped.detach())


def test_nothing_goes_when_nothing_is_trained() -> None:
    values = torch.randn(5, 5)
    assert torch.equal(Dropout(0.5).eval()(values), values)
    assert torch.equal(Dropout(0.0)(values), values)
