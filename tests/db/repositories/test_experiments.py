"""What people do to experiments, and what a worker may write while it holds the lease."""

from datetime import UTC
from uuid import uuid4

import pytest
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from db.errors import (
    DatasetNotFound,
    DuplicateIdempotencyKey,
    ExperimentNotFound,
    IllegalMove,
    ModelInUse,
    StillActive,
)
from db.lifecycle import ExperimentStatus, ModelStatus
from db.models import Experiment, Model
from db.repositories import experiments, models, runs
from db.repositories.submissions import find_submission
from tests.builders import OWNER, make_dataset, make_experiment, make_model, make_running

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, PRUNED = ExperimentStatus
TERMINAL = [SUCCEEDED, FAILED, CANCELLED, PRUNED]


class TestAddExperiment:
    def test_starts_queued_with_nothing_done(self, session: Session) -> None:
        experiment = make_experiment(session)
        assert (experiment.status, experiment.attempt, experiment.progress) == (QUEUED, 0, 0.0)
        assert experiment.created_at.tzinfo is UTC

    def test_unknown_dataset_is_named(self, session: Session) -> None:
        missing = uuid4()
        with pytest.raises(DatasetNotFound, match=str(missing)):
            make_experiment(session, dataset_id=missing)

    def test_second_use_of_a_key_is_refused_and_the_first_is_found(self, session: Session) -> None:
        first = make_experiment(session, idempotency_key="k")
        with pytest.raises(DuplicateIdempotencyKey, match="'k'"):
            make_experiment(session, idempotency_key="k")
        found = find_submission(session, Experiment, "k")
        assert found is not None
        assert found.id == first.id

    def test_experiments_without_a_key_do_not_collide(self, session: Session) -> None:
        assert make_experiment(session).id != make_experiment(session).id


class TestGetExperiment:
    def test_brings_its_dataset(self, session: Session) -> None:
        made = make_experiment(session, dataset_id=make_dataset(session, name="school").id)
        session.expunge_all()
        assert experiments.get_experiment(session, made.id).dataset.name == "school"

    def test_unknown_id_raises(self, session: Session) -> None:
        with pytest.raises(ExperimentNotFound):
            experiments.get_experiment(session, uuid4())

    def test_nothing_is_loaded_lazily(self, session: Session) -> None:
        made = make_experiment(session)
        session.expunge_all()
        bare = session.get_one(Experiment, made.id)
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            _ = bare.dataset


class TestListExperiments:
    def test_newest_come_first(self, session: Session) -> None:
        made = [make_experiment(session).id for _ in range(3)]
        assert [row.id for row in experiments.list_experiments(session).items] == made[::-1]

    @pytest.mark.parametrize("field", ["status", "dataset_id", "preset"])
    def test_filter_keeps_what_matches(self, session: Session, field: str) -> None:
        wanted = make_experiment(session, status=FAILED, preset="l23-mean")
        make_experiment(session)
        page = experiments.list_experiments(session, **{field: getattr(wanted, field)})
        assert [row.id for row in page.items] == [wanted.id]

    def test_filter_holds_on_the_next_page(self, session: Session) -> None:
        wanted = [make_experiment(session, preset="l23-mean").id for _ in range(3)]
        make_experiment(session)
        first = experiments.list_experiments(session, preset="l23-mean", limit=2)
        second = experiments.list_experiments(session, preset="l23-mean", limit=2, cursor=first.next_cursor)
        assert [row.id for row in [*first.items, *second.items]] == wanted[::-1]


class TestRequestCancel:
    def test_queued_is_cancelled_at_once(self, session: Session) -> None:
        made = make_experiment(session)
        assert experiments.request_cancel(session, made.id).status == CANCELLED
        assert made.finished_at is not None

    def test_running_is_asked_to_stop(self, session: Session) -> None:
        running = make_running(session)
        assert experiments.request_cancel(session, running.id).status == RUNNING
        assert running.cancel_requested

    def test_asking_again_changes_nothing(self, session: Session) -> None:
        made = make_experiment(session)
        finished_at = experiments.request_cancel(session, made.id).finished_at
        assert experiments.request_cancel(session, made.id).finished_at == finished_at

    @pytest.mark.parametrize("status", [SUCCEEDED, FAILED])
    def test_finished_can_not_be_cancelled(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        with pytest.raises(IllegalMove, match=f"is {status} and can't become cancelled"):
            experiments.request_cancel(session, made.id)

    def test_unknown_id_raises(self, session: Session) -> None:
        with pytest.raises(ExperimentNotFound):
            experiments.request_cancel(session, uuid4())


class TestRetry:
    @pytest.mark.parametrize("status", [FAILED, CANCELLED])
    def test_starts_over_with_all_attempts(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(
            session, status=status, attempt=5, error_type="WorkerLost", cancel_requested=True
        )
        again = experiments.retry(session, made.id)
        assert (again.status, again.attempt, again.error_type) == (QUEUED, 0, None)
        assert runs.claim(session, made.id, OWNER, lease_seconds=60) is not None

    @pytest.mark.parametrize("status", [QUEUED, RUNNING, SUCCEEDED])
    def test_others_can_not_be_retried(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        with pytest.raises(IllegalMove):
            experiments.retry(session, made.id)


class TestDeleteExperiment:
    def test_takes_epochs_and_model_along(self, session: Session) -> None:
        running = make_running(session)
        runs.record_epoch(session, running.id, OWNER, epoch=1, metrics={}, seconds=1.0)
        runs.finish(session, running.id, OWNER, metrics={})
        model = make_model(session, experiment_id=running.id)
        experiments.delete_experiment(session, running.id)
        assert experiments.list_epoch_metrics(session, running.id) == []
        assert models.find_model_of_experiment(session, running.id) is None
        assert session.get(Model, model.id, populate_existing=True) is None

    @pytest.mark.parametrize("status", [QUEUED, RUNNING])
    def test_active_ones_stay(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        with pytest.raises(StillActive, match="cancel it first"):
            experiments.delete_experiment(session, made.id)

    @pytest.mark.parametrize("status", [ModelStatus.PROMOTING, ModelStatus.SERVING])
    def test_model_in_use_keeps_its_experiment(self, session: Session, status: ModelStatus) -> None:
        model = make_model(session, status=status)
        with pytest.raises(ModelInUse, match=status):
            experiments.delete_experiment(session, model.experiment_id)
