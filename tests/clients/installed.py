"""What `.ci/clients` installed, or why a test can't run without it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TYPESCRIPT = ROOT / "clients" / "typescript"


def require_installed(folder: Path, package: str) -> None:
    """Skip, or in CI fail, where `sh .ci/clients` has not run."""
    require(folder / "node_modules" / package)


def require(path: Path) -> None:
    """The same for anything that it installs."""
    if path.exists():
        return
    remedy = f"{path.relative_to(ROOT)} is missing; sh .ci/clients installs it"
    if os.environ.get("CI"):
        pytest.fail(remedy)
    pytest.skip(remedy)
