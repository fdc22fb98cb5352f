"""Blocks are compiled where that pays, and nowhere else."""

import dataclasses

import pytest
import torch

from ikt_model import compiling, run
from ikt_model.compiling import LEAST_OPERATIONS, can_compile, is_worth_compiling, training_operations
from ikt_model.config import resolve_config
from ikt_model.references import calibrate
from ikt_model.run import Run, prepare
from ikt_model.settings import DktSettings, IktSettings
from tests.ikt_model.classrooms import classroom, tiny_config

LARGE = IktSettings(d_model=512, n_blocks=12, n_heads=8, d_ff=2048)


def test_operations_are_those_of_the_matrices() -> None:
    """By hand: a block multiplies by 5·D² + 2·D·F weights, and L scores and L values of width D."""
    by_hand = 12 * (5 * 512**2 + 2 * 512 * 2048 + 2 * 200 * 512) * 2 * 3
    assert training_operations(LARGE, responses=1000) == by_hand * 1000
    recurrent = 2 * 8 * 200**2 * 3
    assert training_operations(DktSettings(d_model=200), responses=10) == recurrent * 10


@pytest.mark.parametrize(
    ("device", "triton", "compiler", "can"),
    [
        ("cuda", "there", "/usr/bin/cc", True),
        ("cuda:1", "there", "/usr/bin/cc", True),
        ("cpu", "there", "/usr/bin/cc", False),
        ("cuda", None, "/usr/bin/cc", False),
        ("cuda", "there", None, False),
    ],
)
def test_it_takes_a_gpu_triton_and_a_c_compiler(
    monkeypatch: pytest.MonkeyPatch, device: str, triton: str | None, compiler: str | None, can: bool
) -> None:
    monkeypatch.setattr(compiling, "find_spec", lambda _: triton)
    monkeypatch.setattr(compiling.shutil, "which", lambda _: compiler)
    assert can_compile(device) is can


def test_only_a_long_training_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "can_compile", lambda device: device == "cuda")
    enough = int(LEAST_OPERATIONS / training_operations(LARGE, responses=1)) + 1
    assert is_worth_compiling(LARGE, responses=enough, device="cuda")
    assert not is_worth_compiling(LARGE, responses=enough - 1, device="cuda")
    assert not is_worth_compiling(LARGE, responses=enough, device="cpu")
    assert not is_worth_compiling(IktSettings(), responses=30 * 500_000, device="cuda")


def prepared(**training: object) -> Run:
    settings = tiny_config().model_dump()
    settings["training"] |= training
    sequences = classroom(n_students=40, seed=1).sequences
    config = resolve_config(None, settings)
    calibration = calibrate(sequences, settings=config.reference)
    return prepare(config, sequences, fold=0, calibration=calibration, device="cpu")


def test_a_run_compiles_what_it_repeats_and_evaluates_without(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(run, "is_worth_compiling", lambda _, **about: bool(told.append(about)) or True)
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda _, **how: asked.append(how))
    planned = dataclasses.replace(prepared(), is_planned=True)
    assert planned.planned is planned.planned
    assert asked == [{"dynamic": False}] * len(planned.network.repeated_blocks())
    assert len(asked) == 1
    assert told == [{"responses": 3 * planned.training.lengths.sum(), "device": "cpu"}]
    stances: list[str] = []
    monkeypatch.setattr(torch.compiler, "set_stance", lambda stance: stances.append(stance))
    assert planned.eagerly() is None
    assert stances == ["force_eager"]


def test_neither_plain_nor_deterministic_runs_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "is_worth_compiling", lambda *_, **__: True)
    assert not prepared().is_compiled
    assert not dataclasses.replace(prepared(deterministic=True), is_planned=True).is_compiled
    assert dataclasses.replace(prepared(), is_planned=True).is_compiled
