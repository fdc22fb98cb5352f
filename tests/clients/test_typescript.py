"""The TypeScript client against a live service: every operation."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.clients.conftest import Live
from tests.clients.installed import TYPESCRIPT, require_installed
from tests.clients.operations import OPERATIONS
from tests.keys import TEXT

LONGEST_SECONDS = 280


def test_every_operation_does_what_it_is_for(live: Live, tmp_path: Path) -> None:
    require_installed(TYPESCRIPT, "typescript")
    built = ["npx", "--no-install", "tsc", "--project", "tsconfig.test.json", "--outDir", str(tmp_path)]
    compiled = subprocess.run(built, cwd=TYPESCRIPT, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    command = ["node", "test/every-operation.js", str(live.classroom), str(live.other_classroom)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"IKT_URL": live.url, "IKT_API_KEY": TEXT},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout.splitlines()[-1])
    succeeded = {
        OPERATIONS[*key.split(" ", 1)]  # type: ignore[index]
        for key, statuses in heard.items()
        if any(200 <= status < 300 for status in statuses)
    }
    assert set(OPERATIONS.values()) - succeeded == set()


def test_the_package_is_built_where_it_says(tmp_path: Path) -> None:
    require_installed(TYPESCRIPT, "typescript")
    built = ["npx", "--no-install", "tsc", "--outDir", str(tmp_path / "dist")]
    subprocess.run(built, cwd=TYPESCRIPT, check=True)
    described = json.loads((TYPESCRIPT / "package.json").read_text("utf-8"))
    for place in described["exports"]["."].values():
        assert (tmp_path / place).is_file()


def test_blocks_of_the_readme_have_the_right_types(tmp_path: Path) -> None:
    require_installed(TYPESCRIPT, "typescript")
    blocks = re.findall(r"```ts\n(.+?)```", (TYPESCRIPT / "README.md").read_text("utf-8"), re.S)
    assert len(blocks) == 2
    (tmp_path / "readme.ts").write_text("declare const dataset_id: string;\n" + "\n".join(blocks))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    options = {
        "rootDir": "/",
        "noEmit": True,
        "paths": {"ikt-client": [str(TYPESCRIPT / "src" / "index.ts")]},
        "typeRoots": [str(TYPESCRIPT / "node_modules" / "@types")],
    }
    settings = {"extends": str(TYPESCRIPT / "tsconfig.json"), "include": ["*.ts"], "compilerOptions": options}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings))
    command = ["npx", "--no-install", "tsc", "--project", str(tmp_path)]
    compiled = subprocess.run(command, cwd=TYPESCRIPT, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout
