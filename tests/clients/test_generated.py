"""The committed clients are those that openapi.json gives, and the document is in order."""

import os
import subprocess
from pathlib import Path

from tests.clients.generate import GENERATOR, PACKAGE, ROOT, generate
from tests.clients.installed import TYPESCRIPT, require, require_installed

SPECTRAL = Path(__file__).parent
REMEDY = "`make clients` renews them"


def files_of(folder: Path) -> dict[str, str]:
    """What Python makes of them is not theirs."""
    return {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and ".ruff_cache" not in path.parts
    }


def test_the_python_client_is_todays(tmp_path: Path) -> None:
    require(GENERATOR / "openapi-python-client")
    generate(tmp_path / "ikt_client")
    anew, committed = files_of(tmp_path / "ikt_client"), files_of(PACKAGE)
    assert anew.keys() == committed.keys(), REMEDY
    assert {name for name, text in anew.items() if committed[name] != text} == set(), REMEDY


def test_the_typescript_client_is_todays(tmp_path: Path) -> None:
    require_installed(TYPESCRIPT, "openapi-typescript")
    written = tmp_path / "schema.ts"
    environment = os.environ | {"SCHEMA": str(written)}
    command = ["npm", "run", "--silent", "generate"]
    subprocess.run(command, cwd=TYPESCRIPT, env=environment, check=True, capture_output=True)
    assert written.read_text("utf-8") == (TYPESCRIPT / "src" / "schema.ts").read_text("utf-8"), REMEDY


def test_the_linter_has_nothing_to_say() -> None:
    require_installed(SPECTRAL, "@stoplight/spectral-cli")
    command = ["npx", "--no-install", "spectral", "lint", "--ruleset", "spectral.yaml"]
    command += ["--fail-severity", "hint", str(ROOT / "openapi.json")]
    linted = subprocess.run(command, cwd=SPECTRAL, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
