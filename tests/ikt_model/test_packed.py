"""Windows that share a row say, cost and teach what they do in rows of their own."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from ikt_model.config import resolve_config
from ikt_model.data.batches import Batch
from ikt_model.data.packing import Packing
from ikt_model.losses import compute_losses, term_weights
from ikt_model.networks import empty_network
from ikt_model.references import calibrate
from ikt_model.run import Run, prepare
from ikt_model.settings import DktSettings, IktSettings, LossSettings, ReferenceModelSettings
from tests.ikt_model.as_on_cuda import gather_as_on_cuda
from tests.ikt_model.classrooms import random_histories

MODES = ["mean", "pointwise", "per-sequence", "standardized"]


@cache
def example(mastery: str = "scalar") -> tuple[Run, Batch, Batch]:
    """A network that has left its start, and the same windows in rows of their own and packed."""
    sequences = random_histories(40, seed=3)
    model = {"d_model": 16, "n_heads": 2, "n_blocks": 2, "d_ff": 16, "window": 30, "mastery": mastery}
    model |= {"dropout": 0.0}
    training = {"precision": "float32"}
    config = resolve_config(None, {"model": model, "reference": {"name": "pfa"}, "training": training})
    calibration = calibrate(sequences, settings=config.reference)
    run = prepare(config, sequences, fold=0, calibration=calibration, device="cpu")
    torch.manual_seed(0)
    with torch.no_grad():
        for weights in run.network.parameters():
            weights += 0.1 * torch.randn_like(weights)
    packing = Packing.of(run.training, window=30, batch_tokens=100_000)
    plan = torch.as_tensor(packing.epoch(np.random.default_rng(0)))
    plain = run.data.gather(run.training, np.arange(len(run.training.starts)))
    return run, plain, run.data.gather_packed(plan[:, 0])


def by_step(values: Tensor, batch: Batch, counts: Tensor) -> Tensor:
    """What counts, in the order of the flat arrays."""
    return values[counts][batch.steps[counts].argsort()]


def test_the_examples_rows_hold_several_windows() -> None:
    _, plain, packed = example()
    filled = packed.valid.any(dim=1).sum()
    assert 1.5 * filled < len(plain.valid) == packed.begins().sum()
    assert len(packed.valid) > filled, "no row is empty"


@pytest.mark.parametrize("mastery", ["scalar", "skill-wise"])
def test_the_network_says_the_same(mastery: str) -> None:
    run, plain, packed = example(mastery)
    with torch.no_grad():
        ours, theirs = run.network(packed), run.network(plain)
    for name in ("theta", "mastery_after_logit", "states"):
        one = by_step(getattr(ours, name), packed, packed.valid)
        other = by_step(getattr(theirs, name), plain, plain.valid)
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    for name in ("logit", "mastery_logit", "beta"):
        one = by_step(getattr(ours, name), packed, packed.asked)
        other = by_step(getattr(theirs, name), plain, plain.asked)
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("target", ["static", "dynamic"])
def test_every_loss_and_its_gradient_are_the_same(mode: str, target: str) -> None:
    run, plain, packed = example()
    settings = LossSettings.model_validate(
        {"ability_alignment": mode, "ability_target": target, "scale_weight": 1.0, "lambda_target": 0.4}
    )
    found = []
    for batch in (plain, packed):
        losses = compute_losses(run.network(batch), batch, reference=run.reference, settings=settings)
        total = run.balance.total(losses, settings=settings, lambda_=0.4)
        slopes = torch.autograd.grad(total, list(run.network.parameters()))
        found.append((losses.terms(), term_weights(batch, settings), slopes))
    (terms, weights, slopes), (packed_terms, packed_weights, packed_slopes) = found
    torch.testing.assert_close(packed_terms, terms, atol=1e-5, rtol=1e-5)
    assert torch.equal(packed_weights, weights)
    for one, other in zip(packed_slopes, slopes, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("mastery", ["scalar", "skill-wise"])
def test_a_gpus_ways_to_take_rows_cost_the_same(mastery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _, packed = example(mastery)
    found = []
    for _ in range(2):
        losses = run.losses(run.network, packed)
        total = run.balance.total(losses, settings=run.config.loss, lambda_=0.4)
        weights = list(run.network.parameters())
        found.append((losses.terms(), torch.autograd.grad(total, weights)))
        gather_as_on_cuda(monkeypatch)
    torch.testing.assert_close(found[1], found[0], atol=1e-5, rtol=1e-4)


def test_a_window_reads_nothing_of_its_neighbours() -> None:
    run, _, packed = example()
    assert packed.place is not None
    row = int(packed.begins().sum(dim=1).argmax())
    second = int(packed.begins()[row].nonzero()[1])
    flipped = packed.responses.clone()
    flipped[row, second:] ^= 1
    state = packed.state.clone()
    state[row, second:] = 9.0
    with torch.no_grad():
        before = run.network(packed).theta[row]
        after = run.network(_with(packed, responses=flipped, state=state)).theta[row]
    assert torch.equal(before[:second], after[:second])
    flipped = packed.responses.clone()
    flipped[row, :second] ^= 1
    with torch.no_grad():
        after = run.network(_with(packed, responses=flipped)).theta[row]
    assert torch.equal(before[second:], after[second:])
    assert not torch.equal(before[:second], after[:second])


def _with(batch: Batch, **changes: Tensor) -> Batch:
    fields = {name: getattr(batch, name) for name in Batch.__slots__}
    return Batch(**fields | changes)


def test_only_networks_without_a_recurrence_can_be_packed() -> None:
    kinds = {
        True: [IktSettings(), IktSettings(mastery="skill-wise")],
        False: [IktSettings(recurrent_width=8), DktSettings(), ReferenceModelSettings()],
    }
    for can, models in kinds.items():
        assert [empty_network(model, n_skills=3).can_be_packed for model in models] == [can] * len(models)
