"""What of this machine a worker may use: cores within the limits of its container, and GPUs.

Looks at files only: the worker's main process must not touch CUDA, or none of its children could.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
DEVICES = Path("/dev")


def usable_cores(*, cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> int:
    """Cores that this process may keep busy: those it may run on, or fewer where a container's quota of
    processor time (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`) is worth less. Part of a core counts for none.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # on other systems than Linux
        return os.cpu_count() or 1
    return max(1, int(min([allowed, *_quotas(cgroups, own)])))


def count_gpus(*, devices: Path = DEVICES) -> int:
    """NVIDIA GPUs that programs find here, within CUDA_VISIBLE_DEVICES."""
    found = sum(1 for path in devices.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return found
    return min(found, len([name for name in visible.split(",") if name.strip() not in ("", "-1")]))


def _quotas(cgroups: Path, own: Path) -> Iterator[float]:
    """Cores' worth of time that each control group above this process has."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _quotas_along(cgroups, path, _quota_v2)
        elif "cpu" in controllers.split(","):
            for name in {controllers, "cpu"}:
                yield from _quotas_along(cgroups / name, path, _quota_v1)


def _quotas_along(root: Path, path: str, read: Callable[[Path], float | None]) -> Iterator[float]:
    """Of the group and those above it. A container sees its own group as the root, whatever the path says."""
    relative = PurePosixPath(path.lstrip("/"))
    for folder in (relative, *relative.parents):
        if ".." not in folder.parts and (quota := read(root / folder)) is not None:
            yield quota


def _quota_v2(folder: Path) -> float | None:
    numbers = _numbers(folder / "cpu.max")  # microseconds in every so many; `max` where there is no limit
    return numbers[0] / numbers[1] if len(numbers) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    numbers = [*_numbers(folder / "cpu.cfs_quota_us"), *_numbers(folder / "cpu.cfs_period_us")]
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[0] > 0 else None


def _numbers(file: Path) -> list[int]:
    """None at all where the file is missing or says something else."""
    try:
        return [int(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []
