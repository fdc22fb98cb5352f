"""Silent workers, doorbells, and several who want the same row at once."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.errors import IllegalMove, LeaseLost
from db.lifecycle import ExperimentStatus, ModelStatus
from db.repositories import experiments, models, runs
from db.repositories.leases import ring_delay
from tests.builders import OWNER, make_experiment, make_model, make_running
from tests.threads import N_THREADS, together

SOON = timedelta(seconds=61)


class TestRequeueExpired:
    def test_silent_workers_run_is_queued_again(self, session: Session) -> None:
        running = make_running(session)
        assert runs.requeue_expired(session, utc_now() + SOON) == [running.id]
        assert (running.status, running.attempt, running.lease_owner) == (ExperimentStatus.QUEUED, 1, None)

    def test_living_workers_run_is_left_alone(self, session: Session) -> None:
        make_running(session)
        make_experiment(session)
        assert runs.requeue_expired(session) == []

    def test_worker_that_was_thought_dead_can_not_write(self, session: Session) -> None:
        running = make_running(session)
        runs.requeue_expired(session, utc_now() + SOON)
        with pytest.raises(LeaseLost):
            runs.finish(session, running.id, OWNER, metrics={})

    def test_last_attempt_fails_with_a_clear_reason(self, session: Session) -> None:
        running = make_running(session, attempt=1, max_attempts=2)
        assert runs.requeue_expired(session, utc_now() + SOON) == []
        assert (running.status, running.error_type) == (ExperimentStatus.FAILED, "WorkerLost")
        assert "attempt 2 of 2" in str(running.error_detail)
        assert OWNER in str(running.error_detail)
        assert running.finished_at is not None

    def test_run_that_was_to_be_cancelled_is(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        assert runs.requeue_expired(session, utc_now() + SOON) == []
        assert running.status == ExperimentStatus.CANCELLED

    def test_five_lost_workers_are_the_default_limit(self, session: Session) -> None:
        experiment = make_experiment(session)
        now = utc_now()
        for attempt in range(1, 6):
            assert runs.claim(session, experiment.id, OWNER, lease_seconds=60, now=now)
            now += SOON
            assert len(runs.requeue_expired(session, now)) == (attempt < 5)
        assert experiment.status == ExperimentStatus.FAILED


class TestListUnrung:
    def test_first_repetition_waits(self, session: Session) -> None:
        made = make_experiment(session)
        early, due = (made.rung_at + timedelta(seconds=seconds) for seconds in (14, 15))
        assert runs.list_unrung(session, early) == []
        assert runs.list_unrung(session, due) == [made]

    def test_waits_double_up_to_an_hour(self) -> None:
        waits = [ring_delay(rings).total_seconds() for rings in range(12)]
        assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]

    @pytest.mark.parametrize("rings", [0, 1, 7, 8, 20])
    def test_row_is_due_after_its_wait(self, session: Session, rings: int) -> None:
        made = make_experiment(session, rings=rings)
        due = made.rung_at + ring_delay(rings)
        assert runs.list_unrung(session, due - timedelta(seconds=1)) == []
        assert runs.list_unrung(session, due) == [made]

    def test_ring_starts_the_next_wait(self, session: Session) -> None:
        made = make_experiment(session)
        now = made.rung_at + timedelta(seconds=20)
        runs.mark_rung(session, runs.list_unrung(session, now), now=now)
        assert runs.list_unrung(session, now + timedelta(seconds=29)) == []
        assert runs.list_unrung(session, now + timedelta(seconds=30)) == [made]

    def test_only_queued_rows_ring(self, session: Session) -> None:
        make_running(session)
        make_experiment(session, status="failed")
        assert runs.list_unrung(session, utc_now() + timedelta(days=1)) == []

    def test_a_ring_that_another_janitor_has_marked_is_not_counted_twice(self, session: Session) -> None:
        make_experiment(session)
        now = utc_now() + timedelta(seconds=15)
        (due,) = runs.list_unrung(session, now)
        session.expunge(due)
        for _ in range(2):
            runs.mark_rung(session, [due], now=now)
        assert experiments.get_experiment(session, due.id).rings == 1

    def test_requeued_row_starts_with_the_shortest_wait(self, session: Session) -> None:
        running = make_running(session)
        running.rings = 6
        now = utc_now() + SOON
        runs.requeue_expired(session, now)
        assert runs.list_unrung(session, now + timedelta(seconds=15)) == [running]


class TestPromotionLease:
    def test_claim_is_exclusive_until_it_expires(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        assert models.claim_promotion(session, model.id, OWNER, lease_seconds=60) is not None
        assert models.claim_promotion(session, model.id, "worker-2", lease_seconds=60) is None
        later = utc_now() + SOON
        assert models.claim_promotion(session, model.id, "worker-2", lease_seconds=60, now=later) is not None
        with pytest.raises(LeaseLost):
            models.renew_promotion(session, model.id, OWNER, lease_seconds=60)

    def test_candidate_is_not_claimed(self, session: Session) -> None:
        assert models.claim_promotion(session, make_model(session).id, OWNER, lease_seconds=60) is None

    def test_silent_workers_promotion_waits_again(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        assert models.requeue_expired_promotions(session, utc_now() + SOON) == [model.id]
        assert models.claim_promotion(session, model.id, "worker-2", lease_seconds=60) is not None

    def test_promotion_given_back_waits_with_all_its_attempts(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        with pytest.raises(LeaseLost):
            models.release_promotion(session, model.id, "worker-2")
        models.release_promotion(session, model.id, OWNER)
        session.refresh(model)
        assert (model.status, model.attempt, model.lease_owner) == (ModelStatus.PROMOTING, 0, None)
        assert models.claim_promotion(session, model.id, "worker-2", lease_seconds=60) is not None

    def test_promotion_out_of_attempts_is_a_candidate_again(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        model.attempt = model.max_attempts - 1
        session.flush()
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        assert models.requeue_expired_promotions(session, utc_now() + SOON) == []
        assert (model.status, model.error_type) == (ModelStatus.CANDIDATE, "WorkerLost")

    def test_only_waiting_promotions_ring(self, session: Session) -> None:
        waiting, held = (models.start_promotion(session, make_model(session).id) for _ in range(2))
        models.claim_promotion(session, held.id, OWNER, lease_seconds=60)
        make_model(session)
        now = utc_now() + timedelta(seconds=15)
        due = models.list_unrung_promotions(session, now)
        assert [model.id for model in due] == [waiting.id]
        models.mark_promotions_rung(session, due, now=now)
        assert models.list_unrung_promotions(session, now) == []


class TestTogether:
    def test_one_of_many_workers_gets_the_claim(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            experiment_id = make_experiment(session).id

        def claim(number: int) -> bool:
            with session_scope(sessions) as session:
                owner = f"worker-{number}"
                return runs.claim(session, experiment_id, owner, lease_seconds=60) is not None

        assert sum(together(claim)) == 1
        assert _attempt(sessions, experiment_id) == 1

    def test_one_of_many_workers_takes_an_expired_lease_over(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            experiment_id = make_running(session, lease_seconds=-1).id

        def claim(number: int) -> bool:
            with session_scope(sessions) as session:
                owner = f"worker-{number}"
                return runs.claim(session, experiment_id, owner, lease_seconds=60) is not None

        assert sum(together(claim)) == 1
        assert _attempt(sessions, experiment_id) == 2

    def test_janitors_at_once_requeue_once(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            expected = {make_running(session, lease_seconds=-1).id for _ in range(3)}

        def look(number: int) -> list[UUID]:  # noqa: ARG001
            with session_scope(sessions) as session:
                return runs.requeue_expired(session)

        requeued = [row_id for ids in together(look) for row_id in ids]
        assert sorted(requeued) == sorted(expected)

    def test_cancel_and_claim_at_once_leave_one_winner(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            experiment_id = make_experiment(session).id

        def cancel_or_claim(number: int) -> bool:
            with session_scope(sessions) as session:
                if number % 2:
                    experiments.request_cancel(session, experiment_id)
                    return False
                return runs.claim(session, experiment_id, OWNER, lease_seconds=60) is not None

        started = sum(together(cancel_or_claim))
        with read_scope(sessions) as session:
            experiment = experiments.get_experiment(session, experiment_id)
        assert experiment.cancel_requested
        assert started == (experiment.status == ExperimentStatus.RUNNING)

    def test_cancel_waits_for_a_claim_and_then_asks_the_run_to_stop(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            experiment_id = make_experiment(session).id

        def cancel() -> None:
            with session_scope(sessions) as session:
                experiments.request_cancel(session, experiment_id)

        canceller = threading.Thread(target=cancel)
        with session_scope(sessions) as session:
            assert runs.claim(session, experiment_id, OWNER, lease_seconds=60) is not None
            canceller.start()
            canceller.join(timeout=0.3)  # it has read, or waits to
            assert canceller.is_alive()
        canceller.join()
        with read_scope(sessions) as session:
            experiment = experiments.get_experiment(session, experiment_id)
        assert (experiment.status, experiment.cancel_requested) == (ExperimentStatus.RUNNING, True)

    def test_flips_at_once_leave_one_serving_model(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            make_model(session, status=ModelStatus.SERVING)
            ids = [models.start_promotion(session, make_model(session).id).id for _ in range(N_THREADS)]

        def flip(number: int) -> None:
            with session_scope(sessions) as session:
                models.flip(session, ids[number])

        together(flip)
        with read_scope(sessions) as session:
            statuses = [model.status for model in models.list_models(session).items]
        assert statuses.count(ModelStatus.SERVING) == 1
        assert statuses.count(ModelStatus.RETIRED) == N_THREADS


class TestFlip:
    def test_serving_model_retires(self, session: Session) -> None:
        old, new = make_model(session, status=ModelStatus.SERVING), make_model(session)
        models.start_promotion(session, new.id)
        models.flip(session, new.id)
        assert (old.status, new.status) == (ModelStatus.RETIRED, ModelStatus.SERVING)
        assert new.promoted_at is not None
        serving = models.find_serving_model(session)
        assert serving is new

    def test_worker_flips_what_it_holds(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        assert models.flip(session, model.id, owner=OWNER).status == ModelStatus.SERVING
        assert model.lease_owner is None

    @pytest.mark.parametrize("owner", [None, "worker-2"])
    def test_nobody_else_flips_it(self, session: Session, owner: str | None) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        with pytest.raises(LeaseLost):
            models.flip(session, model.id, owner=owner)

    @pytest.mark.parametrize("status", [ModelStatus.CANDIDATE, ModelStatus.RETIRED, ModelStatus.SERVING])
    def test_promotion_comes_first(self, session: Session, status: ModelStatus) -> None:
        model = make_model(session, status=status)
        with pytest.raises(IllegalMove):
            models.flip(session, model.id)
        assert model.status == status


def _attempt(sessions: SessionFactory, experiment_id: UUID) -> int:
    with read_scope(sessions) as session:
        return experiments.get_experiment(session, experiment_id).attempt
