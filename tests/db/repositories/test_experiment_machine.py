"""Random lives of one experiment against a model of it, on both databases."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from db.engine import create_session_factory
from db.errors import IllegalMove, LeaseLost
from db.lifecycle import ExperimentStatus, is_allowed
from db.models import DEFAULT_TENANT
from db.repositories import experiments, runs
from tests.builders import make_experiment

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, PRUNED = ExperimentStatus
LEASE_SECONDS = 60
MAX_ATTEMPTS = 3

owners = st.sampled_from(["ann", "bob"])


class ExperimentLife(RuleBasedStateMachine):
    """Keeps its own small account of what the row must be after each step."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        connection = self.stack.enter_context(self.engine.connect())
        self.stack.callback(connection.begin().rollback)
        self.session = self.stack.enter_context(create_session_factory(connection, tenant=DEFAULT_TENANT)())
        self.id = make_experiment(self.session, max_attempts=MAX_ATTEMPTS).id
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.status, self.attempt, self.cancelling = QUEUED, 0, False
        self.owner: str | None = None
        self.expires = self.now
        self.history = [QUEUED]

    def teardown(self) -> None:
        self.stack.close()

    @property
    def expired(self) -> bool:
        return self.status == RUNNING and self.expires < self.now

    def become(self, status: ExperimentStatus) -> None:
        assert is_allowed(self.status, status)
        self.status = status
        if status != RUNNING:
            self.owner = None

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(owner=owners)
    def claim(self, owner: str) -> None:
        claimed = runs.claim(self.session, self.id, owner, lease_seconds=LEASE_SECONDS, now=self.now)
        free = (self.status == QUEUED or self.expired) and not self.cancelling and self.attempt < MAX_ATTEMPTS
        assert (claimed is not None) == free
        if free:
            self.status, self.owner, self.attempt = RUNNING, owner, self.attempt + 1
            self.expires = self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(owner=owners)
    def renew(self, owner: str) -> None:
        if owner != self.owner:
            with pytest.raises(LeaseLost):
                runs.renew_lease(self.session, self.id, owner, lease_seconds=60, now=self.now)
            return
        asked = runs.renew_lease(self.session, self.id, owner, lease_seconds=LEASE_SECONDS, now=self.now)
        assert asked == self.cancelling
        self.expires = self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(owner=owners, end=st.sampled_from([SUCCEEDED, FAILED, CANCELLED, PRUNED]))
    def end(self, owner: str, end: ExperimentStatus) -> None:
        if owner != self.owner:
            with pytest.raises(LeaseLost):
                self._end(owner, end)
            return
        self._end(owner, end)
        self.become(end)

    def _end(self, owner: str, end: ExperimentStatus) -> None:
        if end == SUCCEEDED:
            runs.finish(self.session, self.id, owner, metrics={"auc": 0.7})
        elif end == FAILED:
            runs.fail(self.session, self.id, owner, error_type="Boom", detail="it broke")
        elif end == PRUNED:
            runs.mark_pruned(self.session, self.id, owner)
        else:
            runs.mark_cancelled(self.session, self.id, owner)

    @precondition(lambda self: self.owner is not None)
    @rule()
    def release(self) -> None:
        assert self.owner is not None
        runs.release(self.session, self.id, self.owner)
        self.become(QUEUED)
        self.attempt -= 1
        if self.cancelling:
            self.become(CANCELLED)

    @precondition(lambda self: self.owner is not None)
    @rule()
    def interrupt(self) -> None:
        assert self.owner is not None
        is_queued = runs.interrupt(self.session, self.id, self.owner, error_type="Away", detail="")
        exhausted = FAILED if self.attempt >= MAX_ATTEMPTS else QUEUED
        self.become(CANCELLED if self.cancelling else exhausted)
        assert is_queued == (self.status == QUEUED)

    @rule()
    def cancel(self) -> None:
        if self.status in (SUCCEEDED, FAILED, PRUNED):
            with pytest.raises(IllegalMove):
                experiments.request_cancel(self.session, self.id)
            return
        experiments.request_cancel(self.session, self.id)
        if self.status == QUEUED:
            self.become(CANCELLED)
        self.cancelling = True

    @rule()
    def retry(self) -> None:
        if self.status not in (FAILED, CANCELLED):
            with pytest.raises(IllegalMove):
                experiments.retry(self.session, self.id)
            return
        experiments.retry(self.session, self.id)
        self.become(QUEUED)
        self.attempt, self.cancelling = 0, False

    @rule()
    def look_for_lost_workers(self) -> None:
        requeued = runs.requeue_expired(self.session, self.now)
        assert requeued == (
            [self.id] if self.expired and not self.cancelling and self.attempt < MAX_ATTEMPTS else []
        )
        if self.expired:
            exhausted = FAILED if self.attempt >= MAX_ATTEMPTS else QUEUED
            self.become(CANCELLED if self.cancelling else exhausted)

    @invariant()
    def row_is_as_expected(self) -> None:
        self.session.commit()
        row = experiments.get_experiment(self.session, self.id)
        assert (row.status, row.attempt, row.lease_owner) == (self.status, self.attempt, self.owner)
        assert (row.lease_expires_at is not None) == (row.status == RUNNING)
        assert (row.finished_at is not None) == row.status.is_terminal
        assert row.attempt <= MAX_ATTEMPTS


def test_every_life_follows_the_table(shared_engine: Engine) -> None:
    life = type("Life", (ExperimentLife,), {"engine": shared_engine})
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
