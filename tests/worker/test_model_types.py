"""Every kind of model goes the same way through a worker, and leaves a model that can be asked."""

import math
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from db.artifacts import open_artifacts
from db.engine import SessionFactory
from db.models import Dataset
from ikt_model.config import resolve_config
from ikt_model.inference import Engine, Histories, History
from tests.stacks import Stack
from tests.worker.support import TINY, Seen, look, queue_experiment, settings_of
from worker.settings import WorkerSettings
from worker.training import run_experiment

BASELINES = ("skill-rate", "rasch", "pfa", "bkt")


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


def trained(
    sessions: SessionFactory,
    settings: WorkerSettings,
    dataset_id: UUID,
    preset: str | None,
    **overrides: dict[str, Any],
) -> Seen:
    config = resolve_config(preset, overrides)
    experiment_id = queue_experiment(
        sessions, dataset_id, config=config.model_dump(mode="json"), epochs=config.training.epochs
    )
    assert run_experiment(experiment_id, settings=settings)
    seen = look(sessions, experiment_id)
    assert seen.experiment.error_detail is None
    assert seen.experiment.status == "succeeded"
    return seen


def asked(stack: Stack, seen: Seen) -> Engine:
    assert seen.model is not None
    return Engine.load(Path(open_artifacts(stack.database_settings()).fetch(seen.model.artifact)))


@pytest.mark.parametrize("name", BASELINES)
def test_a_reference_is_measured_as_a_model_of_its_own(
    name: str, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
) -> None:
    seen = trained(sessions, settings, dataset.id, name)
    metrics = seen.experiment.metrics
    assert metrics is not None
    assert metrics["auc"] == pytest.approx(metrics["reference_auc"])
    assert metrics["l_21_kl"] == pytest.approx(0, abs=1e-6)
    assert metrics["p_mastery_pearson"] == pytest.approx(1)
    engine = asked(stack, seen)
    history = History([[engine.skills[0]], [engine.skills[1]]], [1, 0])
    state, trajectory = engine.score(Histories.of([history])), engine.predictor.trajectory(history)
    assert np.isfinite(state.mastery).all()
    np.testing.assert_allclose(state.mastery, state.mastery_reference, atol=1e-6)
    assert 0 < trajectory.probability[1] < 1


def test_dkt_has_figures_for_what_it_predicts_and_none_for_an_ability(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
) -> None:
    seen = trained(
        sessions, settings, dataset.id, None, model={"type": "dkt", "d_model": 16}, training={"epochs": 2}
    )
    metrics = seen.experiment.metrics
    assert metrics is not None
    assert 0 < metrics["auc"] < 1
    assert metrics["loss"] == pytest.approx(metrics["l_bce"])
    assert metrics["theta_pearson"] is None
    assert seen.epochs[0].metrics["train_loss"] > 0
    state = asked(stack, seen).nobody()
    assert np.isfinite(state.mastery).all()


def test_a_skill_wise_model_records_how_its_losses_pull(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
) -> None:
    overrides: dict[str, Any] = {
        "model": {**TINY["model"], "mastery": "skill-wise", "skill_rank": 4},
        "reference": {"name": "pfa"},
        "loss": {"balancing": "gradient-norm"},
        "training": {"epochs": 2, "batch_tokens": 512},
    }
    seen = trained(sessions, settings, dataset.id, None, **overrides)
    for epoch in seen.epochs:
        measured = epoch.metrics
        assert all(measured[f"train_grad_norm_{name}"] > 0 for name in ("l_bce", "l_21", "l_23"))
        assert -1 <= measured["train_grad_cosine_l_bce_l_21"] <= 1
        factors = [measured[f"train_factor_{name}"] for name in ("l_bce", "l_21", "l_23")]
        assert sum(factors) == pytest.approx(3, rel=1e-4)
    assert seen.experiment.warnings == []


def test_training_warns_of_a_reference_that_predicts_worse_than_the_skill_means(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
) -> None:
    reference = {"name": "rasch", "difficulty": "joint", "ability": "maximum-likelihood"}
    seen = trained(
        sessions,
        settings,
        dataset.id,
        None,
        model=TINY["model"],
        reference=reference,
        training={"epochs": 1, "batch_tokens": 512},
    )
    assert any("worse than the skill means" in warning for warning in seen.experiment.warnings)
    assert math.isfinite(seen.experiment.metrics["auc"])  # type: ignore[index]
