"""Random lives of experiments and of a sweep's trials, against an account of what they may do.

The account is kept in plain Python and asks the repositories nothing.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Engine

from db.base import utc_now
from db.engine import create_session_factory
from db.errors import ExperimentNotFound, IllegalMove, LeaseLost, ModelInUse, StillActive
from db.lifecycle import ExperimentStatus, SweepStatus, is_allowed
from db.models import DEFAULT_TENANT
from db.repositories import experiments, leases, runs, sweeps
from tests.builders import make_experiment, make_sweep

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, PRUNED = ExperimentStatus
LEASE_SECONDS = 60
MAX_ATTEMPTS = 3
N_TRIALS = 3
PARALLEL = 2
RUNG_BY = timedelta(seconds=leases.LONGEST_RING_SECONDS + 1)

workers = st.sampled_from(["ann", "bob", "cem"])


@dataclass
class Job:
    """What an experiment must be."""

    id: UUID
    is_trial: bool = False
    status: ExperimentStatus = QUEUED
    attempt: int = 0
    owner: str | None = None
    expires: datetime | None = None
    is_cancelling: bool = False
    is_deleted: bool = False
    n_claims: int = 0
    ended_claims: tuple[int, ...] = ()
    is_used: bool = False
    """Whether its model serves, or is about to."""
    is_bare: bool = False
    """Whether it was written as succeeded, without having run."""

    def become(self, status: ExperimentStatus, *, is_retry: bool = False) -> None:
        assert is_allowed(self.status, status)
        assert is_retry or not self.status.is_terminal
        if self.status == RUNNING and status.is_terminal:
            assert self.n_claims not in self.ended_claims, "an attempt has ended twice"
            self.ended_claims += (self.n_claims,)
        self.status = status
        if status != RUNNING:
            self.owner = self.expires = None


class JobLives(RuleBasedStateMachine):
    """Several workers, people and janitors, and a clock that jumps ahead; each step is committed."""

    engine: Engine
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        connection = self.stack.enter_context(self.engine.connect())
        self.stack.callback(connection.begin().rollback)
        self.session = self.stack.enter_context(create_session_factory(connection, tenant=DEFAULT_TENANT)())
        self.now = utc_now() + timedelta(hours=1)
        self.all_jobs: list[Job] = []

    def teardown(self) -> None:
        self.stack.close()

    @initialize()
    def begin_sweep(self) -> None:
        self.sweep_id = make_sweep(self.session, parallel=PARALLEL, n_trials=N_TRIALS).id
        self.sweep_status, self.n_created = SweepStatus.RUNNING, 0

    @rule(seconds=st.sampled_from([1, 30, 61, 7200]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # Experiments, as people see them.

    @rule(target=jobs)
    def submit(self) -> Job:
        return self._add(Job(make_experiment(self.session, max_attempts=MAX_ATTEMPTS).id))

    @rule(job=jobs)
    def cancel(self, job: Job) -> None:
        if job.is_deleted:
            with pytest.raises(ExperimentNotFound):
                experiments.request_cancel(self.session, job.id)
        elif job.status in (SUCCEEDED, FAILED, PRUNED):
            with pytest.raises(IllegalMove):
                experiments.request_cancel(self.session, job.id)
        else:
            experiments.request_cancel(self.session, job.id)
            self._cancel(job)

    @rule(job=jobs)
    def retry(self, job: Job) -> None:
        if job.is_deleted or job.status not in (FAILED, CANCELLED):
            with pytest.raises(ExperimentNotFound if job.is_deleted else IllegalMove):
                experiments.retry(self.session, job.id)
            return
        experiments.retry(self.session, job.id)
        job.become(QUEUED, is_retry=True)
        job.attempt, job.is_cancelling = 0, False

    @rule(job=jobs)
    def delete(self, job: Job) -> None:
        if job.is_deleted or not job.status.is_terminal or job.is_used:
            refusal = ExperimentNotFound if job.is_deleted else ModelInUse if job.is_used else StillActive
            with pytest.raises(refusal):
                experiments.delete_experiment(self.session, job.id)
            return
        experiments.delete_experiment(self.session, job.id)
        job.is_deleted = True

    # Experiments, as workers see them.

    @rule(job=jobs, worker=workers)
    def claim(self, job: Job, worker: str) -> None:
        taken = runs.claim(self.session, job.id, worker, lease_seconds=LEASE_SECONDS, now=self.now)
        is_free = job.status == QUEUED or self._is_expired(job)
        is_free &= not job.is_deleted and not job.is_cancelling and job.attempt < MAX_ATTEMPTS
        assert (taken is not None) == is_free
        if is_free:
            job.status, job.owner, job.attempt = RUNNING, worker, job.attempt + 1
            job.n_claims += 1
            job.expires = self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(job=jobs, worker=workers)
    def beat(self, job: Job, worker: str) -> None:
        if not self._holds(job, worker):
            with pytest.raises(LeaseLost):
                runs.renew_lease(self.session, job.id, worker, lease_seconds=60, now=self.now)
            return
        asked = runs.renew_lease(self.session, job.id, worker, lease_seconds=LEASE_SECONDS, now=self.now)
        assert asked == job.is_cancelling
        job.expires = self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(job=jobs, worker=workers, end=st.sampled_from([SUCCEEDED, FAILED, CANCELLED, PRUNED]))
    def end(self, job: Job, worker: str, end: ExperimentStatus) -> None:
        if not self._holds(job, worker):
            with pytest.raises(LeaseLost):
                self._end(job, worker, end)
            return
        self._end(job, worker, end)
        job.become(end)

    @rule(job=jobs, worker=workers)
    def release(self, job: Job, worker: str) -> None:
        if not self._holds(job, worker):
            with pytest.raises(LeaseLost):
                runs.release(self.session, job.id, worker)
            return
        runs.release(self.session, job.id, worker)
        job.become(QUEUED)
        job.attempt -= 1
        if job.is_cancelling:
            job.become(CANCELLED)

    @rule(job=jobs, worker=workers)
    def interrupt(self, job: Job, worker: str) -> None:
        if not self._holds(job, worker):
            with pytest.raises(LeaseLost):
                runs.interrupt(self.session, job.id, worker, error_type="Away", detail="")
            return
        waits = runs.interrupt(self.session, job.id, worker, error_type="Away", detail="")
        self._queue_again(job)
        assert waits == (job.status == QUEUED)

    @rule()
    def look_for_lost_workers(self) -> None:
        requeued = set(runs.requeue_expired(self.session, self.now))
        expired = [job for job in self.all_jobs if self._is_expired(job)]
        for job in expired:
            self._queue_again(job)
        assert requeued == {job.id for job in expired if job.status == QUEUED}

    # A sweep and its trials.

    @rule(target=jobs, number=st.integers(0, N_TRIALS))
    def add_trial(self, number: int) -> Job:
        in_flight = sum(job.is_trial and not job.status.is_terminal for job in self._kept())
        values = {"config": {}, "config_fingerprint": "0" * 16, "seed": 1, "epochs": 1}
        trial = sweeps.add_trial(
            self.session, self.sweep_id, number=number, max_attempts=MAX_ATTEMPTS, **values
        )
        is_turn = self.sweep_status == SweepStatus.RUNNING and number == self.n_created < N_TRIALS
        assert (trial is not None) == (is_turn and in_flight < PARALLEL)
        if trial is None:
            return self._add(Job(make_experiment(self.session, max_attempts=MAX_ATTEMPTS).id))
        self.n_created += 1
        return self._add(Job(trial.id, is_trial=True))

    @rule()
    def finish_sweep(self) -> None:
        trials = [job for job in self._kept() if job.is_trial]
        is_over = self.n_created == N_TRIALS and all(job.status.is_terminal for job in trials)
        is_over &= self.sweep_status == SweepStatus.RUNNING
        assert sweeps.finish_if_over(self.session, self.sweep_id) == is_over
        if is_over:
            is_good = any(job.status == SUCCEEDED for job in trials)
            self.sweep_status = SweepStatus.SUCCEEDED if is_good else SweepStatus.FAILED

    @rule()
    def cancel_sweep(self) -> None:
        if self.sweep_status in (SweepStatus.SUCCEEDED, SweepStatus.FAILED):
            with pytest.raises(IllegalMove):
                sweeps.cancel_sweep(self.session, self.sweep_id)
            return
        sweeps.cancel_sweep(self.session, self.sweep_id)
        self.sweep_status = SweepStatus.CANCELLED
        for job in self._kept():
            if job.is_trial and not job.status.is_terminal:
                self._cancel(job)

    # What holds after every step.

    @invariant()
    def rows_are_as_the_account_says(self) -> None:
        self.session.commit()
        for job in self._kept():
            row = experiments.get_experiment(self.session, job.id)
            assert (row.status, row.attempt, row.lease_owner) == (job.status, job.attempt, job.owner)
            assert row.attempt <= MAX_ATTEMPTS
            assert (row.lease_expires_at is None) == (row.status != RUNNING)
            assert (row.finished_at is None) == (not row.status.is_terminal) or job.is_bare
        if hasattr(self, "sweep_status"):
            assert sweeps.get_sweep(self.session, self.sweep_id).status == self.sweep_status

    @invariant()
    def whatever_is_queued_is_rung_for_again(self) -> None:
        later = self.now + RUNG_BY
        queued = {job.id for job in self._kept() if job.status == QUEUED}
        assert {row.id for row in runs.list_unrung(self.session, later)} == queued

    def _add(self, job: Job) -> Job:
        self.all_jobs.append(job)
        return job

    def _kept(self) -> list[Job]:
        return [job for job in self.all_jobs if not job.is_deleted]

    def _holds(self, job: Job, worker: str) -> bool:
        return not job.is_deleted and job.owner == worker

    def _is_expired(self, job: Job) -> bool:
        return not job.is_deleted and job.expires is not None and job.expires < self.now

    def _cancel(self, job: Job) -> None:
        if job.status == QUEUED:
            job.become(CANCELLED)
        job.is_cancelling = True

    def _queue_again(self, job: Job) -> None:
        exhausted = FAILED if job.attempt >= MAX_ATTEMPTS else QUEUED
        job.become(CANCELLED if job.is_cancelling else exhausted)

    def _end(self, job: Job, worker: str, end: ExperimentStatus) -> None:
        if end == SUCCEEDED:
            runs.finish(self.session, job.id, worker, metrics={"auc": 0.7})
        elif end == FAILED:
            runs.fail(self.session, job.id, worker, error_type="Boom", detail="it broke")
        elif end == PRUNED:
            runs.mark_pruned(self.session, job.id, worker)
        else:
            runs.mark_cancelled(self.session, job.id, worker)
