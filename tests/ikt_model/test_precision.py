import time
from pathlib import Path

import pytest
import torch

from ikt_model import precision
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.batches import batch_rows
from ikt_model.precision import products_in
from ikt_model.references import calibrate
from ikt_model.run import prepare
from ikt_model.training import train
from tests.ikt_model.classrooms import classroom, tiny_config


def in_precision(precision: str, **model: object) -> ExperimentConfig:
    settings = tiny_config().model_dump()
    settings["training"]["precision"] = precision
    settings["model"] |= model
    return resolve_config(None, settings)


@pytest.mark.parametrize(
    ("knows", "gain", "chosen"),
    [
        ({"avx512_bf16": True}, 2.0, torch.bfloat16),
        ({"amx_bf16": True}, 8.0, torch.bfloat16),
        ({"avx512_bf16": True}, 0.5, torch.float32),
        ({"avx512_bf16": False, "avx2": True}, 2.0, torch.float32),
        ({}, 2.0, torch.float32),
    ],
    ids=str,
)
def test_a_processor_is_asked_what_it_can_do_and_timed(
    monkeypatch: pytest.MonkeyPatch, knows: dict[str, bool], gain: float, chosen: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: knows)
    monkeypatch.setattr(precision, "bfloat16_gain", lambda: gain)
    assert products_in("auto", "cpu") is chosen
    assert products_in("float32", "cpu") is torch.float32
    assert products_in("bfloat16", "cpu") is torch.bfloat16


@pytest.mark.parametrize(("slower", "low", "high"), [(torch.float32, 1.5, 9.0), (torch.bfloat16, 0.1, 0.7)])
def test_the_gain_is_what_a_stopwatch_tells(
    monkeypatch: pytest.MonkeyPatch, slower: torch.dtype, low: float, high: float
) -> None:
    monkeypatch.setattr(torch, "mm", lambda one, _: time.sleep(0.004 if one.dtype is slower else 0.001))
    precision.bfloat16_gain.cache_clear()
    try:
        assert low < precision.bfloat16_gain() < high
    finally:
        precision.bfloat16_gain.cache_clear()


def test_a_setting_that_was_not_there_renames_no_configuration() -> None:
    assert resolve_config("small-dynamic").fingerprint() == "4001e1f9f2e0f103"
    names = {in_precision(one).fingerprint() for one in ("auto", "float32", "bfloat16")}
    assert len(names) == 3


@pytest.mark.parametrize("model", [{}, {"recurrent_width": 8}, {"n_heads": 2}], ids=str)
def test_what_is_said_is_float32_whatever_is_multiplied_in(model: dict[str, object]) -> None:
    sequences = classroom(n_students=40, seed=1).sequences
    config = in_precision("bfloat16", **model)
    calibration = calibrate(sequences, settings=config.reference)
    run = prepare(config, sequences, fold=0, calibration=calibration, device="cpu")
    batch = run.data.gather(run.training, next(batch_rows(run.training.lengths, batch_tokens=128)))
    with torch.autocast("cpu", dtype=run.products):
        output = run.network(batch)
    for name in ("logit", "mastery_logit", "mastery_after_logit", "theta", "beta"):
        assert getattr(output, name).dtype == torch.float32, name


def test_a_training_in_bfloat16_learns_as_much(tmp_path: Path) -> None:
    sequences = classroom(n_students=300, seed=2).sequences
    calibration = calibrate(sequences.select(sequences.folds != 0), settings=tiny_config().reference)
    aucs = {}
    for products in ("float32", "bfloat16"):
        result = train(
            in_precision(products),
            sequences,
            fold=0,
            calibration=calibration,
            device="cpu",
            folder=tmp_path / products,
            on_epoch=lambda _: None,
            on_progress=lambda _: True,
        )
        aucs[products] = result.metrics["auc"]
    assert aucs["bfloat16"] != aucs["float32"]
    assert aucs["bfloat16"] == pytest.approx(aucs["float32"], abs=0.005)
