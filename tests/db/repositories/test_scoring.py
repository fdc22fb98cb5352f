"""The right to score students under the serving model."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import LeaseLost
from db.models import Model
from db.repositories import models, scoring
from tests.builders import OWNER, make_model, make_student


@pytest.fixture
def model(session: Session) -> Model:
    """The model that serves, with a student who waits for it."""
    make_student(session, n_interactions=1, scoring_due=True)
    return make_model(session, status="serving")


def claim(session: Session, owner: str = OWNER) -> Model | None:
    return scoring.claim_scoring(session, owner, lease_seconds=60)


class TestClaim:
    def test_the_serving_model_is_claimed_once(self, session: Session, model: Model) -> None:
        assert scoring.is_scoring_wanted(session)
        claimed = claim(session)
        assert claimed is not None
        assert (claimed.id, claimed.lease_owner, claimed.attempt) == (model.id, OWNER, 0)
        assert claim(session, "another") is None
        assert not scoring.is_scoring_wanted(session)

    def test_a_silent_workers_lease_is_taken_over(self, session: Session, model: Model) -> None:
        claim(session)
        model.lease_expires_at = utc_now() - timedelta(seconds=1)
        session.flush()
        assert scoring.is_scoring_wanted(session)
        claimed = claim(session, "another")
        assert claimed is not None
        assert claimed.lease_owner == "another"

    def test_what_was_let_go_can_be_claimed(self, session: Session, model: Model) -> None:
        claim(session)
        scoring.release_scoring(session, model.id, "another")
        assert claim(session, "another") is None
        scoring.release_scoring(session, model.id, OWNER)
        assert claim(session, "another") is not None

    def test_without_anybody_due_there_is_nothing_to_claim(self, session: Session) -> None:
        make_model(session, status="serving")
        make_student(session, n_interactions=1)
        assert claim(session) is None

    @pytest.mark.parametrize("status", ["candidate", "promoting", "retired"])
    def test_only_a_serving_model_is_claimed(self, session: Session, status: str) -> None:
        make_model(session, status=status)
        make_student(session, n_interactions=1, scoring_due=True)
        assert claim(session) is None


class TestRenew:
    def test_it_lasts_longer(self, session: Session, model: Model) -> None:
        claim(session)
        later = utc_now() + timedelta(hours=1)
        scoring.renew_scoring(session, model.id, OWNER, lease_seconds=60, now=later)
        assert models.get_model(session, model.id).lease_expires_at == later + timedelta(seconds=60)

    @pytest.mark.parametrize("change", [{"status": "retired"}, {"lease_owner": "another"}])
    def test_it_is_lost_to_another_worker_and_to_another_model(
        self, session: Session, model: Model, change: dict[str, str]
    ) -> None:
        claim(session)
        for name, value in change.items():
            setattr(model, name, value)
        session.flush()
        with pytest.raises(LeaseLost):
            scoring.renew_scoring(session, model.id, OWNER, lease_seconds=60)
