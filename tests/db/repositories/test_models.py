"""Models with their skills; what workers do to promotions is tested with the leases."""

from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.engine import SessionFactory, session_scope
from db.errors import IllegalMove, LeaseLost, ModelNotFound
from db.lifecycle import ModelStatus
from db.repositories import models
from db.repositories.models import NewSkill, Roles
from tests.builders import NOON, OWNER, make_experiment, make_model
from tests.threads import one_behind_the_other


class TestAddModel:
    def test_skills_keep_their_positions(self, session: Session) -> None:
        model = make_model(session, skills=("zeta", "alpha", "mu"))
        skills = models.list_skills(session, model.id)
        assert [(skill.position, skill.name) for skill in skills] == [(0, "zeta"), (1, "alpha"), (2, "mu")]
        assert (model.status, model.experiment.dataset.name) == (ModelStatus.CANDIDATE, "classroom")

    def test_what_is_said_of_nobody_in_particular_is_kept(self, session: Session) -> None:
        prior = {"prior_mastery": 0.25, "prior_probability": 0.5, "prior_mastery_reference": None}
        new = [NewSkill("add", -0.5, None, 50, **prior), NewSkill("carry", 0.0, 0.1, 40)]
        model = make_model(session, skills=new, ability_sd=1.25)
        session.expire_all()
        assert model.ability_sd == 1.25
        skills = models.list_skills(session, model.id)
        assert [{name: getattr(skill, name) for name in prior} for skill in skills] == [
            prior, dict.fromkeys(prior),
        ]  # fmt: skip

    def test_experiment_trains_one_model(self, session: Session) -> None:
        model = make_model(session)
        with pytest.raises(IntegrityError):
            make_model(session, experiment_id=model.experiment_id)


class TestRead:
    def test_unknown_model_raises(self, session: Session) -> None:
        with pytest.raises(ModelNotFound):
            models.get_model(session, uuid4())

    def test_model_is_found_by_its_experiment(self, session: Session) -> None:
        model = make_model(session)
        assert models.find_model_of_experiment(session, model.experiment_id) is model
        assert models.find_model_of_experiment(session, make_experiment(session).id) is None

    def test_nobody_serves_before_the_first_promotion(self, session: Session) -> None:
        make_model(session)
        assert models.find_serving_model(session) is None

    def test_list_filters_by_status_newest_first(self, session: Session) -> None:
        made = [make_model(session) for _ in range(2)]
        serving = make_model(session, status=ModelStatus.SERVING)
        assert models.list_models(session).items == [serving, *made[::-1]]
        assert models.list_models(session, status=ModelStatus.SERVING).items == [serving]

    def test_database_refuses_a_second_serving_model(self, session: Session) -> None:
        make_model(session, status=ModelStatus.SERVING)
        with pytest.raises(IntegrityError):
            make_model(session, status=ModelStatus.SERVING)


class TestRoles:
    def test_nobody_acts_at_first(self, session: Session) -> None:
        make_model(session)
        make_model(session, status=ModelStatus.RETIRED)
        assert models.read_roles(session) == (None, None, False)
        assert models.find_serving(session) is None

    def test_both_parts_are_told_apart(self, session: Session) -> None:
        make_model(session, status=ModelStatus.PROMOTING)
        assert models.read_roles(session) == (None, None, True)
        serving = make_model(session, status=ModelStatus.SERVING)
        serving.promoted_at = NOON
        session.flush()
        assert models.read_roles(session) == (serving.id, NOON, True)
        assert models.find_serving(session) == (serving.id, NOON)


class TestStartPromotion:
    @pytest.mark.parametrize("status", [ModelStatus.CANDIDATE, ModelStatus.RETIRED])
    def test_starts_with_all_attempts(self, session: Session, status: ModelStatus) -> None:
        model = make_model(session, status=status)
        assert models.start_promotion(session, model.id).status == ModelStatus.PROMOTING
        assert (model.attempt, model.rings) == (0, 0)

    def test_asking_again_does_not_disturb_the_worker(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        again = models.start_promotion(session, model.id)
        assert (again.attempt, again.lease_owner) == (1, OWNER)

    def test_serving_model_can_not_be_promoted(self, session: Session) -> None:
        model = make_model(session, status=ModelStatus.SERVING)
        with pytest.raises(IllegalMove, match="is serving and can't become promoting"):
            models.start_promotion(session, model.id)

    def test_starts_with_the_first_student(self, session: Session) -> None:
        model = make_model(session, status=ModelStatus.RETIRED)
        model.scored_through, model.lease_owner = 17, "a scorer of its time"
        model = models.start_promotion(session, model.id)
        assert (model.scored_through, model.lease_owner) == (None, None)

    @pytest.mark.parametrize("stack", ["services"], indirect=True)
    def test_waits_for_those_who_store_responses(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            model_id = make_model(session).id
        model = one_behind_the_other(
            sessions,
            lambda session: models.hold_promotions(session, patience_seconds=1),
            lambda session: models.start_promotion(session, model_id),
        )
        assert model.status == ModelStatus.PROMOTING

    def test_who_stores_responses_later_knows_of_it(self, sessions: SessionFactory) -> None:
        def read_roles(session: Session) -> Roles:
            models.hold_promotions(session, patience_seconds=10)
            return models.read_roles(session)

        with session_scope(sessions) as session:
            model_id = make_model(session).id
        start = partial(models.start_promotion, model_id=model_id)
        assert one_behind_the_other(sessions, start, read_roles).is_promoting


class TestNoteScoredThrough:
    def test_next_worker_goes_on_from_there(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        models.note_scored_through(session, model.id, OWNER, 2**40)
        models.release_promotion(session, model.id, OWNER)
        taken = models.claim_promotion(session, model.id, "worker-2", lease_seconds=60)
        assert taken is not None
        assert taken.scored_through == 2**40

    def test_other_worker_can_not_note_it(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        with pytest.raises(LeaseLost):
            models.note_scored_through(session, model.id, "worker-2", 5)


class TestFlip:
    def test_model_that_retires_loses_its_lease(self, session: Session) -> None:
        old = make_model(session, status=ModelStatus.SERVING)
        old.lease_owner, old.lease_expires_at = "a scorer", NOON
        models.flip(session, models.start_promotion(session, make_model(session).id).id)
        session.refresh(old)
        found: tuple[object, ...] = (old.status, old.lease_owner, old.lease_expires_at)
        assert found == (ModelStatus.RETIRED, None, None)


class TestFailPromotion:
    def test_becomes_a_candidate_with_the_reason(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        models.fail_promotion(session, model.id, OWNER, error_type="OutOfMemory", detail="too many skills")
        session.refresh(model)
        assert (model.status, model.error_type) == (ModelStatus.CANDIDATE, "OutOfMemory")
        assert models.start_promotion(session, model.id).error_type is None

    def test_other_worker_can_not_fail_it(self, session: Session) -> None:
        model = models.start_promotion(session, make_model(session).id)
        models.claim_promotion(session, model.id, OWNER, lease_seconds=60)
        with pytest.raises(LeaseLost):
            models.fail_promotion(session, model.id, "worker-2", error_type="E", detail="")
