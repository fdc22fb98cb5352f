"""The Python client against a live service: every operation, and the ways that take several of them."""

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import pyarrow.parquet as pq
import pytest

from ikt_client import (
    AuthenticatedClient,
    Refused,
    connect,
    each,
    follow_events,
    models,
    need,
    wait,
)
from ikt_client.api.cohorts import delete_cohort, get_cohort_mastery, list_cohorts, set_cohort
from ikt_client.api.comparisons import compare_experiments
from ikt_client.api.cross_validations import (
    cancel_cross_validation,
    get_cross_validation,
    list_cross_validations,
    submit_cross_validation,
)
from ikt_client.api.datasets import add_dataset, delete_dataset, get_dataset, list_datasets
from ikt_client.api.experiments import (
    cancel_experiment,
    delete_experiment,
    evaluate_experiment,
    get_experiment,
    get_predictions,
    get_report,
    list_artifacts,
    list_epochs,
    list_experiments,
    list_presets,
    retry_experiment,
    stream_events,
    submit_experiment,
)
from ikt_client.api.models import get_model, list_models, promote_model
from ikt_client.api.privacy import (
    apply_retention,
    get_erasure,
    list_audit_entries,
    list_erasures,
    request_erasure,
)
from ikt_client.api.skills import list_skills
from ikt_client.api.students import (
    delete_student,
    export_student,
    get_mastery,
    get_mastery_history,
    get_student,
    get_trajectory,
    list_students,
    load_interactions,
    predict_student,
    recommend_skills,
    record_interactions,
    record_statements,
)
from ikt_client.api.sweeps import (
    cancel_sweep,
    get_pareto,
    get_sweep,
    get_sweep_pareto,
    list_sweeps,
    submit_sweep,
)
from ikt_client.api.system import get_liveness, get_problem_kind, get_readiness
from ikt_client.types import File
from tests.clients.conftest import Live
from tests.clients.operations import OPERATIONS, Heard
from tests.keys import TEXT

TINY = models.Config.from_dict(
    {
        "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 50},
        "training": {"epochs": 2, "batch_tokens": 512},
    }
)
README = Path(__file__).parents[2] / "clients" / "python" / "README.md"
SECONDS = 120.0
STUDENT = "school/ana"  # an id may hold what paths are made of
COHORT = "year 7"


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def client(live: Live, heard: Heard) -> Iterator[AuthenticatedClient]:
    with connect(live.url, TEXT, trust_env=False, event_hooks={"response": [heard.hear]}) as made:
        yield made


def test_every_operation_does_what_it_is_for(
    client: AuthenticatedClient, live: Live, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_the_system(client)
    dataset_id = keep_datasets(client, live)
    baseline, candidate = train_two(client, dataset_id)
    read_results(client, candidate, live.other_classroom)
    compare(client, baseline, candidate)
    stop_and_go_on(client, dataset_id)
    validate(client, dataset_id)
    search(client, dataset_id)
    promote(client, candidate)
    record(client)
    read_student(client)
    run_the_readme(live, monkeypatch)
    group(client)
    let_go(client)
    assert set(OPERATIONS.values()) - heard.succeeded() == set()


def ask_the_system(client: AuthenticatedClient) -> None:
    assert need(get_liveness.sync(client=client)).status == "alive"
    assert {part.name for part in need(get_readiness.sync(client=client)).parts} >= {"database", "broker"}
    assert need(get_problem_kind.sync("no-serving-model", client=client)).status == 409
    assert "small-mean" in {preset.name for preset in need(list_presets.sync(client=client)).items}


def keep_datasets(client: AuthenticatedClient, live: Live) -> UUID:
    dataset = upload(client, live.classroom)
    assert (dataset.n_students, dataset.n_skills) == (60, 5)
    with live.classroom.open("rb") as content:
        again = add_dataset.sync_detailed(client=client, body=File(content))
    assert (again.status_code, need(again.parsed).id) == (HTTPStatus.OK, dataset.id)
    assert need(get_dataset.sync(dataset.id, client=client)).content_hash == dataset.content_hash

    other = upload(client, live.other_classroom)
    known = [row.id for row in each(list_datasets.sync, client=client, limit=1)]
    assert known == [other.id, dataset.id]
    assert delete_dataset.sync_detailed(other.id, client=client).status_code == HTTPStatus.NO_CONTENT
    return dataset.id


def upload(client: AuthenticatedClient, file: Path) -> models.DatasetRead:
    with file.open("rb") as content:
        form = models.AddDatasetFilesBody(
            file=File(content, file_name=file.name), name=file.stem, format_="events"
        )
        return need(add_dataset.sync(client=client, body=form))


def wanted(dataset_id: UUID, **changes: Any) -> models.ExperimentCreate:
    return models.ExperimentCreate(dataset_id=dataset_id, config=TINY, **changes)


def train_two(client: AuthenticatedClient, dataset_id: UUID) -> tuple[UUID, UUID]:
    ids = []
    for preset in ("small-mean", "small-dynamic"):
        body, key = wanted(dataset_id, preset=preset, name=preset), str(uuid4())
        first = need(submit_experiment.sync(client=client, body=body, idempotency_key=key))
        again = need(submit_experiment.sync(client=client, body=body, idempotency_key=key))
        assert first.id == again.id
        ids.append(first.id)
    for experiment_id in ids:
        events = list(follow_events(experiment_id, client=client))
        assert [event.data["epoch"] for event in events if event.name == "epoch"] == [1, 2]
        assert (events[-1].name, events[-1].data["status"]) == ("end", "succeeded")
        ended = wait(lambda id=experiment_id: get_experiment.sync(id, client=client), seconds=SECONDS)
        assert ended.status == "succeeded"
        assert isinstance(ended.metrics, models.Metrics)
        assert 0 < cast(float, ended.metrics["auc"]) < 1
    return ids[0], ids[1]


def read_results(client: AuthenticatedClient, experiment_id: UUID, file: Path) -> None:
    told = need(stream_events.sync(experiment_id, client=client, last_event_id=1))
    assert "id: 1\n" not in told
    assert "event: end" in told
    assert [row.epoch for row in need(list_epochs.sync(experiment_id, client=client)).items] == [1, 2]
    left = {row.name for row in need(list_artifacts.sync(experiment_id, client=client)).items}
    assert {"predictions", "report"} <= left
    report = need(get_report.sync(experiment_id, client=client))
    parquet = need(get_predictions.sync(experiment_id, client=client))
    table = pq.read_table(parquet.payload)
    assert table.num_rows == report.n_predicted
    csv = get_predictions.sync_detailed(experiment_id, client=client, accept="text/csv").content
    assert csv.startswith(b'"student_id","position"')
    with file.open("rb") as content:
        form = models.EvaluateExperimentFilesBody(file=File(content, file_name=file.name), protocol="history")
        measured = need(evaluate_experiment.sync(experiment_id, client=client, body=form))
    assert (measured.protocol, measured.n_students) == ("history", 60)


def compare(client: AuthenticatedClient, baseline: UUID, candidate: UUID) -> None:
    found = need(compare_experiments.sync(client=client, baseline=baseline, candidate=[candidate]))
    assert [row.label for row in found.experiments] == ["small-mean", "small-dynamic"]
    markdown = compare_experiments.sync_detailed(
        client=client, baseline=baseline, candidate=[candidate], accept="text/markdown"
    )
    assert markdown.parsed is None
    assert markdown.content.decode().startswith("#")
    front = need(get_pareto.sync(client=client, experiment=[baseline, candidate]))
    assert len(front.points) == 2
    figure = get_pareto.sync_detailed(client=client, experiment=[baseline, candidate], format_="svg")
    assert b"<svg" in figure.content


def stop_and_go_on(client: AuthenticatedClient, dataset_id: UUID) -> None:
    submitted = need(submit_experiment.sync(client=client, body=wanted(dataset_id, name="stopped")))
    need(cancel_experiment.sync(submitted.id, client=client))
    stopped = wait(lambda: get_experiment.sync(submitted.id, client=client), seconds=SECONDS)
    assert stopped.status == "cancelled"
    need(retry_experiment.sync(submitted.id, client=client))
    ended = wait(lambda: get_experiment.sync(submitted.id, client=client), seconds=SECONDS)
    assert ended.status == "succeeded"
    listed = {row.name for row in each(list_experiments.sync, client=client, limit=1, status="succeeded")}
    assert listed == {"stopped", "small-mean", "small-dynamic"}
    gone = delete_experiment.sync_detailed(submitted.id, client=client)
    assert gone.status_code == HTTPStatus.NO_CONTENT


def validate(client: AuthenticatedClient, dataset_id: UUID) -> None:
    body = models.CrossValidationCreate(dataset_id=dataset_id, preset="small-mean", config=TINY, folds=[0, 1])
    submitted = need(submit_cross_validation.sync(client=client, body=body))
    ended = wait(lambda: get_cross_validation.sync(submitted.id, client=client), seconds=SECONDS)
    assert (ended.status, ended.metrics["auc"].n) == ("succeeded", 2)
    body.folds = "all"
    stopped = need(submit_cross_validation.sync(client=client, body=body))
    need(cancel_cross_validation.sync(stopped.id, client=client))
    known = [row.id for row in each(list_cross_validations.sync, client=client, limit=1)]
    assert known == [stopped.id, submitted.id]


def search(client: AuthenticatedClient, dataset_id: UUID) -> None:
    grid = models.GridSearch.from_dict({"method": "grid", "space": {"loss.lambda_target": [0.0, 0.5]}})
    body = models.SweepCreate(
        dataset_id=dataset_id, config=TINY, search=grid, preset="small-dynamic", fold=1, parallel=2
    )
    submitted = need(submit_sweep.sync(client=client, body=body))
    ended = wait(lambda: get_sweep.sync(submitted.id, client=client), seconds=SECONDS)
    assert ended.status == "succeeded"
    assert isinstance(ended.best, models.TrialRead)
    assert ended.best.settings["loss.lambda_target"] in (0.0, 0.5)
    assert len(need(get_sweep_pareto.sync(submitted.id, client=client)).points) == 2
    stopped = need(submit_sweep.sync(client=client, body=body))
    need(cancel_sweep.sync(stopped.id, client=client))
    assert len(list(each(list_sweeps.sync, client=client))) == 2


def promote(client: AuthenticatedClient, experiment_id: UUID) -> None:
    (model,) = (row for row in each(list_models.sync, client=client) if row.experiment_id == experiment_id)
    need(promote_model.sync(model.id, client=client))
    assert wait(lambda: get_model.sync(model.id, client=client), seconds=SECONDS).status == "serving"
    assert len(need(list_skills.sync(client=client)).items) == 5


def record(client: AuthenticatedClient) -> None:
    responses = [
        models.InteractionCreate(event_id=f"e{step}", skill=f"skill-{1 + step % 5}", correct=step % 3 != 0)
        for step in range(8)
    ]
    first = need(record_interactions.sync(STUDENT, client=client, body=responses))
    again = need(record_interactions.sync(STUDENT, client=client, body=responses[0]))
    assert (first.accepted, again.duplicates) == (8, 1)

    pupils = [
        models.InteractionLine(student_id=f"pupil-{number}", event_id="1", skill="skill-1", correct=True)
        for number in range(12)
    ]
    loaded = need(load_interactions.sync(client=client, body=pupils, scoring="immediate"))
    assert (loaded.accepted, loaded.scoring) == (12, "done")
    lines = b'{"student_id": "pupil-0", "event_id": "2", "skill": "skill-2", "correct": false}\n'
    assert need(load_interactions.sync(client=client, body=File(file_of(lines)))).accepted == 1

    statement = models.Statement.from_dict(
        {
            "id": str(uuid4()),
            "actor": {"account": {"homePage": "https://school.example", "name": "pupil-1"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {"id": "https://school.example/items/7"},
            "context": {"contextActivities": {"category": [{"id": "https://school.example/skills/skill-2"}]}},
            "result": {"success": True},
        }
    )
    assert need(record_statements.sync(client=client, body=[statement])).accepted == 1


def file_of(content: bytes) -> BinaryIO:
    return BytesIO(content)


def read_student(client: AuthenticatedClient) -> None:
    mastery = get_mastery.sync_detailed(STUDENT, client=client)
    assert sum(skill.evidence for skill in need(mastery.parsed).skills) == 8
    unchanged = get_mastery.sync_detailed(STUDENT, client=client, if_none_match=mastery.headers["ETag"])
    assert (unchanged.status_code, unchanged.content) == (HTTPStatus.NOT_MODIFIED, b"")
    one = need(get_mastery.sync(STUDENT, client=client, skill=["skill-1"]))
    assert [skill.skill for skill in one.skills] == ["skill-1"]
    assert need(get_mastery_history.sync(STUDENT, client=client, points=3)).student_id == STUDENT
    steps = list(each(get_trajectory.sync, STUDENT, client=client, limit=3))
    assert [step.event_id for step in steps] == [f"e{step}" for step in range(8)]
    csv = get_trajectory.sync_detailed(STUDENT, client=client, accept="text/csv").content
    assert len(csv.splitlines()) == 9

    supposed = models.PredictionsCreate(
        skills=["skill-2"], responses=[models.Hypothetical(skill="skill-2", correct=True)]
    )
    (forecast,) = need(predict_student.sync(STUDENT, client=client, body=supposed)).skills
    assert forecast.skill == "skill-2"
    assert len(need(recommend_skills.sync(STUDENT, client=client, by="information", limit=2)).items) == 2
    assert need(get_student.sync(STUDENT, client=client)).n_interactions == 8
    assert STUDENT in {row.student_id for row in each(list_students.sync, client=client, limit=5)}
    assert len(need(export_student.sync(STUDENT, client=client)).interactions) == 8


def run_the_readme(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks build on each other, and on the model that serves by now."""
    monkeypatch.setenv("IKT_URL", live.url)
    monkeypatch.setenv("IKT_API_KEY", TEXT)
    blocks = re.findall(r"```python\n(.+?)```", README.read_text("utf-8"), re.S)
    assert len(blocks) == 4
    namespace: dict[str, Any] = {}
    with redirect_stdout(StringIO()) as said:
        exec(compile("\n".join(blocks), str(README), "exec"), namespace)
    namespace["client"].get_httpx_client().close()
    for part in ("skill-1 0.", "/problems/experiment-not-found", "small-dynamic", "end {"):
        assert part in said.getvalue()


def group(client: AuthenticatedClient) -> None:
    members = models.Members(student_ids=[f"pupil-{number}" for number in range(12)])
    assert need(set_cohort.sync(COHORT, client=client, body=members)).n_students == 12
    assert [row.cohort for row in each(list_cohorts.sync, client=client)] == [COHORT]
    assert need(get_cohort_mastery.sync(client=client, cohort=COHORT)).n_students == 12
    assert delete_cohort.sync_detailed(COHORT, client=client).status_code == HTTPStatus.NO_CONTENT


def let_go(client: AuthenticatedClient) -> None:
    body = models.RetentionCreate(inactive_since=datetime(2020, 1, 1, tzinfo=UTC), dry_run=True)
    assert need(apply_retention.sync(client=client, body=body)).n_students == 0
    erasure = need(request_erasure.sync(client=client, body=models.ErasureCreate(student_id="pupil-3")))
    ended = wait(lambda: get_erasure.sync(erasure.id, client=client), seconds=SECONDS)
    assert (ended.status, ended.n_interactions) == ("done", 1)
    assert delete_student.sync_detailed(STUDENT, client=client).status_code == HTTPStatus.NO_CONTENT
    assert len(list(each(list_erasures.sync, client=client, limit=1))) == 2
    assert len(need(list_audit_entries.sync(client=client, limit=5)).items) == 5


class TestRefusals:
    def test_a_problem_is_typed_and_can_be_raised(self, client: AuthenticatedClient) -> None:
        answer = get_experiment.sync_detailed(uuid4(), client=client)
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert isinstance(answer.parsed, models.Problem)
        assert answer.parsed.type_ == "/problems/experiment-not-found"
        with pytest.raises(Refused, match="404"):
            need(answer.parsed)

    def test_what_is_wrong_is_named(self, client: AuthenticatedClient) -> None:
        body = models.ExperimentCreate(dataset_id=uuid4(), fold=-1)
        with pytest.raises(Refused) as refused:
            need(submit_experiment.sync(client=client, body=body))
        (error,) = cast(list[models.FieldProblem], refused.value.problem.errors)
        assert (refused.value.problem.status, error.pointer) == (422, "/fold")

    def test_without_a_key_nothing_is_told(self, live: Live) -> None:
        with connect(live.url, "", trust_env=False) as stranger, pytest.raises(Refused, match="401"):
            next(each(list_students.sync, client=stranger))

    def test_events_of_nothing_are_refused(self, client: AuthenticatedClient) -> None:
        with pytest.raises(Refused, match="404"):
            next(follow_events(uuid4(), client=client))
