import dataclasses
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.balancing import Balance
from ikt_model.data.batches import Batch, WindowedSteps, Windows
from ikt_model.losses import ReferenceScale, ability_alignment, compute_losses, lambda_at
from ikt_model.references import calibrate
from ikt_model.settings import LossSettings, RaschSettings
from ikt_model.tracer import Output
from tests.ikt_model.classrooms import random_histories


@cache
def example(seed: int = 0) -> tuple[Output, Batch, ReferenceScale]:
    sequences = random_histories(8, seed=seed)
    fitted = calibrate(sequences, settings=RaschSettings())
    windows = Windows.cut(sequences, window=64, students=np.ones(8, dtype=bool))
    batch = WindowedSteps(sequences, fitted.targets(sequences)).gather(
        windows, np.arange(len(windows.starts))
    )
    generator = torch.Generator().manual_seed(seed)
    logit, theta, beta, own = (torch.randn(batch.valid.shape, generator=generator) for _ in range(4))
    difficulty = torch.as_tensor(fitted.difficulty, dtype=torch.float32)
    output = Output(
        states=logit[..., None],
        logit=logit,
        mastery_logit=theta - beta + own,
        mastery_after_logit=own,
        theta=theta,
        beta=beta,
    )
    return output, batch, ReferenceScale(batch.sets.mean(difficulty[:, None])[:, 0], 0.5)


def test_total_is_the_weighted_sum_of_its_terms() -> None:
    output, batch, reference = example()
    settings = LossSettings(difficulty_weight=0.1, scale_weight=2.0, lambda_target=0.3)
    terms = compute_losses(output, batch, reference=reference, settings=settings)
    total = Balance().total(terms, settings=settings, lambda_=0.3)
    expected = 0.7 * terms.l_bce + 0.1 * terms.l_22 + 0.3 * (terms.l_21 + terms.l_23) + 2.0 * terms.l_scale
    assert total.item() == pytest.approx(expected.item(), rel=1e-6)


def test_terms_equal_their_formulas_step_by_step() -> None:
    output, batch, reference = example(3)
    terms = compute_losses(output, batch, reference=reference, settings=LossSettings())
    bce, l_21, l_22, l_23 = [], [], [], []
    for row, t in torch.nonzero(batch.valid).tolist():
        l_23.append((output.theta[row, t] - batch.theta_reference[row, t]).item() ** 2)
        if batch.asked[row, t]:
            p, r = torch.sigmoid(output.logit[row, t]).item(), batch.next_responses[row, t].item()
            bce.append(-np.log(p if r else 1 - p))
            beta = reference.difficulty[batch.next_skill_sets[row, t]]
            m = torch.sigmoid(output.mastery_logit[row, t]).item()
            m_ref = torch.sigmoid(batch.theta_reference[row, t] - beta).item()  # Rasch, by its formula
            l_21.append(-m_ref * np.log(m) - (1 - m_ref) * np.log(1 - m))
            l_22.append((output.beta[row, t] - beta).item() ** 2)
    named = (("l_bce", bce), ("l_21", l_21), ("l_22", l_22), ("l_23", l_23))
    for name, by_hand in named:
        assert getattr(terms, name).item() == pytest.approx(np.mean(by_hand), rel=1e-4), name


@pytest.mark.parametrize("shift", [0.0, 50.0])
def test_l_scale_is_how_far_the_spread_of_abilities_is_from_its_target(shift: float) -> None:
    output, batch, reference = example()
    output = dataclasses.replace(output, theta=output.theta + shift)
    spread = output.theta[batch.valid].double().std(correction=0).item()
    losses = compute_losses(output, batch, reference=reference, settings=LossSettings())
    assert losses.l_scale.item() == pytest.approx((spread - reference.target_std) ** 2, rel=1e-4)


@given(
    noise=st.integers(0, 1000), mode=st.sampled_from(["mean", "pointwise", "per-sequence", "standardized"])
)
def test_padding_never_enters_a_loss(noise: int, mode: str) -> None:
    output, batch, reference = example(1)
    generator = torch.Generator().manual_seed(noise)
    garbage = 1e3 * torch.randn(batch.valid.shape, generator=generator)
    dirty = Output(
        states=output.states,
        mastery_logit=torch.where(batch.asked, output.mastery_logit, garbage),
        mastery_after_logit=torch.where(batch.valid, output.mastery_after_logit, garbage),
        logit=torch.where(batch.asked, output.logit, garbage),
        theta=torch.where(batch.valid, output.theta, garbage),
        beta=torch.where(batch.asked, output.beta, garbage),
    )
    settings = LossSettings.model_validate({"ability_alignment": mode, "scale_weight": 1.0})
    clean = compute_losses(output, batch, reference=reference, settings=settings)
    other = compute_losses(dirty, batch, reference=reference, settings=settings)
    torch.testing.assert_close(other.terms(), clean.terms())


def test_pointwise_alignment_obeys_the_identity_of_scales() -> None:
    """l_23 = s² + S² − 2ρsS + Δ², the identity that exposes contradicting reports."""
    generator = torch.Generator().manual_seed(0)
    theta, target = torch.randn(4, 50, generator=generator), 0.3 + 2 * torch.randn(4, 50, generator=generator)
    valid = torch.ones_like(theta, dtype=torch.bool)
    s, big_s = theta.std(correction=0), target.std(correction=0)
    rho = torch.corrcoef(torch.stack([theta.flatten(), target.flatten()]))[0, 1]
    delta = theta.mean() - target.mean()
    expected = s**2 + big_s**2 - 2 * rho * s * big_s + delta**2
    torch.testing.assert_close(ability_alignment(theta, target, valid, mode="pointwise", scale=1.0), expected)


def test_mean_mode_is_blind_within_a_sequence_and_pointwise_is_not() -> None:
    swing = torch.tensor([[10.0, -10.0, 10.0, -10.0]])
    valid = torch.ones_like(swing, dtype=torch.bool)
    flat = torch.zeros_like(swing)
    assert ability_alignment(swing, flat, valid, mode="mean", scale=1.0).item() == 0.0
    assert ability_alignment(swing, flat, valid, mode="pointwise", scale=1.0).item() == 100.0
    assert ability_alignment(swing, flat, valid, mode="standardized", scale=2.0).item() == 25.0


def test_static_target_is_one_ability_at_every_step() -> None:
    output, batch, reference = example()
    settings = LossSettings(ability_target="static")
    matched = dataclasses.replace(output, theta=batch.theta_static)
    terms = compute_losses(matched, batch, reference=reference, settings=settings)
    assert terms.l_23.item() == 0.0


@pytest.mark.parametrize(
    ("warmup", "epoch", "expected"), [(50, 30, 0.3), (50, 1, 0.01), (50, 80, 0.5), (0, 1, 0.5), (1, 1, 0.5)]
)
def test_lambda_rises_linearly_to_its_target(warmup: int, epoch: int, expected: float) -> None:
    settings = LossSettings(lambda_target=0.5, lambda_warmup_epochs=warmup)
    assert lambda_at(epoch, settings) == pytest.approx(expected)


def test_length_normalised_alignment_lets_every_sequence_count_once() -> None:
    theta = torch.tensor([[1.0, 1.0, 1.0, 1.0], [3.0, 0.0, 0.0, 0.0]])
    valid = torch.tensor([[True, True, True, True], [True, False, False, False]])
    zero = torch.zeros_like(theta)
    assert ability_alignment(theta, zero, valid, mode="per-sequence", scale=1.0).item() == 5.0
    assert ability_alignment(theta, zero, valid, mode="pointwise", scale=1.0).item() == pytest.approx(13 / 5)


@pytest.mark.parametrize(
    ("schedule", "epoch", "expected"),
    [("cosine", 5, 0.25), ("cosine", 10, 0.5), ("cosine", 20, 0.5), ("constant", 1, 0.5)],
)
def test_lambda_follows_its_schedule(schedule: str, epoch: int, expected: float) -> None:
    settings = LossSettings.model_validate(
        {"lambda_target": 0.5, "lambda_warmup_epochs": 10, "lambda_schedule": schedule}
    )
    assert lambda_at(epoch, settings) == pytest.approx(expected)


def test_cosine_rises_slower_than_the_line_at_first_and_catches_up() -> None:
    line, curve = (
        [
            lambda_at(
                epoch, LossSettings.model_validate({"lambda_warmup_epochs": 10, "lambda_schedule": name})
            )
            for epoch in range(1, 11)
        ]
        for name in ("linear", "cosine")
    )
    assert curve[0] < line[0]
    assert curve[-1] == pytest.approx(line[-1])
    assert curve == sorted(curve)
