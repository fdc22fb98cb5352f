"""Models over HTTP: one of them serves."""

from uuid import uuid4

import pytest

from db.engine import session_scope
from tests.api.support import Service, assert_problem
from tests.builders import make_model, make_student


class TestPromote:
    def test_model_serves_at_once_when_nobody_waits(self, fresh_service: Service) -> None:
        with session_scope(fresh_service.sessions) as session:
            first, second = make_model(session), make_model(session)
        client = fresh_service.client
        assert_problem(client.get("/skills"), 409, "no-serving-model")

        answer = client.post(f"/models/{first.id}/promote")
        assert (answer.status_code, answer.json()["status"]) == (200, "serving")
        assert answer.json()["promoted_at"].endswith("Z")
        assert client.post(f"/models/{first.id}/promote").json() == answer.json()
        assert client.post(f"/models/{second.id}/promote").status_code == 200
        statuses = {row["id"]: row["status"] for row in client.get("/models").json()["items"]}
        assert statuses == {str(first.id): "retired", str(second.id): "serving"}
        assert_problem(client.delete(f"/experiments/{second.experiment_id}"), 409, "model-in-use")

    def test_students_are_scored_first(self, fresh_service: Service) -> None:
        with session_scope(fresh_service.sessions) as session:
            model = make_model(session)
            make_student(session, n_interactions=3)
        for _ in range(2):
            answer = fresh_service.client.post(f"/models/{model.id}/promote")
            assert (answer.status_code, answer.json()["status"]) == (202, "promoting")
        assert answer.headers["location"] == f"/models/{model.id}"
        assert int(answer.headers["retry-after"]) > 0
        assert set(fresh_service.messages("bulk")) == {str(model.id)}

    def test_a_model_that_only_predicts_can_not_serve(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            model = make_model(session)
            model.metrics = {"auc": 0.73, "theta_mean": None}
        answer = service.client.post(f"/models/{model.id}/promote")
        problem = assert_problem(answer, 409, "model-without-ability")
        assert "promote an ikt model" in problem["detail"]
        assert service.client.get(f"/models/{model.id}").json()["status"] == "candidate"

    def test_unknown_model_is_not_found(self, service: Service) -> None:
        for answer in (
            service.client.get(f"/models/{uuid4()}"),
            service.client.post(f"/models/{uuid4()}/promote"),
            service.client.get("/skills", params={"model_id": str(uuid4())}),
        ):
            assert_problem(answer, 404, "model-not-found")


class TestRead:
    def test_list_is_filtered_and_paged(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            ids = [str(make_model(session, status="retired").id) for _ in range(3)]
        first = service.client.get("/models", params={"status": "retired", "limit": 2})
        rest = service.client.get(first.links["next"]["url"])
        assert [row["id"] for row in (*first.json()["items"], *rest.json()["items"])] == ids[::-1]

    def test_failed_promotion_says_why(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            model = make_model(session)
            model.error_type, model.error_detail = "ModelUnreadable", "weights are missing"
        shown = service.client.get(f"/models/{model.id}").json()
        assert shown["error"] == {"type": "ModelUnreadable", "detail": "weights are missing"}

    def test_skills_of_any_model_have_difficulty_and_evidence(self, service: Service) -> None:
        with session_scope(service.sessions) as session:
            model = make_model(session, skills=("add", "divide"))
        answer = service.client.get("/skills", params={"model_id": str(model.id)}).json()
        assert answer["model"]["id"] == str(model.id)
        assert answer["items"][1] == {
            "name": "divide",
            "difficulty": 0.5,
            "difficulty_standard_error": pytest.approx(0.1),
            "n_responses": 50,
        }
