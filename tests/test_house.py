"""The house rules: who imports whom, what an import may do, and what the project's own files promise."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from api.cli.main import app
from tests import settings_table

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "worker", "ikt_model", "db")
LOCKS = ("requirements.lock", "requirements-dev.lock")
MOST_LINES = 400
MOST_RECIPE_LINES = 3
SERVICES = {"postgres", "redis", "migrate", "api", "worker-cpu", "worker-gpu"}
COMMANDS = (
    "up", "api", "worker", "db upgrade", "db backup", "db restore", "simulate", "dataset add", "datasets",
    "train", "experiments", "compare", "evaluate", "student", "students", "students send", "models",
    "promote", "cancel", "demo", "cross-validate", "cross-validations", "sweep", "sweeps", "sweeps pareto",
    "audit",
    "key create", "key list", "key revoke", "key rotate", "erase", "retention",
)  # fmt: skip

# Imports every module of a room in a process of its own, then says what that did.
IMPORT_ALL = """
import importlib, os, pkgutil, sys, threading
before = set(os.environ.items())
for room in {rooms!r}:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, f"{{room}}."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
# scikit-learn sets KMP_* for its own sake.
changed = {{name for name, _ in set(os.environ.items()) - before if not name.startswith("KMP_")}}
assert not changed, f"an import set {{changed}}"
assert threading.active_count() == 1, f"an import started {{threading.enumerate()}}"
assert not os.listdir("."), f"an import wrote {{os.listdir('.')}}"
torch = sys.modules.get("torch")
assert torch is None or not torch.cuda.is_initialized(), "an import touched a device"
"""


def run(*command: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def python_files() -> list[Path]:
    return [path for room in (*ROOMS, "tests", "docs") for path in (ROOT / room).rglob("*.py")]


def declared_packages() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in declared]  # type: ignore[index]


def imported_names(tree: ast.AST) -> set[str]:
    """Top-level names of all absolute imports, wherever they stand."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


class TestImports:
    def test_import_rules_are_kept(self) -> None:
        linted = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")

        assert linted.returncode == 0, linted.stdout

    @pytest.mark.parametrize("room", ROOMS)
    def test_importing_a_room_does_nothing(self, room: str, tmp_path: Path) -> None:
        imported = run(sys.executable, "-c", IMPORT_ALL.format(rooms=(room,)), cwd=tmp_path)

        assert imported.returncode == 0, imported.stderr

    @pytest.mark.parametrize("module", ["api.cli.main", "worker.celery_app", "worker.enqueue"])
    def test_the_doors_import_without_torch(self, module: str, tmp_path: Path) -> None:
        code = f"import sys, {module}; sys.exit('torch' in sys.modules)"

        imported = run(sys.executable, "-c", code, cwd=tmp_path)

        assert imported.returncode == 0, imported.stderr


class TestLocks:
    @pytest.mark.parametrize("lock", LOCKS)
    def test_a_lock_names_no_place(self, lock: str) -> None:
        text = (ROOT / lock).read_text()

        assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host| @ |(^|\s)/\w", text)

    @pytest.mark.parametrize("lock", LOCKS)
    def test_a_lock_pins_every_line_and_no_cuda(self, lock: str) -> None:
        lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.startswith("#")]

        assert [line for line in lines if not re.match(r"[a-z0-9._-]+==[0-9][^\s+]*(\s+#.*)?$", line)] == []
        assert [line for line in lines if line.startswith(("nvidia", "triton", "cuda"))] == []
        assert "torch==2.13.0" in {line.split()[0] for line in lines}

    def test_tests_run_on_the_runtime_versions(self) -> None:
        runtime, dev = (set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(), re.M)) for lock in LOCKS)

        assert runtime <= dev

    def test_every_dependency_is_locked(self) -> None:
        declared = declared_packages()
        locked = {line.split("==")[0] for line in (ROOT / LOCKS[1]).read_text().splitlines()}

        assert {name.lower() for name in declared} <= locked

    def test_every_imported_package_is_declared(self) -> None:
        declared = declared_packages()
        imported = {name for path in python_files() for name in imported_names(ast.parse(path.read_text()))}
        theirs = imported - {*sys.stdlib_module_names, *ROOMS, "ikt_client", "tests", "docs"}
        packages = packages_distributions()

        undeclared = {
            name
            for name in theirs
            if not {package.lower().replace("_", "-") for package in packages.get(name, [])} & set(declared)
        }
        assert undeclared == set()


class TestFiles:
    def test_no_file_is_longer_than_a_reader_can_hold(self) -> None:
        lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files()}

        assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}

    def test_make_targets_are_short(self) -> None:
        recipes: dict[str, int] = {}
        target = ""
        for line in (ROOT / "Makefile").read_text().splitlines():
            if named := re.match(r"([\w./-]+):(?!=)", line):
                target = named[1]
            elif line.startswith("\t"):
                recipes[target] = recipes.get(target, 0) + 1

        assert {"help", "demo", "serve", "test", "check", "lock", "clean"} <= recipes.keys()
        assert max(recipes.values()) <= MOST_RECIPE_LINES

    def test_no_tracked_file_names_a_registry(self) -> None:
        hosts = "|".join(("py" + r"pi\.org", "python" + "hosted", "download.py" + "torch"))

        found = run("git", "grep", "-liE", hosts)

        assert found.stdout == ""


class TestSettings:
    def test_the_page_has_all_of_them_as_they_are(self) -> None:
        assert settings_table.PAGE.read_text("utf-8").endswith(settings_table.table())


class TestCommandLine:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_exists_and_takes_json(self, command: str) -> None:
        shown = CliRunner().invoke(app, [*command.split(), "--help"])

        assert shown.exit_code == 0, shown.output
        assert "--json" in shown.stdout


class TestCompose:
    @pytest.fixture
    def compose(self) -> dict[str, Any]:
        composed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
        return composed

    def test_it_has_every_service(self, compose: dict[str, Any]) -> None:
        assert set(compose["services"]) == SERVICES
        assert [name for name, service in compose["services"].items() if "profiles" in service] == [
            "worker-gpu"
        ]

    def test_services_wait_for_what_they_need(self, compose: dict[str, Any]) -> None:
        services = compose["services"]
        for service in services.values():
            for needed, how in service.get("depends_on", {}).items():
                ready = how["condition"] == "service_healthy"
                assert "healthcheck" in services[needed] if ready else needed == "migrate"

    def test_volumes_are_named(self, compose: dict[str, Any]) -> None:
        used = {
            mount.split(":")[0] for one in compose["services"].values() for mount in one.get("volumes", [])
        }

        assert used == set(compose["volumes"])

    def test_own_images_are_stages_of_the_dockerfile(self, compose: dict[str, Any]) -> None:
        stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(), re.M))
        built = {one["build"]["target"] for one in compose["services"].values() if "build" in one}

        assert built == {"cpu", "cuda"}
        assert built <= stages

    def test_containers_run_commands_that_exist(self, compose: dict[str, Any]) -> None:
        own = [one["command"] for one in compose["services"].values() if one.get("command", [""])[0] == "ikt"]

        assert len(own) == 4
        for command in own:
            known = " ".join(command[1:3]) if command[1] == "db" else command[1]
            assert known in COMMANDS
