"""Nothing that is read can run code: no source asks for it, no message and no artifact brings it in."""

import ast
import pickle
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ikt_model.checkpoint import ModelUnreadable, load_model
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.readers import read_dataset
from tests.test_house import ROOT, python_files
from worker.celery_app import configuration
from worker.settings import WorkerSettings

MODULES = {
    "_pickle", "cloudpickle", "code", "dill", "joblib", "jsonpickle", "marshal", "pickle", "shelve",
}  # fmt: skip
BARE = {"__import__", "compile", "eval", "exec"}
CALLS = {
    "os.popen", "os.system", "pd.read_pickle", "runpy.run_path", "subprocess.getoutput", "torch.jit.load",
    "torch.load", "torch.package.PackageImporter", "yaml.full_load", "yaml.load", "yaml.unsafe_load",
}  # fmt: skip
ARGUMENTS = {"allow_pickle", "shell"}
ALLOWED = {
    ("tests/api/malformed_bodies.py", "pickle"): "sends one, to see that it is refused",
    ("tests/clients/test_python.py", "compile"): "runs the code that the client's README shows",
    ("tests/clients/test_python.py", "exec"): "runs the code that the client's README shows",
    ("tests/documentation/run.py", "compile"): "runs the code that pages show",
    ("tests/documentation/run.py", "exec"): "runs the code that pages show",
    ("tests/test_unsafe_loaders.py", "pickle"): "makes one, to see that it is not opened",
}
LOCKED = {
    "cloudpickle": "joblib brings it along",
    "joblib": "scikit-learn brings it along; no source of ours imports it",
}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def unsafe_uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in BARE:
                yield name
            case ast.Call(func=ast.Attribute() as function) if ast.unparse(function) in CALLS:
                yield ast.unparse(function)
        if isinstance(node, ast.Call):
            yield from (
                f"{word.arg}={ast.unparse(word.value)}"
                for word in node.keywords
                if word.arg in ARGUMENTS and ast.unparse(word.value) != "False"
            )


class TestSource:
    def test_asks_for_no_unsafe_loader(self) -> None:
        files = [*python_files(), *(ROOT / ".ci").glob("*.py")]
        found = {
            (str(path.relative_to(ROOT)), use)
            for path in files
            for use in unsafe_uses(ast.parse(path.read_text("utf-8")))
        }
        assert found == set(ALLOWED)

    @pytest.mark.parametrize(
        "line",
        [
            "import pickle",
            "from joblib import load",
            "torch.load(path, weights_only=True)",
            "np.load(path, allow_pickle=True)",
            "subprocess.run(command, shell=True)",
            "yaml.load(text)",
            "eval(text)",
        ],
    )
    def test_would_be_found(self, line: str) -> None:
        assert len(list(unsafe_uses(ast.parse(line)))) == 1

    def test_lock_brings_no_other_one(self) -> None:
        locked = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.M)
        assert {name for name in locked if name in MODULES} == set(LOCKED)


class TestMessages:
    def test_are_json_and_nothing_else(self) -> None:
        for broker in ("filesystem://", "redis://localhost:6379/0"):
            settings = configuration(WorkerSettings(broker_url=broker))
            assert (settings["accept_content"], settings["task_serializer"]) == (["json"], "json")
            assert settings["task_ignore_result"]


class TestArtifacts:
    def test_weights_that_are_a_pickle_are_refused(self, tmp_path: Path) -> None:
        stored = ROOT / "tests" / "ikt_model" / "first_release"
        folder = tmp_path / "model"
        source = next(path.parent for path in stored.rglob("weights.safetensors"))
        shutil.copytree(source, folder)
        (folder / "weights.safetensors").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))

        with pytest.raises(ModelUnreadable):
            load_model(folder)
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("protocol", [0, 2, 4, 5])
    def test_datasets_that_are_a_pickle_are_refused(self, tmp_path: Path, protocol: int) -> None:
        file = tmp_path / "classroom.csv"
        file.write_bytes(pickle.dumps(Bomb(tmp_path / "ran"), protocol))

        with pytest.raises(UnreadableDataset):
            read_dataset(file)
        assert not (tmp_path / "ran").exists()
