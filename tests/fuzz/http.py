"""The whole OpenAPI document against a running service, by schemathesis; what it counted comes back."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.stage import Stage
from tests.keys import HEADERS

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Tried:
    """What a run came to."""

    status: int
    output: str
    operations: int
    examples: dict[str, int]
    checks: int
    unreached: list[str]
    """Operations that have not succeeded once."""

    def figures(self) -> str:
        phases = ", ".join(f"{phase} {count:,}" for phase, count in self.examples.items())
        total = sum(self.examples.values())
        return f"{self.operations} operations, {total:,} requests ({phases}), {self.checks:,} checks"


def try_document(stage: Stage, folder: Path, *, examples: int, seed: int | None = None) -> Tried:
    """Every phase and check of schemathesis on every operation; its report lies in `folder`."""
    settings, things, report = folder / "schemathesis.toml", folder / "stage.json", folder / "report.ndjson"
    shown = f"headers.Authorization = {json.dumps(HEADERS['Authorization'])}\n"
    settings.write_text(shown + (HERE / "schemathesis.toml").read_text() + _dictionaries(stage))
    things.write_text(json.dumps(asdict(stage)))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    command += ["run", f"{stage.url}/openapi.json", "--max-examples", str(examples), "--no-color"]
    command += ["--report-ndjson-path", str(report)] + ([f"--seed={seed}"] if seed is not None else [])
    environment = os.environ | {"FUZZ_STAGE": str(things), "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return _count(report, status=done.returncode, output=done.stdout)


def _dictionaries(stage: Stage) -> str:
    spent = {f"spent_{kind}": names for kind, names in stage.spent.items()}
    # JSON lists of strings are TOML.
    return "".join(
        f"\n[dictionaries.{kind}]\nvalues = {json.dumps(names)}\n"
        for kind, names in (stage.kept | spent).items()
    )


def _count(report: Path, *, status: int, output: str) -> Tried:
    reached: dict[str, bool] = {}
    requests, checks = Counter[str](), 0
    # Lines of JSON may hold what splitlines takes for their end.
    lines = report.read_text().split("\n") if report.exists() else []
    for line in filter(None, lines):
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario:
            recorder = scenario["recorder"]
            requests[scenario["phase"]] += len(recorder.get("interactions", {}))
            checks += sum(len(done) for done in recorder.get("checks", {}).values())
            for answered in recorder.get("interactions", {}).values():
                is_success = answered["response"] is not None and answered["response"]["status_code"] < 300
                if " /" in (label := recorder["label"]):
                    reached[label] = reached.get(label, False) or is_success
    unreached = [label for label, is_reached in reached.items() if not is_reached]
    return Tried(status, output, len(reached), dict(requests), checks, unreached)
