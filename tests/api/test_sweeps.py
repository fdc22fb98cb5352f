"""Sweeps over HTTP; their trials are advanced by hand, as a worker would."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from db.engine import session_scope
from db.repositories import sweeps
from tests.api.support import Service, assert_problem
from tests.api.training import TINY
from worker.settings import WorkerSettings
from worker.sweeps import advance

GRID: dict[str, Any] = {"method": "grid", "space": {"loss.lambda_target": [0.1, 0.2, 0.3]}}
OPTUNA: dict[str, Any] = {
    "method": "optuna",
    "space": {"loss.lambda_target": {"type": "float", "low": 0, "high": 1}},
    "n_trials": 3,
}


def submit(service: Service, *, key: str | None = None, **body: Any) -> Any:
    dataset_id = service.add_dataset()["id"] if "dataset_id" not in body else body["dataset_id"]
    wanted = {"search": GRID, "fold": 1, "exclude_folds": [0], "config": TINY, **body}
    headers = {"Idempotency-Key": key} if key else {}
    return service.client.post("/sweeps", json={**wanted, "dataset_id": dataset_id}, headers=headers)


def read(service: Service, sweep: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(sweep["links"]["self"]).raise_for_status().json()
    return found


def step(service: Service, sweep: dict[str, Any], **ends: Any) -> None:
    """Advance the sweep, then end what is in flight."""
    settings = WorkerSettings(**service.stack.database_settings().model_dump())
    advance(service.sessions, UUID(sweep["id"]), settings=settings, is_alone=True)
    with session_scope(service.sessions) as session:
        for trial in sweeps.list_trials(session, [UUID(sweep["id"])]):
            if not trial.status.is_terminal:
                for name, value in ends.items():
                    setattr(trial, name, value)


@pytest.fixture
def measured(service: Service) -> dict[str, Any]:
    """A sweep whose second trial has the best AUC, its first the best alignment, its third neither."""
    sweep: dict[str, Any] = submit(service, name="<a & $b$>").json()
    for auc, kl in ((0.70, 0.001), (0.72, 0.010), (0.69, 0.020)):
        step(service, sweep, status="succeeded", metrics={"auc": auc, "l_21_kl": kl})
    return sweep


class TestSubmit:
    def test_a_worker_is_rung_for_and_every_choice_is_told(self, service: Service) -> None:
        answer = submit(service, parallel=2, name="λ")
        sweep = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (202, f"/sweeps/{sweep['id']}")
        assert service.messages()[-1] == sweep["id"]
        assert (sweep["status"], sweep["n_trials"], sweep["trials"], sweep["best"]) == (
            "running",
            3,
            [],
            None,
        )
        assert sweep["objective"] == {"metric": "auc", "direction": "maximise"}
        assert sweep["pruner"]["name"] == "none"
        assert sweep["search"] == GRID
        assert sweep["note"] == (
            "chosen on fold 1, whose figures are optimistic therefore; "
            "measure the best settings on fold 0, which no trial has seen"
        )

    def test_optuna_prunes_unless_told_otherwise_and_knows_which_way_is_better(
        self, service: Service
    ) -> None:
        sweep = submit(service, search=OPTUNA, objective={"metric": "l_21_kl"}).json()
        assert sweep["pruner"] == {"name": "median", "warmup_epochs": 1, "startup_trials": 5}
        assert sweep["objective"]["direction"] == "minimise"
        assert (sweep["search"]["sampler"], sweep["search"]["seed"]) == ("tpe", 42)

    def test_nothing_kept_for_the_end_is_said(self, service: Service) -> None:
        assert "none is left for an honest measurement" in submit(service, exclude_folds=[]).json()["note"]

    def test_a_key_is_one_sweep(self, service: Service) -> None:
        dataset_id, key = service.add_dataset()["id"], uuid4().hex
        first, second = (submit(service, key=key, dataset_id=dataset_id).json() for _ in range(2))
        assert first["id"] == second["id"]
        other = submit(service, key=key, dataset_id=dataset_id, parallel=3)
        assert_problem(other, 422, "idempotency-key-reused")

    def test_settings_may_go_together_only_with_the_space(self, service: Service) -> None:
        search = {"method": "grid", "space": {"model.n_heads": [3], "model.d_model": [12, 24]}}
        assert submit(service, search=search, config={}).status_code == 202

    def test_of_wrong_numbers_in_a_range_one_is_told_with_the_way_out(self, service: Service) -> None:
        widths = {"type": "int", "low": 16, "high": 128}
        search = OPTUNA | {"space": {**OPTUNA["space"], "model.d_model": widths}}
        refused = submit(service, preset="small-dynamic", search=search, config={})
        problem = assert_problem(refused, 422, "sweep-refused")
        detail = (
            "n_heads 4 must divide d_model 17 (at model.d_model=17); "
            "narrow the range, give it another step, or list the values as choices"
        )
        assert problem["errors"] == [{"pointer": "/search/space/model.d_model", "detail": detail}]
        search["space"]["model.d_model"] = widths | {"step": 16}
        assert submit(service, preset="small-dynamic", search=search, config={}).status_code == 202

    def test_an_end_that_is_wrong_speaks_for_the_numbers_before_it(self, service: Service) -> None:
        search = OPTUNA | {"space": {"model.n_blocks": {"type": "int", "low": 1, "high": 60}}}
        problem = assert_problem(submit(service, search=search, config={}), 422, "sweep-refused")
        assert [error["pointer"] for error in problem["errors"]] == ["/search/space/model.n_blocks/high"]


class TestRead:
    def test_trials_and_the_best_of_them(self, service: Service) -> None:
        sweep = submit(service, search=GRID).json()
        for auc in (0.7, 0.72, None):
            step(service, sweep, status="succeeded", metrics={"auc": auc, "l_21_kl": 0.1}, epochs_done=2)
        step(service, sweep)
        found = read(service, sweep)
        assert (found["status"], found["counts"]) == ("succeeded", {"succeeded": 3})
        assert [trial["value"] for trial in found["trials"]] == [0.7, 0.72, None]
        assert found["best"] == found["trials"][1]
        assert found["best"]["settings"] == {"loss.lambda_target": 0.2}
        trial = service.client.get(f"/experiments/{found['best']['experiment_id']}").json()
        assert (trial["fold"], trial["exclude_folds"]) == (1, [0])
        assert (trial["sweep_id"], trial["trial"]) == (sweep["id"], 1)
        assert trial["links"]["sweep"] == f"/sweeps/{sweep['id']}"
        listed = service.client.get("/experiments", params={"sweep_id": sweep["id"]}).json()["items"]
        assert [row["trial"] for row in listed] == [2, 1, 0]

    def test_the_best_may_be_the_lowest(self, service: Service) -> None:
        sweep = submit(service, objective={"metric": "l_21_kl"}).json()
        for kl in (0.3, 0.1, 0.2):
            step(service, sweep, status="succeeded", metrics={"l_21_kl": kl})
        assert read(service, sweep)["best"]["number"] == 1

    def test_pruned_and_failed_trials_are_shown_and_never_best(self, service: Service) -> None:
        sweep = submit(service).json()
        step(service, sweep, status="pruned", epochs_done=1)
        step(service, sweep, status="failed", error_type="TrainingDiverged", error_detail="the loss is nan")
        found = read(service, sweep)
        assert [trial["status"] for trial in found["trials"]] == ["pruned", "failed"]
        assert found["trials"][1]["error"]["type"] == "TrainingDiverged"
        assert (found["best"], found["status"]) == (None, "running")
        pruned = service.client.get("/experiments", params={"status": "pruned"}).json()["items"]
        assert found["trials"][0]["experiment_id"] in [row["id"] for row in pruned]
        retried = service.client.post(f"/experiments/{found['trials'][0]['experiment_id']}/retry")
        assert_problem(retried, 409, "illegal-move")

    def test_lists_are_newest_first_and_by_state(self, service: Service) -> None:
        first, second = submit(service).json(), submit(service).json()
        service.client.post(f"/sweeps/{first['id']}/cancel").raise_for_status()
        listed = service.client.get("/sweeps", params={"limit": 1})
        assert [row["id"] for row in listed.json()["items"]] == [second["id"]]
        assert 'rel="next"' in listed.headers["link"]
        params = {"status": "cancelled", "dataset_id": first["dataset_id"]}
        cancelled = service.client.get("/sweeps", params=params).json()["items"]
        assert [row["id"] for row in cancelled] == [first["id"]]
        step(service, second, status="pruned")
        step(service, second)
        (counted,) = service.client.get("/sweeps", params={"limit": 1}).json()["items"]
        assert counted["counts"] == {"pruned": 1, "queued": 1}


class TestCancel:
    def test_no_further_trial_is_queued(self, service: Service) -> None:
        sweep = submit(service, parallel=2).json()
        step(service, sweep)
        cancelled = [service.client.post(f"/sweeps/{sweep['id']}/cancel") for _ in range(2)]
        assert [answer.status_code for answer in cancelled] == [202, 202]
        assert cancelled[1].json()["counts"] == {"cancelled": 2}
        step(service, sweep)
        assert len(read(service, sweep)["trials"]) == 2

    def test_a_cancelled_trial_makes_room_and_rings(self, service: Service) -> None:
        sweep = submit(service).json()
        step(service, sweep)
        trial = read(service, sweep)["trials"][0]["experiment_id"]
        service.client.post(f"/experiments/{trial}/cancel").raise_for_status()
        assert service.messages()[-1] == sweep["id"]

    def test_what_is_over_is_not_cancelled(self, service: Service) -> None:
        sweep = submit(service).json()
        for _ in range(4):
            step(service, sweep, status="failed")
        assert read(service, sweep)["status"] == "failed"
        assert_problem(service.client.post(f"/sweeps/{sweep['id']}/cancel"), 409, "illegal-move")


class TestPareto:
    def test_the_front_as_data(self, service: Service, measured: dict[str, Any]) -> None:
        front = service.client.get(measured["links"]["pareto"]).raise_for_status().json()
        assert (front["x"]["metric"], front["x"]["direction"]) == ("auc", "maximise")
        assert (front["y"]["metric"], front["y"]["direction"]) == ("l_21_kl", "minimise")
        points = [(point["label"], point["is_on_front"]) for point in front["points"]]
        assert points == [("λ = 0.3", False), ("λ = 0.1", True), ("λ = 0.2", True)]
        assert front["front"] == [point["experiment_id"] for point in front["points"][1:]]
        assert (front["left_out"], front["notes"]) == ([], [])

    @pytest.mark.parametrize(
        ("params", "headers"), [({"format": "svg"}, {}), ({}, {"Accept": "image/svg+xml, */*;q=0.1"})]
    )
    def test_the_front_as_a_figure(
        self, service: Service, measured: dict[str, Any], params: dict[str, str], headers: dict[str, str]
    ) -> None:
        answer = service.client.get(measured["links"]["pareto"], params=params, headers=headers)
        assert (answer.status_code, answer.headers["vary"]) == (200, "Accept")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        for text in ("AUC ↑", "l_21 above its floor (KL) ↓", "λ = 0.1", "λ = 0.2", "λ = 0.3"):
            assert text in answer.text
        again = service.client.get(measured["links"]["pareto"], params=params, headers=headers)
        assert again.text == answer.text

    def test_what_has_no_place_is_left_out_with_the_reason(self, service: Service) -> None:
        sweep = submit(service).json()
        step(service, sweep, status="succeeded", metrics={"auc": 0.7, "l_21_kl": float("nan")})
        step(service, sweep, status="pruned")
        front = service.client.get(sweep["links"]["pareto"]).json()
        assert [one["reason"] for one in front["left_out"]] == ["l_21_kl without a number", "pruned"]
        assert (front["points"], front["front"]) == ([], [])
        figure = service.client.get(sweep["links"]["pareto"], params={"format": "svg"})
        assert "no finished experiment yet" in figure.text

    def test_any_experiments_and_other_metrics(self, service: Service, measured: dict[str, Any]) -> None:
        ids = [trial["experiment_id"] for trial in read(service, measured)["trials"]]
        params: dict[str, Any] = {"experiment": [*ids, ids[0]], "x": "l_21_kl", "y": "auc"}
        front = service.client.get("/pareto", params=params).raise_for_status().json()
        assert [point["x"] for point in front["points"]] == [0.001, 0.01, 0.02]
        figure = service.client.get("/pareto", params={**params, "format": "svg"})
        assert "AUC ↑" in figure.text

    @pytest.mark.parametrize(
        ("folds", "said"),
        [
            ({"fold": 1, "exclude_folds": [3]}, ["left out different folds"]),
            ({"fold": 1, "exclude_folds": []}, ["left out different folds"]),
            ({"fold": 2, "exclude_folds": [0]}, ["held out different folds"]),
            ({"fold": 0, "exclude_folds": [1]}, ["held out different folds", "left out different folds"]),
        ],
    )
    def test_who_was_measured_and_who_was_trained_on_are_told_apart(
        self, service: Service, measured: dict[str, Any], folds: dict[str, Any], said: list[str]
    ) -> None:
        other = submit(service, dataset_id=measured["dataset_id"], **folds).json()
        step(service, other, status="succeeded", metrics={"auc": 0.7, "l_21_kl": 0.01})
        ids = [read(service, sweep)["trials"][0]["experiment_id"] for sweep in (measured, other)]
        notes = service.client.get("/pareto", params={"experiment": ids}).raise_for_status().json()["notes"]
        assert [next(text for text in said if text in note) for note in notes] == said

    def test_unknown_metrics_are_refused_by_name(self, service: Service, measured: dict[str, Any]) -> None:
        problem = assert_problem(
            service.client.get(measured["links"]["pareto"], params={"y": "luck"}), 422, "invalid-request"
        )
        assert problem["errors"][0]["parameter"] == "y"
        assert "l_21_kl" in problem["detail"]

    def test_unfinished_experiments_are_named(self, service: Service) -> None:
        queued = service.submit(service.add_dataset()["id"]).json()["id"]
        answer = service.client.get("/pareto", params={"experiment": queued})
        assert_problem(answer, 409, "experiment-unfinished")
