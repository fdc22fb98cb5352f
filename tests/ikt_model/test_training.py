from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ikt_model import evaluation, training
from ikt_model.checkpoint import CHECKPOINT_FILE
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.sequences import Sequences
from ikt_model.epochs import learning_rate_factor
from ikt_model.inference import Predictor
from ikt_model.metrics import HeldOut
from ikt_model.references import Calibration, calibrate
from ikt_model.training import (
    EpochReport,
    NothingToTrain,
    TrainingDiverged,
    TrainingResult,
    TrainingStopped,
    train,
)
from tests.ikt_model.classrooms import Unreal, classroom, tiny_config, with_responses


def fitted(sequences: Sequences, fold: int = 0) -> Calibration:
    return calibrate(sequences.select(sequences.folds != fold), settings=tiny_config().reference)


def run(
    sequences: Sequences,
    folder: Path,
    *,
    config: ExperimentConfig | None = None,
    stop_after: float = 2.0,
    calibration: Calibration | None = None,
) -> tuple[TrainingResult, list[EpochReport]]:
    reports: list[EpochReport] = []
    result = train(
        config or tiny_config(),
        sequences,
        fold=0,
        calibration=calibration or fitted(sequences),
        device="cpu",
        folder=folder,
        on_epoch=reports.append,
        on_progress=lambda share: share < stop_after,
    )
    return result, reports


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return classroom(n_students=150, seed=6).sequences


def test_the_same_seed_gives_the_same_numbers(sequences: Sequences, tmp_path: Path) -> None:
    first, _ = run(sequences, tmp_path / "a")
    second, _ = run(sequences, tmp_path / "b")
    other, _ = run(sequences, tmp_path / "c", config=resolve_config(None, _with_seed(7)))
    assert first.metrics == second.metrics
    assert first.metrics["auc"] != other.metrics["auc"]


def _with_seed(seed: int) -> dict[str, object]:
    settings = tiny_config().model_dump()
    settings["training"]["seed"] = seed
    return settings


@pytest.mark.parametrize("stop_after", [0.2, 0.34, 0.5, 0.9])
def test_a_stopped_training_goes_on_to_the_same_bits(
    sequences: Sequences, tmp_path: Path, stop_after: float
) -> None:
    undisturbed, reports = run(sequences, tmp_path / "whole")
    with pytest.raises(TrainingStopped):
        run(sequences, tmp_path / "broken", stop_after=stop_after)
    torch.manual_seed(999)  # whatever else the process did in between
    resumed, later = run(sequences, tmp_path / "broken")
    assert resumed.metrics == undisturbed.metrics
    assert [report.metrics for report in later] == [report.metrics for report in reports][-len(later) :]
    assert len(later) < 3 or stop_after < 1 / 3
    weights = load_file(undisturbed.model_folder / "weights.safetensors")
    for name, value in load_file(resumed.model_folder / "weights.safetensors").items():
        assert torch.equal(value, weights[name]), name
    assert resumed.predictions_path.read_bytes() == undisturbed.predictions_path.read_bytes()


def test_a_checkpoint_of_another_run_is_not_taken_up(sequences: Sequences, tmp_path: Path) -> None:
    run(sequences, tmp_path, config=tiny_config(lambda_target=0.1))
    _, reports = run(sequences, tmp_path, config=tiny_config(lambda_target=0.2))
    assert [report.epoch for report in reports] == [1, 2, 3]


def test_the_checkpoint_is_one_whole_file(sequences: Sequences, tmp_path: Path) -> None:
    run(sequences, tmp_path)
    assert [path.name for path in (tmp_path / "checkpoint").iterdir()] == [CHECKPOINT_FILE]


def test_every_figure_of_the_comparison_is_reported(sequences: Sequences, tmp_path: Path) -> None:
    result, reports = run(sequences, tmp_path)
    spread = {
        f"{name}_{part}" for name in ("theta", "beta", "mastery") for part in ("mean", "std", "min", "max")
    }
    agreement = {
        f"{name}_{kind}" for name in ("theta", "beta", "mastery") for kind in ("pearson", "spearman")
    }
    losses = {"loss", "l_bce", "l_21", "l_21_floor", "l_21_kl", "l_22", "l_23", "l_scale", "lambda"}
    named = {"auc", "accuracy", "p_mastery_pearson", "reference_auc"} | spread | agreement | losses
    assert named <= set(result.metrics)
    assert {
        f"train_{name}" for name in ("loss", "l_bce", "l_21", "l_22", "l_23", "l_align", "l_scale")
    } <= set(reports[0].metrics)
    assert {f"reference_{name}" for name in spread} <= set(result.metrics)
    assert all(np.isfinite(value) for value in result.metrics.values())


def test_dynamic_alignment_learns_the_trajectory(tmp_path: Path) -> None:
    sequences = classroom(n_students=500, n_skills=10, seed=2).sequences
    settings = tiny_config(lambda_warmup_epochs=0).model_dump()
    settings["training"] |= {"epochs": 15, "learning_rate": 5e-3}
    result, reports = run(sequences, tmp_path, config=resolve_config(None, settings))
    assert result.metrics["theta_pearson"] > 0.95
    assert result.metrics["l_23"] < reports[0].metrics["l_23"]
    assert result.metrics["auc"] > result.metrics["reference_auc"] - 0.02


def test_answers_at_random_can_not_be_predicted(tmp_path: Path) -> None:
    """A leak of the answer anywhere in the features would show as an AUC above one half."""
    sequences = classroom(n_students=600, seed=3).sequences
    coin = np.random.default_rng(0).integers(0, 2, sequences.n_responses)
    result, _ = run(with_responses(sequences, coin), tmp_path)
    asked = 600 / 5 * 19
    assert result.metrics["auc"] == pytest.approx(0.5, abs=4 * 0.29 / np.sqrt(asked))


def test_a_few_students_can_be_learnt_by_heart(tmp_path: Path) -> None:
    sequences = classroom(n_students=8, n_skills=3, seed=4).sequences
    everyone = Sequences(
        student_ids=sequences.student_ids,
        folds=np.array([0, 1, 1, 1, 1, 1, 1, 1], np.int16),
        offsets=sequences.offsets,
        skill_sets=sequences.skill_sets,
        responses=sequences.responses,
        vocabulary=sequences.vocabulary,
    )
    settings = resolve_config(None, {"model": {"d_model": 32, "n_blocks": 1, "dropout": 0.0}}).model_dump()
    settings["training"] |= {"epochs": 80, "batch_tokens": 4096, "learning_rate": 1e-2, "weight_decay": 0.0}
    settings["loss"] |= {"lambda_target": 0.0}
    _, reports = run(everyone, tmp_path, config=resolve_config(None, settings))
    assert reports[-1].metrics["train_l_bce"] < 0.05 < 0.4 < reports[0].metrics["train_l_bce"]


def test_a_loss_that_is_not_finite_ends_the_training(sequences: Sequences, tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match="learning_rate"):
        run(sequences, tmp_path, calibration=Unreal(fitted(sequences)))  # type: ignore[arg-type]
    assert not (tmp_path / "model").exists()


def test_too_little_to_train_on_is_refused(tmp_path: Path) -> None:
    sequences = classroom(n_students=40, seed=6).sequences
    short = Sequences(
        student_ids=sequences.student_ids,
        folds=sequences.folds,
        offsets=np.arange(41, dtype=np.int64) * 2,
        skill_sets=sequences.skill_sets[:80],
        responses=sequences.responses[:80],
        vocabulary=sequences.vocabulary,
    )
    with pytest.raises(NothingToTrain, match="3 responses"):
        run(short, tmp_path)


def test_the_model_folder_gives_back_training_s_own_figures(sequences: Sequences, tmp_path: Path) -> None:
    result, _ = run(sequences, tmp_path)
    held_out = sequences.select(sequences.folds == 0)
    again = Predictor.load(result.model_folder).evaluate(held_out).metrics
    assert set(again) == set(result.metrics)
    for name, value in result.metrics.items():
        assert again[name] == pytest.approx(value, rel=1e-5, abs=1e-7), name


def test_held_out_students_are_asked_once_an_epoch(
    sequences: Sequences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_asked: list[int] = []

    def predict(*arguments: Any, **named: Any) -> HeldOut:
        n_asked.append(1)
        return evaluation.predict(*arguments, **named)

    monkeypatch.setattr(training, "predict", predict)
    whole, reports = run(sequences, tmp_path)
    assert len(n_asked) == len(reports) == 3
    again, reports = run(sequences, tmp_path)
    assert (len(n_asked), reports) == (4, []), "a training that was done already is measured once more"
    assert again.metrics == whole.metrics


def test_learning_rate_rises_once_and_falls_to_almost_nothing() -> None:
    shares = np.linspace(0, 1, 101)
    rates = [learning_rate_factor(share, "one-cycle") for share in shares]
    peak = int(np.argmax(rates))
    assert shares[peak] == pytest.approx(0.25)
    assert rates[peak] == pytest.approx(1.0)
    assert np.diff(rates[: peak + 1]).min() > 0 > np.diff(rates[peak:]).max()
    assert rates[-1] == pytest.approx(1e-4)
    assert {learning_rate_factor(share, "constant") for share in shares} == {1.0}
