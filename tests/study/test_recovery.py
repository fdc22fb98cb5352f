"""How near a network comes to a truth that is known."""

from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from docs.study import recovery
from docs.study.by_path import Service
from docs.study.plan import Plan, load_plan
from docs.study.recovery import measure_network
from ikt_model.data.simulate import Classroom, simulate_classroom, with_fixed_abilities
from ikt_model.references.abilities import posterior_grid, posterior_means

EXPERIMENT = {"id": "one", "seconds": 3.0}


@pytest.fixture
def truth() -> Classroom:
    return with_fixed_abilities(simulate_classroom(n_students=300, n_skills=6, seed=3), seed=3)


class Told:
    """A service that knows one model, whose difficulties are off by as much as it is told."""

    def __init__(self, truth: Classroom, *, off: float) -> None:
        pairs = zip(truth.sequences.vocabulary.names, truth.difficulty + off, strict=True)
        self.skills = [{"name": name, "difficulty": difficulty} for name, difficulty in pairs]

    def get(self, path: str, **asked: str) -> dict[str, Any]:
        if path == "/experiments/one/artifacts":
            return {"items": [{"name": "report", "href": "/x"}, {"name": "model", "href": "/models/m"}]}
        assert (path, asked) == ("/skills", {"model_id": "m"})
        return {"items": self.skills[::-1]}


def predictions(truth: Classroom, theta: np.ndarray) -> pa.Table:
    """Of every other student, of each response but the first: θ is what was known before it."""
    held_out = truth.sequences.select(np.arange(0, 300, 2))
    owner = held_out.student_of_step()
    position = np.arange(held_out.n_responses) - held_out.offsets[owner]
    own = truth.sequences.offsets[2 * owner] + position
    asked = position > 0
    return pa.table(
        {
            "student_id": held_out.student_ids.take(pa.array(owner[asked])),
            "position": position[asked],
            "theta": theta[own[asked] - 1],
        }
    )


def measured(
    plan: Plan, truth: Classroom, theta: np.ndarray, patch: pytest.MonkeyPatch, *, off: float = 0.0
) -> dict[str, float]:
    patch.setattr(recovery, "read_predictions", lambda *_: predictions(truth, theta))
    one = next(one for one in plan.recoveries if one.run)
    service = cast(Service, Told(truth, off=off))
    found = measure_network(service, one, {"command": "", "experiments": [EXPERIMENT]}, truth)
    assert set(found["bounds"]) <= set(found["figures"])
    figures: dict[str, float] = found["figures"]
    return figures


def test_a_network_that_knows_the_truth_lacks_nothing(
    truth: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, _ = posterior_means(
        truth.sequences, set_difficulty=truth.difficulty, ability_sd=0.75, grid=posterior_grid(81)
    )
    figures = measured(load_plan(), truth, exact, monkeypatch)

    assert figures["β of Head 2, RMSE"] == 0.0
    assert figures["θ of Head 2, r less exact"] == pytest.approx(0.0, abs=1e-9)
    assert 0.6 < figures["exact posterior mean, r"] < 0.95


def test_what_it_lacks_is_told(truth: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).normal(size=truth.sequences.n_responses)
    figures = measured(load_plan(), truth, noise, monkeypatch, off=0.25)

    assert figures["β of Head 2, RMSE"] == pytest.approx(0.25)
    assert figures["θ of Head 2, r less exact"] < -0.4


def test_fixed_students_keep_their_ability_and_their_practice(truth: Classroom) -> None:
    before = simulate_classroom(n_students=300, n_skills=6, seed=3)

    assert np.array_equal(truth.sequences.skill_sets, before.sequences.skill_sets)
    assert np.array_equal(truth.theta, truth.ability[truth.sequences.student_of_step()])
    chance = 1 / (1 + np.exp(truth.difficulty[truth.sequences.skill_sets] - truth.theta))
    assert truth.sequences.responses.mean() == pytest.approx(chance.mean(), abs=0.015)
