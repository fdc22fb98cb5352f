"""The same bits are asked for around a training on CUDA alone, and nothing of it is left afterwards."""

import os

import pytest
import torch

from ikt_model.config import resolve_config
from ikt_model.determinism import WORKSPACE, NotDeterministic, deterministic


@pytest.fixture(autouse=True)
def no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE, "")  # so that it is put back afterwards
    monkeypatch.delenv(WORKSPACE)


def kernels() -> tuple[bool, bool, bool]:
    cuda = torch.backends.cuda
    return cuda.math_sdp_enabled(), cuda.flash_sdp_enabled(), cuda.mem_efficient_sdp_enabled()


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_it_holds_meanwhile_and_no_longer(device: str) -> None:
    before = kernels()
    with deterministic(True, device):
        assert torch.are_deterministic_algorithms_enabled()
        assert kernels() == (True, False, False)
        assert os.environ[WORKSPACE] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()
    assert kernels() == before


def test_a_training_that_fails_leaves_nothing_of_it() -> None:
    before = kernels()
    with pytest.raises(KeyError), deterministic(True, "cuda"):
        raise KeyError
    assert not torch.are_deterministic_algorithms_enabled()
    assert kernels() == before


@pytest.mark.parametrize(("wanted", "device"), [(False, "cuda"), (True, "cpu")])
def test_it_asks_nothing_of_others(wanted: bool, device: str) -> None:
    with deterministic(wanted, device):
        assert not torch.are_deterministic_algorithms_enabled()
        assert WORKSPACE not in os.environ


def test_a_workspace_that_was_chosen_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE, ":16:8")
    with deterministic(True, "cuda"):
        assert os.environ[WORKSPACE] == ":16:8"


def test_what_comes_too_late_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE, ":0:0")
    with (
        pytest.raises(NotDeterministic, match=r"is ':0:0'.*set it to ':4096:8'"),
        deterministic(True, "cuda"),
    ):
        pass
    monkeypatch.delenv(WORKSPACE)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    allocated = {"cuda:1": 0, "cuda": 1024}
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", allocated.__getitem__)
    with deterministic(True, "cuda:1"):
        assert os.environ[WORKSPACE] == ":4096:8"
    monkeypatch.delenv(WORKSPACE)
    with pytest.raises(NotDeterministic, match=r"training\.deterministic"), deterministic(True, "cuda"):
        pass


def test_the_setting_renames_no_configuration() -> None:
    plain, fixed = (
        resolve_config("small-dynamic", {"training": {"deterministic": value}}) for value in (False, True)
    )
    assert plain.fingerprint() == resolve_config("small-dynamic").fingerprint() != fixed.fingerprint()
    assert "deterministic" not in plain.model_dump()["training"]
