"""A model that the first release trained goes on saying what it said.

`first_release/` holds a model folder that the first release wrote, and its answers for some histories: none,
short, with an unknown skill, longer than the model's window. Neither is ever written anew.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikt_model.checkpoint import ModelUnreadable
from ikt_model.inference import Engine, Histories, History, Predictor
from tests.ikt_model.classrooms import classroom

FOLDER = Path(__file__).with_name("first_release")
ANSWERS: dict[str, Any] = json.loads((FOLDER / "answers.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(FOLDER / "model")


@pytest.fixture(scope="module")
def predictor(engine: Engine) -> Predictor:
    return engine.predictor


@pytest.mark.parametrize("asked", ANSWERS["students"], ids=lambda asked: str(len(asked["responses"])))
def test_students_are_answered_as_before(engine: Engine, asked: dict[str, Any]) -> None:
    history = History(asked["skills"], asked["responses"])
    scores = engine.score(Histories.of([history]))
    trajectory, state = asked["trajectory"], asked["state"]
    said = {"trajectory": engine.predictor.trajectory(history), "state": scores}
    state["evidence"] = state.pop("attempts")
    assert state.pop("n_responses") == said["trajectory"].known.sum()
    for part, before_by_name in (("trajectory", trajectory), ("state", state)):
        for name, before in before_by_name.items():
            now = np.asarray(getattr(said[part], name), float)
            np.testing.assert_allclose(
                now[0] if part == "state" else now,
                np.asarray(before, float),
                rtol=1e-6,
                atol=1e-6,
                err_msg=f"{part}.{name}",
            )


def test_its_evaluation_measures_the_same(predictor: Predictor) -> None:
    others = classroom(n_students=30, n_skills=6, seed=9).sequences
    measured = predictor.evaluate(others).metrics
    before = ANSWERS["metrics"]
    assert {name: measured[name] for name in before} == pytest.approx(before, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("file", "lost", "told"),
    [
        ("calibration", "difficulty", "RaschCalibration lacks 'difficulty'"),
        ("calibration", "name", "'name' is missing"),
        ("model", "skills", "'skills' is missing"),
        ("config", "model", "size mismatch"),
    ],
)
def test_what_nothing_stands_in_for_is_named(tmp_path: Path, file: str, lost: str, told: str) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(FOLDER / "model", damaged)
    content = json.loads((damaged / f"{file}.json").read_text("utf-8"))
    del content[lost]
    (damaged / f"{file}.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(ModelUnreadable, match=f"(?s)'damaged': .*{told}.*; train it again"):
        Predictor.load(damaged)
