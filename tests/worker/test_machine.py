"""Cores and GPUs as containers give them, from files that look like theirs."""

import os
from pathlib import Path

import pytest

from worker.machine import count_gpus, usable_cores


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


class TestUsableCores:
    @pytest.mark.parametrize(
        ("quota", "expected"),
        [("max 100000", 8), ("300000 100000", 3), ("250000 100000", 2), ("50000 100000", 1), ("broken", 8)],
    )
    def test_a_container_has_what_its_quota_is_worth(self, tmp_path: Path, quota: str, expected: int) -> None:
        groups = write(tmp_path / "cgroup", {"cpu.max": f"{quota}\n"})
        own = write(tmp_path, {"own": "0::/\n"}) / "own"
        assert usable_cores(cgroups=groups, own=own) == expected

    def test_a_quota_of_any_group_above_counts(self, tmp_path: Path) -> None:
        groups = write(
            tmp_path / "cgroup",
            {"pod/cpu.max": "200000 100000", "pod/worker/cpu.max": "600000 100000", "other/cpu.max": "1 100"},
        )
        own = write(tmp_path, {"own": "0::/pod/worker\n"}) / "own"
        assert usable_cores(cgroups=groups, own=own) == 2

    @pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct"])
    def test_the_first_version_of_control_groups_is_read_too(self, tmp_path: Path, folder: str) -> None:
        groups = write(
            tmp_path / "cgroup",
            {f"{folder}/cpu.cfs_quota_us": "400000\n", f"{folder}/cpu.cfs_period_us": "100000\n"},
        )
        own = write(tmp_path, {"own": "5:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n"}) / "own"
        assert usable_cores(cgroups=groups, own=own) == 4

    def test_without_a_quota_the_allowed_cores_count(self, tmp_path: Path) -> None:
        groups = write(tmp_path / "cgroup", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"})
        own = write(tmp_path, {"own": "5:cpu:/\n"}) / "own"
        assert usable_cores(cgroups=groups, own=own) == 8
        assert usable_cores(cgroups=tmp_path / "none", own=tmp_path / "none") == 8

    def test_what_lies_outside_of_the_container_is_not_looked_at(self, tmp_path: Path) -> None:
        groups = write(tmp_path / "inner", {"cpu.max": "300000 100000"})
        write(tmp_path, {"cpu.max": "100000 100000"})
        own = write(tmp_path, {"own": "0::/../..\n"}) / "own"
        assert usable_cores(cgroups=groups, own=own) == 3


class TestCountGpus:
    def test_only_the_cards_themselves_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        assert count_gpus(devices=tmp_path) == 0
        write(tmp_path, dict.fromkeys(("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"), ""))
        assert count_gpus(devices=tmp_path) == 2

    @pytest.mark.parametrize(
        ("visible", "expected"), [("1", 1), ("0,1", 2), ("", 0), ("-1", 0), ("0,1,2", 2)]
    )
    def test_hidden_ones_do_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str, expected: int
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        write(tmp_path, dict.fromkeys(("nvidia0", "nvidia1"), ""))
        assert count_gpus(devices=tmp_path) == expected
