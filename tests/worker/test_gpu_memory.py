"""The estimate against what steps really keep, and against what changes should do to it."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.batches import batch_rows
from ikt_model.data.sequences import Sequences
from ikt_model.data.simulate import simulate_classroom
from ikt_model.losses import compute_losses, prediction_loss
from ikt_model.references import calibrate
from ikt_model.run import Run, prepare
from worker.gpu_memory import (
    CONTEXT_BYTES,
    SAFETY,
    TABLE_BYTES,
    WEIGHT_BYTES,
    WORKSPACE_BYTES,
    count_weights,
    estimate_bytes,
    step_bytes,
)

GIB = 1024**3
SMALL: dict[str, Any] = {
    "model": {"d_model": 64, "d_ff": 128, "n_heads": 4, "n_blocks": 2, "window": 50},
    "training": {"batch_tokens": 2000, "precision": "float32"},
}


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    return simulate_classroom(n_students=80, n_skills=10, seed=5, mean_length=60).sequences


def configured(section: str = "model", **changes: Any) -> ExperimentConfig:
    return resolve_config(None, {**SMALL, section: {**SMALL.get(section, {}), **changes}})


def prepared(config: ExperimentConfig, sequences: Sequences) -> Run:
    calibration = calibrate(sequences, settings=config.reference)
    return prepare(config, sequences, fold=0, calibration=calibration, device="cpu")


def kept_by_a_step(run: Run) -> int:
    """Bytes that are kept from the way there for the way back, weights left out."""
    weights = {value.untyped_storage().data_ptr() for value in run.network.parameters()}
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return value

    *_, longest = batch_rows(run.training.lengths, batch_tokens=run.config.training.batch_tokens)
    batch = run.data.gather(run.training, longest)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        output = run.network(batch)
        if run.network.has_ability:
            compute_losses(output, batch, reference=run.reference, settings=run.config.loss)
        else:
            prediction_loss(output, batch)
    return sum(kept.values())


@pytest.mark.parametrize(
    "model",
    [
        SMALL["model"],
        SMALL["model"] | {"d_ff": 512},
        SMALL["model"] | {"n_heads": 16, "n_blocks": 3},
        SMALL["model"] | {"recurrent_width": 96},
        {"type": "dkt", "d_model": 96, "window": 50},
    ],
)
def test_a_step_keeps_no_more_than_was_thought_and_not_far_less(
    sequences: Sequences, model: dict[str, Any]
) -> None:
    config = resolve_config(None, {**SMALL, "model": model})
    run = prepared(config, sequences)
    kept = kept_by_a_step(run)
    n_sets = sequences.vocabulary.n_sets
    thought = step_bytes(config, config.training.batch_tokens, n_sets=n_sets, size=4)
    assert kept <= thought <= 4 * kept


@pytest.mark.parametrize("type", ["ikt", "dkt", "reference"])
def test_weights_are_those_of_the_network(sequences: Sequences, type: str) -> None:
    config = resolve_config(None, {"model": {"type": type}})
    weights = sum(value.numel() for value in prepared(config, sequences).network.parameters())
    assert count_weights(config, sequences.n_skills) == weights


@pytest.mark.parametrize(
    ("section", "name", "larger"),
    [
        ("model", "d_model", 128),
        ("model", "d_ff", 1024),
        ("model", "n_blocks", 6),
        ("model", "n_heads", 8),
        ("model", "window", 200),
        ("model", "recurrent_width", 64),
        ("training", "batch_tokens", 20_000),
    ],
)
def test_larger_settings_want_more(sequences: Sequences, section: str, name: str, larger: int) -> None:
    before, after = configured(), configured(section, **{name: larger})
    assert want(after, sequences) > want(before, sequences)


def want(config: ExperimentConfig, sequences: Sequences, **options: Any) -> int:
    return estimate_bytes(config, sequences, **{"products": torch.float32, **options})


def test_bfloat16_more_devices_and_fewer_responses_want_less(sequences: Sequences) -> None:
    config = configured("training", batch_tokens=20_000)
    whole = want(config, sequences)
    assert want(config, sequences, products=torch.bfloat16) < whole
    assert want(config, sequences, devices=4) < whole
    assert want(config, sequences.select(sequences.folds == 0)) < whole


def test_many_skills_want_more_than_their_weights() -> None:
    config = configured()
    many = simulate_classroom(n_students=5, n_skills=20_000, seed=5).sequences
    few = simulate_classroom(n_students=5, n_skills=10, seed=5).sequences
    weights = WEIGHT_BYTES * (count_weights(config, 20_000) - count_weights(config, 10))
    in_each_step = 19_000 * 64 * TABLE_BYTES
    assert want(config, many) - want(config, few) > SAFETY * (weights + in_each_step)


def test_a_small_network_wants_little_more_than_cuda_itself(sequences: Sequences) -> None:
    least = CONTEXT_BYTES + WORKSPACE_BYTES
    small = estimate_bytes(resolve_config("small-dynamic"), sequences, products=torch.bfloat16)
    assert least < small < 2 * GIB


def test_the_comparisons_network_fits_a_usual_gpu(sequences: Sequences) -> None:
    config = resolve_config("l23-pointwise")
    assert 2 * GIB < estimate_bytes(config, sequences, products=torch.bfloat16) < 16 * GIB
