"""`python -m tests.documentation.run PAGE`: do what a page shows, block by block, in the current folder.

Commands are typed into one shell, code into one interpreter, so that later blocks know what earlier ones
said. Ends with the first block that fails, and says where it stands.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.documentation.blocks import Block, to_run
from tests.documentation.worlds import WORLDS, World

PORT = re.compile(r"\b8000\b")
DONE = "--- done ---"
# A refusal is an answer to curl: what a page does not ask the status of must succeed.
CURL = (
    'curl() { case " $* " in *" -w "*) command curl "$@";; *) command curl --fail-with-body "$@";; esac; }\n'
)


class Shell:
    """A bash that is left as soon as a command fails."""

    def __init__(self) -> None:
        self._bash = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lines = 0
        self.type("set -euo pipefail\n" + CURL)

    def type(self, commands: str) -> None:
        """Raises SystemExit when one of them fails."""
        assert self._bash.stdin
        assert self._bash.stdout
        # An answer may end without a newline, so one goes before the mark.
        # From a file, so that no command reads the commands after it.
        file = Path(f".block-{self._lines}.sh")
        file.write_text(commands, "utf-8")
        self._lines += 1
        self._bash.stdin.write(f"source {file} </dev/null\nprintf '\\n%s\\n' '{DONE}'\n")
        self._bash.stdin.flush()
        for line in self._bash.stdout:
            if line.rstrip("\n") == DONE:
                return
            sys.stdout.write(line)
        raise SystemExit(f"a command failed with {self._bash.wait()}")

    def leave(self) -> None:
        self._bash.communicate("exit 0\n")


def run_page(page: Path, world: World, port: str) -> None:
    shell = Shell()
    names: dict[str, Any] = {"__name__": "__main__"}
    for command in world.before:
        shell.type(PORT.sub(port, command))
    for block in to_run()[page]:
        sys.stdout.write(f">>> {block.page}:{block.line}\n")
        sys.stdout.flush()
        _run(block, PORT.sub(port, block.text), shell, names)
    shell.leave()


def _run(block: Block, text: str, shell: Shell, names: dict[str, Any]) -> None:
    if block.language == "bash":
        shell.type(text)
    elif block.language == "python":
        exec(compile(text, f"{block.page}:{block.line}", "exec"), names)
    else:
        Path(block.title).write_text(text, "utf-8")


if __name__ == "__main__":
    asked = Path(sys.argv[1])
    run_page(asked, WORLDS[str(asked)], os.environ["IKT_URL"].rpartition(":")[2])
