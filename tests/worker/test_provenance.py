"""What made a number is told with it."""

import platform
import re
import subprocess
from pathlib import Path

import pytest

from worker import provenance


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that the module believes to live in."""
    (tmp_path / "worker").mkdir()
    (tmp_path / "file").write_text("1")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "worker" / "provenance.py"))
    return tmp_path


def test_a_clean_checkout_is_told_by_its_commit(checkout: Path) -> None:
    (checkout / "new").write_text("not part of the code")
    assert re.fullmatch(r"[^+]+\+g[0-9a-f]{12}", provenance.code_version())


def test_changed_code_is_told(checkout: Path) -> None:
    (checkout / "file").write_text("2")
    assert provenance.code_version().endswith(".dirty")


def test_an_installed_package_is_told_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "worker" / "provenance.py"))
    assert "+g" not in provenance.code_version()


def test_libraries_and_threads_are_told() -> None:
    versions = provenance.package_versions(threads=2)
    assert versions["threads"] == "2"
    assert versions["python"] == platform.python_version()
    assert versions["torch"].startswith("2.")
    assert "unknown" not in versions.values()
