"""What a study takes for a run that it submitted before, and what it takes for ended."""

from typing import Any, cast

import pytest

from docs.study.by_path import Service
from docs.study.plan import Plan, Run, load_plan
from docs.study.run import Runner, Taken


class Told:
    """A service that was asked for one sweep before."""

    def __init__(self, run: Run, *, succeeded: int = 0, **changes: Any) -> None:
        self.run, self.posted = run, list[tuple[str, Any]]()
        ((name, values),) = (run.space or {}).items()
        self.points = [{name: value} for value in values]
        self.sweep = {
            "id": "before",
            "status": "running",
            "error": None,
            "fold": run.folds[0],
            "exclude_folds": list(run.exclude_folds),
            "preset": run.preset,
            "config": run.overrides,
            "search": {"method": "grid", "space": {name: list(values)}},
            "trials": [
                {"experiment_id": f"{number}", "status": "succeeded", "settings": self.points[number]}
                for number in range(succeeded)
            ],
        } | changes

    def list_all(self, path: str, **_: Any) -> list[dict[str, Any]]:
        assert path == "/sweeps"
        return [self.sweep]

    def get(self, path: str) -> dict[str, Any]:
        if path.startswith("/experiments/"):
            point = self.points[int(path.rpartition("/")[2])]
            return {"config": self.run.config_at(point).model_dump(mode="json")}
        return {**self.sweep, "id": path.rpartition("/")[2]}

    def post_once(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.posted.append((path, body["config"]))
        return {"id": "anew"}


@pytest.fixture(scope="module")
def sweep() -> Run:
    return load_plan().named("c-front")


def take(told: Told) -> Taken:
    runner = Runner(
        cast(Service, told),
        datasets={told.run.data: {"id": "data"}},
        workers=2,
        say=lambda _: None,
        check=lambda: None,
    )
    return runner._take(told.run)


@pytest.mark.parametrize("succeeded", [0, 2])
def test_a_sweep_goes_on_where_it_was(sweep: Run, succeeded: int) -> None:
    told = Told(sweep, succeeded=succeeded)

    assert take(told).id == "before"
    assert told.posted == []


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"model": {"d_model": 512}, "training": {"seed": 42}}},
        {"preset": "small-dynamic"},
        {"search": {"method": "grid", "space": {"loss.lambda_target": [0.0]}}},
        {"status": "cancelled"},
        {"status": "failed", "error": {"type": "ModuleNotFoundError", "detail": "gone"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_sweep_is_not_taken_for_it(sweep: Run, changes: dict[str, Any]) -> None:
    told = Told(sweep, **changes)

    assert take(told).id == "anew"
    assert told.posted == [("/sweeps", sweep.overrides)]


@pytest.mark.parametrize(("succeeded", "status"), [(2, "failed"), (6, "succeeded")])
def test_a_sweep_that_lacks_trials_has_not_succeeded(sweep: Run, succeeded: int, status: str) -> None:
    taken = take(Told(sweep, succeeded=succeeded, status="succeeded"))

    assert taken.is_over
    assert taken.status == status


def test_a_run_has_as_many_experiments_as_folds_or_points() -> None:
    plan: Plan = load_plan()

    assert [plan.named(name).n_experiments for name in ("a-mean", "c-dkt", "c-front")] == [1, 5, 6]
