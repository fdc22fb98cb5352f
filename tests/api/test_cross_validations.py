"""Cross-validations over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from api.schemas.cross_validations import Spread
from api.services.cross_validations import spread_of
from db.engine import session_scope
from db.repositories import cross_validations, experiments
from tests.api.support import Service, assert_problem


def submit(service: Service, *, key: str | None = None, **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    wanted = {"dataset_id": body.pop("dataset_id", None) or service.add_dataset()["id"], **body}
    return service.client.post("/cross-validations", json=wanted, headers=headers)


def end(service: Service, row: dict[str, Any], *statuses: str, **metrics: list[float]) -> dict[str, Any]:
    """As if workers had run its experiments; how the cross-validation looks then."""
    with session_scope(service.sessions) as session:
        members = cross_validations.list_members(session, [UUID(row["id"])])
        for position, (member, status) in enumerate(zip(members, statuses, strict=False)):
            member.status = status  # type: ignore[assignment]
            member.metrics = {name: values[position] for name, values in metrics.items()}
    found: dict[str, Any] = service.client.get(f"/cross-validations/{row['id']}").raise_for_status().json()
    return found


class TestSubmit:
    def test_every_fold_is_an_experiment_of_its_own(self, service: Service) -> None:
        answer = submit(service, preset="small-mean", seed=7, exclude_folds=[3])
        row = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (202, row["links"]["self"])
        assert (row["status"], row["folds"], row["counts"]) == ("queued", [0, 1, 2, 4], {"queued": 4})
        members = row["experiments"]
        assert [member["fold"] for member in members] == row["folds"]
        assert {(*member["exclude_folds"], member["seed"]) for member in members} == {(3, 7)}
        assert {member["config_fingerprint"] for member in members} == {row["config_fingerprint"]}
        assert {member["cross_validation_id"] for member in members} == {row["id"]}
        assert service.messages()[-4:] == [member["id"] for member in members]

    def test_named_folds_alone(self, service: Service) -> None:
        row = submit(service, folds=[4, 1], name="two").json()
        assert [member["name"] for member in row["experiments"]] == ["two: fold 1", "two: fold 4"]

    def test_all_or_none(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        dataset_id, real = service.add_dataset()["id"], experiments.add_experiment

        def fail_at_fold_3(*given: Any, **named: Any) -> Any:
            if named["fold"] == 3:
                raise RuntimeError("the disk is full")
            return real(*given, **named)

        before = service.traces()
        monkeypatch.setattr(experiments, "add_experiment", fail_at_fold_3)
        assert_problem(submit(service, dataset_id=dataset_id), 500, "internal")
        assert service.traces() == before

    def test_a_key_is_one_cross_validation(self, service: Service) -> None:
        dataset_id, key = service.add_dataset()["id"], uuid4().hex
        first, second = (submit(service, key=key, dataset_id=dataset_id).json() for _ in range(2))
        assert first["id"] == second["id"]
        other = submit(service, key=key, dataset_id=dataset_id, folds=[0, 1])
        assert_problem(other, 422, "idempotency-key-reused")


class TestRead:
    def test_mean_and_deviation_over_the_folds_that_succeeded(self, service: Service) -> None:
        row = submit(service, folds=[0, 1, 2]).json()
        nan = float("nan")
        found = end(
            service, row, "succeeded", "succeeded", "failed", auc=[0.7, 0.8, 0.1], brier=[nan, 0.2, 0.3]
        )
        assert found["metrics"]["auc"]["mean"] == pytest.approx(0.75)
        assert found["metrics"]["auc"]["std"] == pytest.approx(0.1 / 2**0.5)
        assert found["metrics"]["auc"]["n"] == 2
        assert found["metrics"]["brier"] == {"mean": 0.2, "std": None, "n": 1}

    @pytest.mark.parametrize(
        ("statuses", "status"),
        [
            (("queued", "queued"), "queued"),
            (("queued", "succeeded"), "running"),
            (("running", "failed"), "running"),
            (("succeeded", "succeeded"), "succeeded"),
            (("succeeded", "failed"), "failed"),
            (("cancelled", "failed"), "failed"),
            (("succeeded", "cancelled"), "cancelled"),
        ],
    )
    def test_its_state_is_what_its_experiments_make_it(
        self, service: Service, statuses: tuple[str, ...], status: str
    ) -> None:
        row = submit(service, folds=[0, 1]).json()
        assert end(service, row, *statuses)["status"] == status
        listed = service.client.get("/cross-validations", params={"dataset_id": row["dataset_id"]}).json()
        assert [(one["id"], one["status"]) for one in listed["items"]] == [(row["id"], status)]

    def test_with_an_experiment_deleted_it_is_incomplete(self, service: Service) -> None:
        row = submit(service, folds=[0, 1]).json()
        end(service, row, "succeeded", "succeeded")
        service.client.delete(f"/experiments/{row['experiments'][0]['id']}").raise_for_status()
        assert service.client.get(row["links"]["self"]).json()["status"] == "incomplete"

    def test_no_number_at_all_is_no_figure(self) -> None:
        assert spread_of([{"auc": None}, {}]) == {"auc": Spread(mean=None, std=None, n=0)}
        assert spread_of([]) == {}


def test_cancelling_stops_what_has_not_ended(service: Service) -> None:
    row = submit(service, folds=[0, 1, 2]).json()
    end(service, row, "succeeded", "running", auc=[0.7, 0.7])
    answers = [service.client.post(f"/cross-validations/{row['id']}/cancel") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    members = answers[1].json()["experiments"]
    states = [(member["status"], member["cancel_requested"]) for member in members]
    assert states == [("succeeded", False), ("running", True), ("cancelled", True)]
