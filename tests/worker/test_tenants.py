"""Workers take jobs of every tenant, and each job stays within its own."""

from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from db.engine import SessionFactory, read_scope, session_scope
from db.models import Calibration, Dataset, Model
from db.repositories import models, scoring, states, sweeps
from db.repositories.tenants import add_tenant
from db.tenancy import EVERY_TENANT
from tests.builders import make_model, make_sweep
from tests.stacks import Stack
from tests.worker.classrooms import (
    N_STUDENTS,
    add_students,
    answer_once_more,
    behind,
    marked,
    status_of,
    train_and_start,
)
from tests.worker.support import TINY, classroom, settings_of, store_dataset
from worker.promotion import promote
from worker.scoring import score_due
from worker.settings import WorkerSettings
from worker.sweeps import advance_sweep


class Tenant(NamedTuple):
    """Its sessions, and its dataset: the same classroom as everybody's."""

    sessions: SessionFactory
    dataset: Dataset


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def tenants(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, tmp_path: Path
) -> tuple[Tenant, Tenant]:
    with session_scope(sessions, tenant=EVERY_TENANT) as session:
        another = sessions.of(add_tenant(session, "another").id)
    theirs = store_dataset(stack.database_settings(), another, classroom(), tmp_path)
    return Tenant(sessions, dataset), Tenant(another, theirs)


def test_each_is_trained_promoted_and_scored_for_itself(
    settings: WorkerSettings, tenants: tuple[Tenant, Tenant]
) -> None:
    """Students of equal names, on equal data: every step finds its own tenant's alone."""
    started: list[Model] = []
    for tenant in tenants:
        add_students(tenant.sessions)
        started.append(train_and_start(tenant.sessions, settings, tenant.dataset))
    for (sessions, dataset), model in zip(tenants, started, strict=True):
        assert (model.tenant_pk, model.experiment.dataset_id) == (dataset.tenant_pk, dataset.id)
        with read_scope(sessions) as session:
            of_dataset = select(func.count()).where(Calibration.dataset_id == dataset.id)
            assert session.scalar(of_dataset.select_from(Calibration)) == 1

    (ours, _), (theirs, _) = tenants
    assert promote(started[0].id, settings=settings)
    assert behind(ours, started[0].id) == []
    with read_scope(theirs) as session:
        keys = [pk for pk, _ in states.list_students_after(session, 0, limit=100)]
        assert len(keys) == N_STUDENTS
        assert states.read_included(session, started[0].id, keys) == {}
    assert status_of(theirs, started[1]) == "promoting"
    answer_once_more(ours)
    assert score_due(settings=settings) == 1
    assert marked(ours) == [], "a promotion of theirs leaves no mark on ours"

    assert promote(started[1].id, settings=settings)
    assert [status_of(one.sessions, model) for one, model in zip(tenants, started, strict=True)] == [
        "serving",
        "serving",
    ]
    for tenant in tenants:
        answer_once_more(tenant.sessions, "learner-1")
    assert score_due(settings=settings) == 2
    for (sessions, _), model in zip(tenants, started, strict=True):
        assert (behind(sessions, model.id), marked(sessions)) == ([], [])


def test_trials_are_their_sweeps_tenants(settings: WorkerSettings, tenants: tuple[Tenant, Tenant]) -> None:
    sessions, dataset = tenants[1]
    with session_scope(sessions) as session:
        sweep = make_sweep(session, dataset_id=dataset.id, config=TINY, preset=None, name="theirs")
    advance_sweep(sweep.id, settings=settings)
    with read_scope(sessions) as session:
        trials = sweeps.list_trials(session, [sweep.id])
    assert [trial.tenant_pk for trial in trials] == [dataset.tenant_pk] * sweep.parallel
    with read_scope(tenants[0].sessions) as session:
        assert sweeps.list_trials(session, [sweep.id]) == []


class TestClaimScoring:
    """Of several tenants whose students wait, the one that waited longest comes first, and each comes."""

    @pytest.fixture
    def serving(self, tenants: tuple[Tenant, Tenant]) -> list[Model]:
        found = []
        for sessions, _ in tenants:
            add_students(sessions, scoring_due=True)
            with session_scope(sessions) as session:
                model = make_model(session)
                models.start_promotion(session, model.id)
                found.append(models.flip(session, model.id))
        return found

    def test_each_tenants_model_once(self, sessions: SessionFactory, serving: list[Model]) -> None:
        claimed: list[Model] = []
        for number in range(3):
            with session_scope(sessions, tenant=EVERY_TENANT) as session:
                besides = [model.id for model in claimed]
                found = scoring.claim_scoring(session, "worker", lease_seconds=60, besides=besides)
                if found is not None:
                    scoring.release_scoring(session, found.id, "worker")
                    claimed.append(found)
            assert (found is None) == (number == 2)
        assert {model.id for model in claimed} == {model.id for model in serving}

    def test_who_waited_longest_first(self, sessions: SessionFactory, serving: list[Model]) -> None:
        taken = []
        for _ in range(4):
            with session_scope(sessions, tenant=EVERY_TENANT) as session:
                found = scoring.claim_scoring(session, "worker", lease_seconds=60)
                assert found is not None
                scoring.release_scoring(session, found.id, "worker")
                taken.append(found.id)
        assert taken[0] != taken[1]
        assert taken[:2] == taken[2:]
        assert {*taken} == {model.id for model in serving}

    def test_two_workers_at_once_take_a_tenant_each(
        self, sessions: SessionFactory, serving: list[Model]
    ) -> None:
        taken = []
        for owner in ("first", "second", "third"):
            with session_scope(sessions, tenant=EVERY_TENANT) as session:
                found = scoring.claim_scoring(session, owner, lease_seconds=60)
                taken.append(None if found is None else found.id)
        assert taken[2] is None
        assert {*taken[:2]} == {model.id for model in serving}
