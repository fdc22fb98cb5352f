"""A session sees its tenant's rows, whatever it asks; one without a tenant sees none."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, exists, func, insert, literal, select, text, update
from sqlalchemy.orm import Session, aliased, joinedload

from db.base import Base
from db.engine import SessionFactory, read_scope
from db.errors import DuplicateDataset, TenantMissing, TenantsMixed
from db.lifecycle import ModelStatus
from db.models import DEFAULT_TENANT, CohortMember, Dataset, Experiment, Model, Student
from db.postgres import fetch, speaks_postgres
from db.repositories import cohorts, datasets, models, students
from db.repositories.bulk import BulkLoad
from db.repositories.interactions import add_interactions
from db.repositories.tenants import add_tenant, find_tenant, list_tenants
from db.repositories.upserts import insert_into
from db.tenancy import EVERY_TENANT, INFO_KEY, TenantScope, tenant_of
from tests.builders import make_dataset, make_event, make_experiment, make_model, make_student


class Two:
    """One transaction as either of two tenants sees it, or whoever sees both: one at a time."""

    def __init__(self, session: Session, their_pk: int) -> None:
        self.their_pk = their_pk
        self._session = session

    @property
    def ours(self) -> Session:
        return self._see(DEFAULT_TENANT)

    @property
    def theirs(self) -> Session:
        return self._see(self.their_pk)

    @property
    def every(self) -> Session:
        return self._see(EVERY_TENANT)

    def each(self) -> Iterator[Session]:
        yield self.ours
        yield self.theirs

    def _see(self, scope: TenantScope) -> Session:
        self._session.flush()
        self._session.expunge_all()
        self._session.info[INFO_KEY] = scope
        return self._session


@pytest.fixture
def two(session: Session) -> Two:
    session.info[INFO_KEY] = EVERY_TENANT
    return Two(session, add_tenant(session, "another").id)


@pytest.fixture
def experiment_id(two: Two) -> UUID:
    """Of the other tenant."""
    return make_experiment(two.theirs, name="theirs").id


Ask = Callable[[Session, UUID], object]

STUDENTS = Base.metadata.tables["students"]
OTHER = aliased(Experiment)
FOUND: dict[str, Ask] = {
    "row": lambda session, found: session.scalar(select(Experiment).where(Experiment.id == found)),
    "get": lambda session, found: session.get(Experiment, found),
    "column": lambda session, found: session.scalar(
        select(Experiment.name).where(Experiment.id == found)
    ),
    "alias": lambda session, found: session.scalar(select(OTHER).where(OTHER.id == found)),
    "lock": lambda session, found: session.scalar(
        select(Experiment).where(Experiment.id == found).with_for_update()
    ),
    "count": lambda session, _: session.scalar(select(func.count()).select_from(Experiment)),
    "count of a column": lambda session, _: session.scalar(select(func.count(Experiment.id))),
    "largest": lambda session, _: session.scalar(select(func.max(Experiment.name))),
    "join": lambda session, found: session.scalar(
        select(Dataset.id).join(Experiment, Experiment.dataset_id == Dataset.id).where(Experiment.id == found)
    ),
    "relationship": lambda session, found: session.scalar(
        select(Experiment).where(Experiment.id == found).options(joinedload(Experiment.dataset))
    ),
    "subquery": lambda session, _: session.scalar(
        select(literal(1)).select_from(select(Experiment.id).subquery())
    ),
    "exists": lambda session, found: session.scalar(
        select(Dataset.id).where(exists().where(Experiment.id == found))
    ),
    "in": lambda session, _: session.scalar(
        select(Dataset.id).where(Dataset.id.in_(select(Experiment.dataset_id)))
    ),
    "scalar subquery": lambda session, found: session.scalar(
        select(select(Experiment.name).where(Experiment.id == found).scalar_subquery())
    ),
    "union": lambda session, found: session.scalar(
        select(Experiment.id).where(Experiment.id == found).union_all(select(Experiment.id))
    ),
    "common table": lambda session, _: session.scalar(
        select(select(Experiment.name).cte("experiments_of").c.name)
    ),
    "update": lambda session, found: session.execute(
        update(Experiment).where(Experiment.id == found).values(name="ours").returning(Experiment.id)
    ).scalar(),
    "update of all": lambda session, _: session.execute(
        update(Experiment).values(name="ours").returning(Experiment.id)
    ).scalar(),
    "delete": lambda session, found: session.execute(
        delete(Experiment).where(Experiment.id == found).returning(Experiment.id)
    ).scalar(),
    "delete where another table says": lambda session, _: session.execute(
        delete(Dataset).where(exists().where(Experiment.dataset_id == Dataset.id)).returning(Dataset.id)
    ).scalar(),
}  # fmt: skip


class TestOneTenant:
    @pytest.mark.parametrize("name", FOUND)
    def test_sees_nothing_of_another(self, two: Two, experiment_id: UUID, name: str) -> None:
        assert not FOUND[name](two.ours, experiment_id)
        if name.startswith("delete"):
            return
        assert FOUND[name](two.theirs, experiment_id), "what can't be found by anybody proves nothing"

    def test_a_subquery_of_an_update_sees_nothing_of_another(self, two: Two, experiment_id: UUID) -> None:
        ours = two.ours
        own = make_dataset(ours, name="own")
        changed = update(Dataset).where(exists().where(Experiment.id == experiment_id))
        ours.execute(changed.values(name="changed"))
        ours.refresh(own)
        assert own.name == "own"

    def test_what_it_adds_is_its_own(self, two: Two) -> None:
        theirs = two.theirs
        made, student = make_experiment(theirs), make_student(theirs)
        assert (made.tenant_pk, made.dataset.tenant_pk, student.tenant_pk) == (two.their_pk,) * 3

    @pytest.mark.parametrize("how", ["rows", "values", "on conflict"])
    def test_what_it_inserts_is_its_own(self, two: Two, how: str) -> None:
        theirs = two.theirs
        row = {"cohort": "class-1", "student_pk": make_student(theirs).id}
        if how == "rows":
            theirs.execute(insert(CohortMember), [row])
        elif how == "values":
            theirs.execute(insert(CohortMember).values(row))
        else:
            theirs.execute(insert_into(theirs, CohortMember).values(row).on_conflict_do_nothing())
        [stored] = theirs.scalars(select(CohortMember)).all()
        assert stored.tenant_pk == two.their_pk
        assert two.ours.scalars(select(CohortMember)).all() == []

    @pytest.mark.parametrize(
        "statement",
        [
            insert(CohortMember).values([{"cohort": "a", "student_pk": 1}, {"cohort": "a", "student_pk": 2}]),
            insert(CohortMember).from_select(["cohort", "student_pk"], select(literal("a"), Student.id)),
            insert(STUDENTS).values(student_id="a"),
            select(STUDENTS),
            select(func.count()).select_from(STUDENTS),
            select(exists().where(STUDENTS.c.student_id == "a")),
            update(STUDENTS).values(student_id="a"),
            delete(STUDENTS),
        ],
    )
    def test_a_statement_whose_tenant_is_open_is_refused(self, two: Two, statement: Any) -> None:
        with pytest.raises(TenantsMixed):
            two.ours.execute(statement)

    def test_a_row_of_another_tenant_is_not_added(self, two: Two) -> None:
        ours = two.ours
        ours.add(Student(tenant_pk=two.their_pk, student_id="ann", scoring_due=False))
        with pytest.raises(TenantsMixed, match="the new Student is another tenant's"):
            ours.flush()


class TestNoTenant:
    @pytest.mark.parametrize(
        "statement",
        [select(Student), select(func.count()).select_from(Student), update(Student).values(scoring_due=True),
         delete(Student), insert(Student).values(student_id="a"), select(STUDENTS),
         text("SELECT 1")],
    )  # fmt: skip
    def test_nothing_is_executed(self, session_factory: SessionFactory, statement: Any) -> None:
        with untold(session_factory) as session, pytest.raises(TenantMissing, match="has no tenant"):
            session.execute(statement)

    def test_nothing_is_looked_up_or_added(self, session_factory: SessionFactory) -> None:
        with untold(session_factory) as session:
            with pytest.raises(TenantMissing):
                session.get(Student, 1)
            session.add(Student(student_id="ann"))
            with pytest.raises(TenantMissing):
                session.flush()

    def test_nor_by_the_driver(self, session_factory: SessionFactory) -> None:
        with untold(session_factory) as session:
            ask = fetch if speaks_postgres(session) else find_by_text
            with pytest.raises(TenantMissing):
                ask(session, "SELECT id FROM students")


def untold(factory: SessionFactory) -> Session:
    return SessionFactory(factory.bind, factory.sessions, None)()


def find_by_text(session: Session, statement: str) -> object:
    return session.execute(text(statement))


class TestEveryTenant:
    def test_sees_all(self, two: Two, experiment_id: UUID) -> None:
        own = make_experiment(two.ours).id
        assert set(two.every.scalars(select(Experiment.id))) == {own, experiment_id}

    def test_a_new_row_needs_to_be_told_whose(self, two: Two) -> None:
        with pytest.raises(TenantMissing, match="the new Dataset has no tenant"):
            make_dataset(two.every)

    def test_is_no_single_tenant(self, two: Two) -> None:
        with pytest.raises(TenantMissing, match="every tenant"):
            models.find_serving(two.every)


class TestUniqueness:
    """What is unique is so within a tenant."""

    def test_both_may_store_the_same_content(self, two: Two) -> None:
        ours, theirs = (make_dataset(one, content_hash="equal").id for one in two.each())
        assert ours != theirs
        with pytest.raises(DuplicateDataset) as refused:
            make_dataset(two.theirs, content_hash="equal")
        assert refused.value.dataset_id == theirs

    def test_both_may_use_the_same_idempotency_key(self, two: Two) -> None:
        keys = [make_experiment(one, idempotency_key="once").idempotency_key for one in two.each()]
        assert keys == ["once"] * 2

    def test_both_may_have_a_serving_model(self, two: Two) -> None:
        for one in two.each():
            make_model(one, status=ModelStatus.SERVING)
        serving = [models.find_serving(one) for one in two.each()]
        assert None not in serving
        assert len(set(serving)) == 2

    def test_promotion_retires_the_tenants_own_model_alone(self, two: Two) -> None:
        old = [make_model(one, status=ModelStatus.SERVING) for one in two.each()]
        theirs = two.theirs
        new = make_model(theirs)
        models.start_promotion(theirs, new.id)
        models.flip(theirs, new.id)
        every = two.every
        statuses = [models.get_model(every, model.id).status for model in (*old, new)]
        assert statuses == [ModelStatus.SERVING, ModelStatus.RETIRED, ModelStatus.SERVING]

    def test_equal_students_and_events_are_two(self, two: Two) -> None:
        for one in two.each():
            stored = add_interactions(one, [make_event(number) for number in range(3)])
            assert stored.is_new == [True] * 3
        ours, theirs = (students.get_student(one, "ann") for one in two.each())
        assert ours.id != theirs.id
        assert (ours.n_interactions, theirs.n_interactions) == (3, 3)

    def test_equal_students_of_a_load_are_two(self, two: Two) -> None:
        for one in two.each():
            with BulkLoad(one) as load:
                load.add(
                    student_ids=["ann"] * 2, event_ids=["1", "2"], skills=['["add"]'] * 2,
                    items=[None] * 2, correct=[True] * 2, occurred_at=[0, 1],
                )  # fmt: skip
            assert (load.accepted, load.n_students) == (2, 1)
        assert [students.get_student(one, "ann").n_interactions for one in two.each()] == [2, 2]

    def test_equal_cohorts_are_two(self, two: Two) -> None:
        for size, one in enumerate(two.each(), start=1):
            names = [make_student(one, student_id=f"learner-{number}").student_id for number in range(size)]
            cohorts.set_members(one, "class-1", names)
        assert [cohorts.list_cohorts(one) for one in two.each()] == [[("class-1", 1)], [("class-1", 2)]]
        cohorts.delete_cohort(two.ours, "class-1")
        assert cohorts.list_cohorts(two.theirs) == [("class-1", 2)]


class TestTenants:
    def test_added_once_and_listed_by_name(self, two: Two) -> None:
        assert add_tenant(two.every, "another").id == two.their_pk
        assert [tenant.name for tenant in list_tenants(two.every)] == ["another", "default"]
        assert find_tenant(two.every, "nobody") is None


def test_a_scope_may_name_another_tenant(sessions: SessionFactory) -> None:
    with read_scope(sessions, tenant=77) as session:
        assert tenant_of(session) == 77
        assert datasets.list_datasets(session).items == []
    assert Model.__table__.c.tenant_pk.nullable is False
