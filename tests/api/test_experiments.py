"""Experiments over HTTP: submitting, looking, stopping."""

import time
from typing import Any
from uuid import uuid4

import pytest

from api.services import experiments as service_of_experiments
from db.engine import session_scope
from db.repositories import runs
from tests.api.support import Service, assert_problem, run_service
from tests.builders import OWNER, make_experiment, make_model, make_running
from tests.faults import doom_commit
from tests.stacks import Stack
from tests.threads import together

UNKNOWN = uuid4()


@pytest.fixture(scope="module")
def dataset(service: Service) -> dict[str, Any]:
    return service.add_dataset()


class TestSubmit:
    def test_accepted_experiment_is_queued_and_rung_for(
        self, service: Service, dataset: dict[str, Any]
    ) -> None:
        config = {"loss": {"lambda_target": 0.5}, "training": {"epochs": 7}}
        response = service.submit(dataset["id"], preset="small-dynamic", config=config, fold=1, seed=5)

        assert response.status_code == 202, response.text
        experiment = response.json()
        assert response.headers["location"] == f"/experiments/{experiment['id']}"
        assert int(response.headers["retry-after"]) > 0
        assert (experiment["status"], experiment["progress"], experiment["epochs"]) == ("queued", 0.0, 7)
        assert experiment["name"] == "small-dynamic, fold 1"
        assert experiment["config"]["loss"]["lambda_target"] == 0.5
        assert experiment["config"]["training"]["seed"] == experiment["seed"] == 5
        assert (experiment["best"], experiment["last"], experiment["metrics"]) == (None, None, None)
        assert service.client.get(response.headers["location"]).json() == experiment
        assert service.messages()[-1] == experiment["id"]

    def test_gpu_experiment_rings_for_a_gpu_worker(self, service: Service, dataset: dict[str, Any]) -> None:
        experiment = service.submit(dataset["id"], device="cuda").json()
        assert service.messages("gpu") == [experiment["id"]]

    def test_several_devices_are_kept_and_told(self, service: Service, dataset: dict[str, Any]) -> None:
        assert service.submit(dataset["id"]).json()["devices"] == 1
        experiment = service.submit(dataset["id"], devices=2).json()
        assert experiment["devices"] == 2
        assert service.client.get(f"/experiments/{experiment['id']}").json()["devices"] == 2

    def test_balances_of_whole_batches_are_refused_for_several_devices(
        self, service: Service, dataset: dict[str, Any]
    ) -> None:
        wanted = {"config": {"loss": {"balancing": "uncertainty"}}, "devices": 2}
        problem = assert_problem(service.submit(dataset["id"], **wanted), 422, "experiment-refused")
        assert [error["pointer"] for error in problem["errors"]] == ["/devices"]

    def test_everything_wrong_is_told_at_once(self, service: Service) -> None:
        problem = assert_problem(
            service.submit(str(UNKNOWN), preset="huge", config={}), 422, "experiment-refused"
        )
        assert [error["pointer"] for error in problem["errors"]] == ["/preset", "/dataset_id"]
        assert "small-dynamic" in problem["errors"][0]["detail"]

    def test_missing_fold_names_those_that_exist(self, service: Service, dataset: dict[str, Any]) -> None:
        problem = assert_problem(service.submit(dataset["id"], fold=99), 422, "experiment-refused")
        (error,) = problem["errors"]
        assert error["pointer"] == "/fold"
        folds = sorted(dataset["statistics"]["students_per_fold"])
        assert error["detail"].endswith(f"choose one of {', '.join(folds)}")

    def test_failed_commit_answers_an_error_and_rings_nothing(
        self, service: Service, dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        submit = service_of_experiments.submit_experiment

        def submit_and_doom(session: Any, *arguments: Any, **options: Any) -> Any:
            result = submit(session, *arguments, **options)
            doom_commit(session)
            return result

        monkeypatch.setattr(service_of_experiments, "submit_experiment", submit_and_doom)
        before, rung = service.traces(), service.messages()
        problem = assert_problem(service.submit(dataset["id"]), 500, "internal")
        assert "FOREIGN" not in str(problem).upper()
        assert (service.traces(), service.messages()) == (before, rung)

    def test_refused_experiment_rings_nothing(self, service: Service, dataset: dict[str, Any]) -> None:
        before, rung = service.traces(), service.messages()
        assert_problem(service.submit(dataset["id"], preset="huge"), 422, "experiment-refused")
        assert (service.traces(), service.messages()) == (before, rung)

    def test_broker_that_is_down_does_not_refuse(self, stack: Stack) -> None:
        with run_service(stack, broker_url="redis://127.0.0.1:1/0") as service:
            dataset = service.add_dataset()
            started = time.monotonic()
            response = service.submit(dataset["id"])
            assert response.status_code == 202
            assert time.monotonic() - started < 10
            assert service.client.get(response.headers["location"]).json()["status"] == "queued"


class TestIdempotencyKey:
    def test_same_key_and_body_give_the_same_experiment(
        self, service: Service, dataset: dict[str, Any]
    ) -> None:
        headers = {"Idempotency-Key": uuid4().hex}
        first = service.submit(dataset["id"], headers=headers)
        rung = service.messages()
        again = service.submit(dataset["id"], headers=headers)

        assert (again.status_code, again.json()) == (202, first.json())
        assert again.headers["location"] == first.headers["location"]
        assert service.messages() == rung

    def test_same_key_with_another_body_is_refused(self, service: Service, dataset: dict[str, Any]) -> None:
        headers = {"Idempotency-Key": uuid4().hex}
        service.submit(dataset["id"], headers=headers)
        before = service.traces()
        assert_problem(service.submit(dataset["id"], seed=1, headers=headers), 422, "idempotency-key-reused")
        assert service.traces() == before

    def test_same_key_at_once_queues_one_experiment(self, service: Service, dataset: dict[str, Any]) -> None:
        headers = {"Idempotency-Key": uuid4().hex}
        answers = together(lambda _: service.submit(dataset["id"], headers=headers))

        assert {answer.status_code for answer in answers} == {202}
        (experiment_id,) = {answer.json()["id"] for answer in answers}
        assert service.messages().count(experiment_id) == 1


class TestRead:
    def test_epochs_show_progress_best_and_last(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            running = make_running(session)
            for epoch, auc in ((1, 0.6), (2, 0.8), (3, 0.7)):
                metrics = {"auc": auc, "l_21": float("nan")}
                runs.record_epoch(session, running.id, OWNER, epoch=epoch, metrics=metrics, seconds=1.5)
        own = f"/experiments/{running.id}"
        experiment = service.client.get(own).json()

        assert (experiment["status"], experiment["epochs_done"], experiment["attempt"]) == ("running", 3, 1)
        assert experiment["best"] == {"epoch": 2, "metrics": {"auc": 0.8, "l_21": None}}
        assert experiment["last"]["epoch"] == 3
        epochs = service.client.get(experiment["links"]["metrics"]).json()
        assert [epoch["epoch"] for epoch in epochs["items"]] == [1, 2, 3]
        later = service.client.get(f"{own}/metrics", params={"after_epoch": 2}).json()
        assert [epoch["epoch"] for epoch in later["items"]] == [3]

    def test_failed_experiment_says_why(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            failed = make_experiment(
                session, status="failed", error_type="TrainingDiverged", error_detail="loss is nan"
            )
        experiment = service.client.get(f"/experiments/{failed.id}").json()
        assert experiment["error"] == {"type": "TrainingDiverged", "detail": "loss is nan"}

    def test_list_is_filtered_and_paged(self, service: Service) -> None:
        dataset = service.add_dataset()
        ids = [service.submit(dataset["id"], preset="small-mean").json()["id"] for _ in range(3)]
        other = service.submit(dataset["id"], preset="l23-mean").json()["id"]
        service.client.post(f"/experiments/{ids[0]}/cancel")

        def found(**params: Any) -> list[str]:
            rows = service.client.get("/experiments", params={"dataset_id": dataset["id"], **params})
            return [row["id"] for row in rows.raise_for_status().json()["items"]]

        assert found() == [other, *ids[::-1]]
        assert found(preset="small-mean") == ids[::-1]
        assert found(status="cancelled") == [ids[0]]
        first = service.client.get("/experiments", params={"dataset_id": dataset["id"], "limit": 3})
        second = service.client.get(first.links["next"]["url"])
        assert [row["id"] for row in second.json()["items"]] == [ids[0]]
        assert "next" not in second.links

    @pytest.mark.parametrize("part", ["", "/metrics", "/events", "/artifacts", "/predictions"])
    def test_unknown_experiment_is_not_found(self, service: Service, part: str) -> None:
        answer = service.client.get(f"/experiments/{UNKNOWN}{part}")
        assert_problem(answer, 404, "experiment-not-found")

    def test_presets_show_every_setting(self, service: Service) -> None:
        presets = {row["name"]: row["config"] for row in service.client.get("/presets").json()["items"]}
        assert {"small-mean", "small-dynamic", "l23-mean", "l23-pointwise"} <= set(presets)
        assert presets["l23-mean"]["loss"]["ability_alignment"] == "mean"
        assert presets["l23-mean"]["reference"]["name"] == "rasch"


class TestCancelAndRetry:
    def test_queued_experiment_is_cancelled_at_once(self, service: Service, dataset: dict[str, Any]) -> None:
        own = service.submit(dataset["id"]).headers["location"]
        response = service.client.post(f"{own}/cancel")

        assert (response.status_code, response.json()["status"]) == (202, "cancelled")
        assert service.client.post(f"{own}/cancel").json()["status"] == "cancelled"

    def test_running_experiment_is_asked_to_stop(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            running = make_running(session)
        response = service.client.post(f"/experiments/{running.id}/cancel")
        assert (response.status_code, response.json()["status"]) == (202, "running")
        assert response.json()["cancel_requested"] is True

    def test_succeeded_experiment_cannot_be_cancelled_or_retried(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            done = make_experiment(session, status="succeeded")
        for move in ("cancel", "retry"):
            problem = assert_problem(
                service.client.post(f"/experiments/{done.id}/{move}"), 409, "illegal-move"
            )
            assert problem["state"] == "succeeded"

    def test_failed_experiment_is_queued_again(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            failed = make_experiment(session, status="failed", error_type="WorkerLost", attempt=5)
        response = service.client.post(f"/experiments/{failed.id}/retry")

        assert response.status_code == 202, response.text
        assert (response.json()["status"], response.json()["error"]) == ("queued", None)
        assert service.messages()[-1] == str(failed.id)

    @pytest.mark.parametrize("move", ["cancel", "retry"])
    def test_unknown_experiment_is_not_found(self, service: Service, move: str) -> None:
        answer = service.client.post(f"/experiments/{UNKNOWN}/{move}")
        assert_problem(answer, 404, "experiment-not-found")


class TestDelete:
    def test_ended_experiment_goes_with_its_files(self, service: Service, dataset: dict[str, Any]) -> None:
        before = service.traces()
        experiment = service.submit(dataset["id"]).json()
        own = f"/experiments/{experiment['id']}"
        service.client.post(f"{own}/cancel")
        store = service.resources.store
        uploaded = service.stack.data_dir / "predictions"
        uploaded.write_bytes(b"PAR1")
        store.put_file(uploaded, f"experiments/{experiment['id']}/predictions.parquet")

        assert service.client.delete(own).status_code == 204
        assert service.traces() == before

    @pytest.mark.parametrize("status", ["queued", "running"])
    def test_active_experiment_stays(self, service: Service, status: str) -> None:
        with session_scope(service.sessions) as session:
            active = make_running(session) if status == "running" else make_experiment(session)
        problem = assert_problem(service.client.delete(f"/experiments/{active.id}"), 409, "experiment-active")
        assert problem["state"] == status

    def test_experiment_of_a_promoting_model_stays(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            model = make_model(session, status="promoting")
        answer = service.client.delete(f"/experiments/{model.experiment_id}")
        assert_problem(answer, 409, "model-in-use")


class TestUnfinished:
    def test_predictions_of_a_queued_experiment_conflict(
        self, service: Service, dataset: dict[str, Any]
    ) -> None:
        experiment = service.submit(dataset["id"]).json()
        answer = service.client.get(f"/experiments/{experiment['id']}/predictions")
        problem = assert_problem(answer, 409, "experiment-unfinished")
        assert problem["unfinished"] == [{"experiment_id": experiment["id"], "status": "queued"}]
        assert service.client.get(experiment["links"]["artifacts"]).json()["items"] == []

    def test_comparison_names_every_unfinished_experiment(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            done = make_experiment(session, status="succeeded", metrics={"auc": 0.7})
            queued = make_experiment(session)
            failed = make_experiment(session, status="failed")
        params = {"baseline": str(done.id), "candidate": [str(queued.id), str(failed.id)]}
        problem = assert_problem(
            service.client.get("/comparisons", params=params), 409, "experiment-unfinished"
        )
        assert problem["unfinished"] == [
            {"experiment_id": str(queued.id), "status": "queued"},
            {"experiment_id": str(failed.id), "status": "failed"},
        ]
