"""openapi.json, and the Python client from it: `python -m tests.clients.generate`."""

import os
import subprocess
from pathlib import Path
from shutil import copy2

from api.document import document_text

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi.json"
GENERATOR = ROOT / ".work" / "generator" / "bin"
HOME = ROOT / "clients" / "python"
PACKAGE = HOME / "ikt_client"
OUR_OWN = ("connecting.py", "following.py", "py.typed", "refusals.py")


def generate(folder: Path) -> None:
    """Write the package into `folder`. Raises CalledProcessError; a warning is an error."""
    command = [str(GENERATOR / "openapi-python-client"), "generate", "--meta", "none", "--overwrite"]
    command += ["--fail-on-warning", "--path", str(DOCUMENT), "--output-path", str(folder)]
    command += ["--config", str(HOME / "generator.yaml")]
    command += ["--custom-template-path", str(HOME / "templates")]
    # The generator calls ruff by its name.
    environment = os.environ | {"PATH": f"{GENERATOR}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(command, check=True, env=environment)
    for name in OUR_OWN:
        if folder != PACKAGE:
            copy2(PACKAGE / name, folder / name)


if __name__ == "__main__":
    DOCUMENT.write_text(document_text(), "utf-8")
    generate(PACKAGE)
