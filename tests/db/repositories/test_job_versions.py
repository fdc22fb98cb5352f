"""Rows that need a newer worker wait for one, whoever looks at them meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from db.base import utc_now
from db.lifecycle import ExperimentStatus, ModelStatus
from db.models import Experiment
from db.repositories import models, runs, scoring, sweeps
from tests.builders import OWNER, make_experiment, make_model, make_student, make_sweep

OLD, NEW = 1, 2
LATER = utc_now() + timedelta(hours=2)


class TestClaim:
    def test_an_older_worker_leaves_a_newer_job_as_it_is(self, session: Session) -> None:
        row = make_experiment(session, job_version=NEW)

        assert runs.claim(session, row.id, OWNER, lease_seconds=60, job_version=OLD) is None
        session.refresh(row)
        assert (row.status, row.attempt, row.lease_owner) == (ExperimentStatus.QUEUED, 0, None)

    def test_a_newer_worker_takes_it(self, session: Session) -> None:
        row = make_experiment(session, job_version=NEW)

        claimed = runs.claim(session, row.id, OWNER, lease_seconds=60, job_version=NEW)

        assert claimed is not None
        assert claimed.status == ExperimentStatus.RUNNING

    def test_what_a_newer_worker_began_is_not_for_an_older_one(self, session: Session) -> None:
        row = make_experiment(session)
        runs.claim(session, row.id, OWNER, lease_seconds=60, job_version=NEW)

        taken_over = runs.claim(session, row.id, "worker-2", lease_seconds=60, job_version=OLD, now=LATER)
        assert taken_over is None

    def test_who_says_nothing_is_of_the_first_version(self, session: Session) -> None:
        assert runs.claim(session, make_experiment(session).id, OWNER, lease_seconds=60) is not None
        newer = make_experiment(session, job_version=NEW)
        assert runs.claim(session, newer.id, OWNER, lease_seconds=60) is None


class TestPromotion:
    def test_it_needs_who_can_read_the_model(self, session: Session) -> None:
        model = make_model(session, job_version=NEW)
        models.start_promotion(session, model.id, job_version=OLD)

        left = models.claim_promotion(session, model.id, OWNER, lease_seconds=60, job_version=OLD)
        taken = models.claim_promotion(session, model.id, OWNER, lease_seconds=60, job_version=NEW)

        assert left is None
        assert taken is not None

    def test_it_needs_who_knows_what_was_asked(self, session: Session) -> None:
        model = make_model(session)
        models.start_promotion(session, model.id, job_version=NEW)

        assert models.claim_promotion(session, model.id, OWNER, lease_seconds=60, job_version=OLD) is None


@pytest.mark.parametrize("known", [OLD, NEW])
def test_students_are_scored_by_who_knows_the_serving_model(session: Session, known: int) -> None:
    make_model(session, status=ModelStatus.SERVING, job_version=NEW)
    make_student(session, n_interactions=1, scoring_due=True)

    wanted = scoring.is_scoring_wanted(session, job_version=known)
    claimed = scoring.claim_scoring(session, OWNER, lease_seconds=60, job_version=known)

    assert wanted is (known == NEW)
    assert (claimed is not None) is (known == NEW)


@pytest.mark.parametrize("known", [OLD, NEW])
def test_janitors_ring_for_what_their_workers_can_do(session: Session, known: int) -> None:
    for job_version in (OLD, NEW):
        make_experiment(session, job_version=job_version)
        make_sweep(session, job_version=job_version)
        model = make_model(session)
        models.start_promotion(session, model.id, job_version=job_version)

    due = (
        runs.list_unrung(session, LATER, job_version=known),
        models.list_unrung_promotions(session, LATER, job_version=known),
        sweeps.list_unrung_sweeps(session, LATER, job_version=known),
    )

    expected = {OLD, NEW} if known == NEW else {OLD}
    assert [{row.job_version for row in rows} for rows in due] == [expected] * 3


def test_a_trial_may_need_more_than_its_sweep(session: Session) -> None:
    sweep = make_sweep(session)
    trial = sweeps.add_trial(
        session, sweep.id, number=0, trial_settings={}, config={}, config_fingerprint="f", seed=1, epochs=1,
        job_version=NEW,
    )  # fmt: skip

    assert isinstance(trial, Experiment)
    assert (sweep.job_version, trial.job_version) == (OLD, NEW)
