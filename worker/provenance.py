"""Which code, which libraries and which machine made a number."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("torch", "numpy", "scipy", "pyarrow", "scikit-learn")
GIT_SECONDS = 10


def code_version() -> str:
    """The package's version; in a checkout also its commit, and `.dirty` when files were changed."""
    released = _installed("ikt")
    root = Path(__file__).resolve().parent.parent
    commit = _git(root, "rev-parse", "--short=12", "HEAD") if (root / ".git").exists() else None
    if not commit:
        return released
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{released}+g{commit}{'.dirty' if changed else ''}"


def package_versions(*, threads: int) -> dict[str, str]:
    """Everything besides code, data and seed that a result may hang on."""
    libraries = {name: _installed(name) for name in LIBRARIES}
    python = {"python": platform.python_version(), "platform": platform.platform()}
    return {**python, **libraries, "threads": str(threads)}


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        answer = subprocess.run(  # a command of our own, no shell # nosec B603
            command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
