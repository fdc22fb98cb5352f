"""Random lives of models besides those of experiments: promoted, scored, flipped, given up and deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from db.errors import IllegalMove, LeaseLost
from db.lifecycle import ModelStatus, is_allowed
from db.repositories import models
from tests.builders import make_experiment, make_model
from tests.db.repositories.lives import LEASE_SECONDS, RUNG_BY, SUCCEEDED, Job, JobLives, workers

CANDIDATE, PROMOTING, SERVING, RETIRED = ModelStatus


@dataclass
class Version:
    """What a model must be."""

    id: UUID
    job: Job
    status: ModelStatus = CANDIDATE
    attempt: int = 0
    max_attempts: int = 0
    owner: str | None = None
    expires: datetime | None = None

    def become(self, status: ModelStatus) -> None:
        assert is_allowed(self.status, status)
        self.status, self.owner, self.expires = status, None, None
        self.job.is_used = status in (SERVING, PROMOTING)


class Lives(JobLives):
    """Both kinds; an experiment takes its model along when it is deleted."""

    jobs, versions = JobLives.jobs, Bundle("versions")

    def __init__(self) -> None:
        super().__init__()
        self.all_versions: list[Version] = []

    @rule(target=versions, job=jobs)
    def train(self, job: Job) -> Version:
        """The model of a job that has succeeded; of any other one, another job's."""
        is_trained = any(version.job is job for version in self.all_versions)
        if job.is_deleted or job.status != SUCCEEDED or is_trained:
            made = make_experiment(self.session, status="succeeded")
            job = self._add(Job(made.id, status=SUCCEEDED, is_bare=True))
        model = make_model(self.session, experiment_id=job.id)
        version = Version(model.id, job, max_attempts=model.max_attempts)
        self.all_versions.append(version)
        return version

    @rule(version=versions)
    def promote(self, version: Version) -> None:
        if version.job.is_deleted:
            return
        if version.status == SERVING:
            with pytest.raises(IllegalMove):
                models.start_promotion(self.session, version.id)
            return
        models.start_promotion(self.session, version.id)
        if version.status != PROMOTING:
            version.become(PROMOTING)
            version.attempt = 0

    @rule(version=versions, worker=workers)
    def claim_promotion(self, version: Version, worker: str) -> None:
        taken = models.claim_promotion(
            self.session, version.id, worker, lease_seconds=LEASE_SECONDS, now=self.now
        )
        is_free = not version.job.is_deleted and version.status == PROMOTING
        is_free &= version.owner is None or self._is_over(version)
        is_free &= version.attempt < version.max_attempts
        assert (taken is not None) == is_free
        if is_free:
            version.owner, version.attempt = worker, version.attempt + 1
            version.expires = self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(version=versions, worker=workers)
    def beat_promotion(self, version: Version, worker: str) -> None:
        if not self._promotes(version, worker):
            with pytest.raises(LeaseLost):
                models.renew_promotion(self.session, version.id, worker, lease_seconds=60, now=self.now)
            return
        models.renew_promotion(self.session, version.id, worker, lease_seconds=LEASE_SECONDS, now=self.now)
        version.expires = self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(version=versions, worker=workers | st.none())
    def flip(self, version: Version, worker: str | None) -> None:
        if version.job.is_deleted:
            return
        if version.owner != worker or version.status != PROMOTING:
            with pytest.raises((LeaseLost, IllegalMove)):
                models.flip(self.session, version.id, owner=worker)
            return
        models.flip(self.session, version.id, owner=worker)
        for other in self._kept_versions():
            if other.status == SERVING:
                other.become(RETIRED)
        version.become(SERVING)

    @rule(version=versions, worker=workers, is_shutting_down=st.booleans())
    def give_promotion_up(self, version: Version, worker: str, is_shutting_down: bool) -> None:
        if not self._promotes(version, worker):
            with pytest.raises(LeaseLost):
                models.release_promotion(self.session, version.id, worker)
        elif is_shutting_down:
            models.release_promotion(self.session, version.id, worker)
            version.owner, version.expires, version.attempt = None, None, version.attempt - 1
        else:
            models.fail_promotion(self.session, version.id, worker, error_type="Boom", detail="it broke")
            version.become(CANDIDATE)

    @rule()
    def look_for_lost_promotions(self) -> None:
        waiting = set(models.requeue_expired_promotions(self.session, self.now))
        expired = [version for version in self._kept_versions() if self._is_over(version)]
        for version in expired:
            version.owner = version.expires = None
            if version.attempt >= version.max_attempts:
                version.become(CANDIDATE)
        assert waiting == {version.id for version in expired if version.status == PROMOTING}

    # What holds after every step.

    @invariant()
    def models_are_as_the_account_says(self) -> None:
        for version in self._kept_versions():
            model = models.get_model(self.session, version.id)
            told = (model.status, model.attempt, model.lease_owner)
            assert told == (version.status, version.attempt, version.owner)

    @invariant()
    def one_model_serves_at_most(self) -> None:
        serving = [version.id for version in self._kept_versions() if version.status == SERVING]
        assert len(serving) <= 1
        assert models.read_roles(self.session).serving_id == (serving[0] if serving else None)

    @invariant()
    def whatever_waits_for_scoring_is_rung_for_again(self) -> None:
        waiting = {v.id for v in self._kept_versions() if v.status == PROMOTING and v.owner is None}
        later = models.list_unrung_promotions(self.session, self.now + RUNG_BY)
        assert {model.id for model in later} == waiting

    def _kept_versions(self) -> list[Version]:
        return [version for version in self.all_versions if not version.job.is_deleted]

    def _promotes(self, version: Version, worker: str) -> bool:
        return not version.job.is_deleted and version.owner == worker

    def _is_over(self, version: Version) -> bool:
        return version.expires is not None and version.expires < self.now
