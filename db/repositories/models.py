"""Trained models: registered by a worker, promoted by people, and read with their skills."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, or_, select
from sqlalchemy.orm import Session, joinedload

from db.base import utc_now
from db.errors import IllegalMove, LeaseLost, ModelNotFound
from db.lifecycle import ModelStatus, is_allowed
from db.models import Experiment, Model, Skill
from db.postgres import execute, fetch, speaks_postgres
from db.repositories import leases
from db.repositories.paging import Page, read_page
from db.tenancy import tenant_of

PROMOTING = ModelStatus.PROMOTING
DETAIL_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class NewSkill:
    """One skill that a model knows; its place in the list is its position."""

    name: str
    difficulty: float
    standard_error: float | None
    n_responses: int
    prior_mastery: float | None = None
    """What the model says of somebody without a response; so do the two below."""
    prior_probability: float | None = None
    prior_mastery_reference: float | None = None


class Serving(NamedTuple):
    """Which model answers for students, and since when."""

    id: UUID
    promoted_at: datetime | None


class Roles(NamedTuple):
    """Which model answers for students, since when, and whether another is about to."""

    serving_id: UUID | None
    promoted_at: datetime | None
    is_promoting: bool


def add_model(
    session: Session,
    *,
    experiment_id: UUID,
    name: str,
    artifact: str,
    metrics: dict[str, Any],
    skills: Sequence[NewSkill],
    ability_sd: float | None = None,
    job_version: int = leases.FIRST_JOB_VERSION,
) -> Model:
    """Register what an experiment trained, as a candidate."""
    model = Model(
        experiment_id=experiment_id,
        name=name,
        artifact=artifact,
        metrics=metrics,
        ability_sd=ability_sd,
        job_version=job_version,
    )
    session.add(model)
    session.flush()
    rows = [
        {"model_id": model.id, "position": position, **asdict(skill)} for position, skill in enumerate(skills)
    ]
    if rows:
        session.execute(insert(Skill), rows)
    return get_model(session, model.id)


def get_model(session: Session, model_id: UUID) -> Model:
    """The model as it stands now, with its experiment and dataset. Raises ModelNotFound."""
    return _get(session, model_id, lock=False)


def _get(session: Session, model_id: UUID, *, lock: bool) -> Model:
    statement = select(Model).where(Model.id == model_id).options(_WITH_EXPERIMENT)
    if lock:
        statement = statement.with_for_update(of=Model)
    model = session.scalar(statement.execution_options(populate_existing=True))
    if model is None:
        raise ModelNotFound(model_id)
    return model


_WITH_EXPERIMENT = joinedload(Model.experiment).joinedload(Experiment.dataset)


def find_model_of_experiment(session: Session, experiment_id: UUID) -> Model | None:
    """The model that an experiment trained, if it got that far."""
    statement = select(Model).where(Model.experiment_id == experiment_id).options(_WITH_EXPERIMENT)
    return session.scalar(statement)


def find_serving_model(session: Session) -> Model | None:
    """The model that answers for students, if one was promoted."""
    serving = (Model.tenant_pk == tenant_of(session), Model.status == ModelStatus.SERVING)
    return session.scalar(select(Model).where(*serving).options(_WITH_EXPERIMENT))


def serving_of(model: Model) -> Serving:
    """How the reads of the hot path name it."""
    return Serving(model.id, model.promoted_at)


def list_newest_serving(session: Session, *, limit: int) -> Sequence[Model]:
    """Of all models that the session sees serving, those that were promoted last."""
    statement = select(Model).where(Model.status == ModelStatus.SERVING).options(_WITH_EXPERIMENT)
    return session.scalars(statement.order_by(Model.promoted_at.desc()).limit(limit)).all()


_PROMOTION_LOCK = 0x696B74  # any number that nothing else in the database uses
PATIENCE_OF_PROMOTION_SECONDS = 2.0


def hold_promotions(session: Session, *, patience_seconds: float) -> None:
    """Let no promotion begin until this transaction ends: what it reads of roles next stays true.

    A promotion that begins later finds what this transaction stored. No statement of it waits longer than
    `patience_seconds` for a lock; one that would raises OperationalError, as does one that waits in a circle.
    It is about the session's tenant alone. On SQLite, whose one lock is taken at the beginning, there is
    nothing to do.
    """
    _lock(session, "pg_advisory_xact_lock_shared", patience_seconds)


def _lock(session: Session, function: str, patience_seconds: float) -> None:
    # By itself: a statement that also reads would see what was there before it waited.
    if speaks_postgres(session):
        patience = f"{round(patience_seconds * 1000)}ms"
        settings = f"set_config('lock_timeout', '{patience}', true)"
        execute(session, f"SELECT {settings}, {function}({_PROMOTION_LOCK}, {tenant_of(session)})")


_ROLES = """
SELECT id, promoted_at, status FROM models
WHERE tenant_pk = %(tenant)s AND status IN ('serving', 'promoting')
"""


def read_roles(session: Session) -> Roles:
    """Which models serve and are promoted, in one tiny statement."""
    if speaks_postgres(session):
        rows: Sequence[Any] = fetch(session, _ROLES, {"tenant": tenant_of(session)})
    else:
        statement = select(Model.id, Model.promoted_at, Model.status).where(*_acting(session))
        rows = session.execute(statement).all()
    serving = [(model_id, since) for model_id, since, status in rows if status == ModelStatus.SERVING]
    model_id, since = serving[0] if serving else (None, None)
    return Roles(model_id, since, is_promoting=len(rows) > len(serving))


def _acting(session: Session) -> tuple[ColumnElement[bool], ...]:
    """Which models of the tenant serve or are being promoted."""
    return Model.tenant_pk == tenant_of(session), Model.status.in_([ModelStatus.SERVING, PROMOTING])


def find_serving(session: Session) -> Serving | None:
    """The model that answers for students, by its id alone."""
    roles = read_roles(session)
    return None if roles.serving_id is None else Serving(roles.serving_id, roles.promoted_at)


def list_models(
    session: Session, *, status: ModelStatus | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Model]:
    """Newest first, with their experiments."""
    statement = select(Model).options(_WITH_EXPERIMENT)
    if status is not None:
        statement = statement.where(Model.status == status)
    return read_page(session, statement, key=Model.id, parse=UUID, cursor=cursor, limit=limit)


def list_skills(session: Session, model_id: UUID) -> Sequence[Skill]:
    """A model's skills by position, which is the order of a student state's numbers."""
    return session.scalars(select(Skill).where(Skill.model_id == model_id).order_by(Skill.position)).all()


def start_promotion(
    session: Session, model_id: UUID, *, job_version: int = leases.FIRST_JOB_VERSION
) -> Model:
    """Candidate or retired → promoting; asking again is harmless. Workers older than `job_version` leave it.

    Whoever stores responses without knowing of it has committed before, and nobody does until this
    transaction ends. Raises ModelNotFound, IllegalMove, and OperationalError when that takes too long.
    """
    _lock(session, "pg_advisory_xact_lock", PATIENCE_OF_PROMOTION_SECONDS)
    model = _get(session, model_id, lock=True)
    if model.status != PROMOTING:
        _move(model, PROMOTING)
        model.attempt = 0
        model.job_version = max(model.job_version, job_version)
        model.scored_through = None
        model.lease_owner = model.lease_expires_at = None
        model.error_type = model.error_detail = None
        model.rung_at, model.rings = utc_now(), 0
        session.flush()
    return model


def claim_promotion(
    session: Session,
    model_id: UUID,
    owner: str,
    *,
    lease_seconds: float,
    job_version: int = leases.FIRST_JOB_VERSION,
    now: datetime | None = None,
) -> Model | None:
    """Start scoring students, or take over an expired lease; None when there is nothing to do (for it)."""
    now = now or leases.shared_now(session)
    unheld = or_(Model.lease_owner.is_(None), Model.lease_expires_at < now)
    taken = leases.take_lease(
        session,
        Model,
        model_id,
        is_free=and_(Model.status == PROMOTING, unheld),
        owner=owner,
        lease_seconds=lease_seconds,
        job_version=job_version,
        now=now,
    )
    return get_model(session, model_id) if taken else None


def renew_promotion(
    session: Session, model_id: UUID, owner: str, *, lease_seconds: float, now: datetime | None = None
) -> None:
    """Say that the worker is alive. Raises LeaseLost."""
    now = now or leases.shared_now(session)
    expires = now + timedelta(seconds=lease_seconds)
    _update_promotion(session, model_id, owner, lease_expires_at=expires, heartbeat_at=now)


def note_scored_through(session: Session, model_id: UUID, owner: str, pk: int) -> None:
    """Students up to that primary key are scored, and need not be again. Raises LeaseLost."""
    _update_promotion(session, model_id, owner, scored_through=pk)


def flip(session: Session, model_id: UUID, *, owner: str | None = None) -> Model:
    """Promoting → serving, and the model that served so far → retired, in one step.

    A worker passes its name and gets LeaseLost when it lost the promotion; without a name nobody may hold it.
    """
    # Promotions in flight lock the same rows in the same order, so that two can't both find the old one.
    contenders = select(Model).where(*_acting(session)).order_by(Model.id)
    rows = session.scalars(contenders.with_for_update().execution_options(populate_existing=True)).all()
    model = get_model(session, model_id)
    if model.lease_owner != owner:
        raise LeaseLost(model_id, owner=owner or "nobody")
    _require(model, ModelStatus.SERVING)
    for row in rows:
        if row.status == ModelStatus.SERVING:
            _move(row, ModelStatus.RETIRED)
            row.lease_owner = row.lease_expires_at = None
    session.flush()
    _move(model, ModelStatus.SERVING)
    model.promoted_at = utc_now()
    model.lease_owner = model.lease_expires_at = None
    session.flush()
    return model


def fail_promotion(session: Session, model_id: UUID, owner: str, *, error_type: str, detail: str) -> None:
    """Promoting → candidate, with a short text. Raises LeaseLost."""
    _update_promotion(
        session,
        model_id,
        owner,
        status=ModelStatus.CANDIDATE,
        error_type=error_type,
        error_detail=detail[:DETAIL_LIMIT],
        **leases.NO_LEASE,
    )


def release_promotion(session: Session, model_id: UUID, owner: str) -> None:
    """Let another worker go on, as a worker does that shuts down; that attempt does not count.

    Raises LeaseLost.
    """
    _update_promotion(
        session,
        model_id,
        owner,
        attempt=Model.attempt - 1,
        rung_at=leases.shared_now(session),
        rings=0,
        **leases.NO_LEASE,
    )


def requeue_expired_promotions(session: Session, now: datetime | None = None) -> list[UUID]:
    """Take promotions away from silent workers; the ids that wait again and want a ring.

    Those out of attempts become candidates again, with the reason.
    """
    now = now or leases.shared_now(session)
    waiting = []
    for model in leases.lock_expired(session, Model, held=PROMOTING, now=now):
        if model.attempt >= model.max_attempts:
            _move(model, ModelStatus.CANDIDATE)
            model.error_type = leases.WORKER_LOST
            model.error_detail = leases.worker_lost_detail(model)
        else:
            model.rung_at, model.rings = now, 0
            waiting.append(model.id)
        model.lease_owner = model.lease_expires_at = None
    session.flush()
    return waiting


def list_unrung_promotions(
    session: Session, now: datetime | None = None, *, job_version: int = leases.FIRST_JOB_VERSION
) -> list[Model]:
    """Promotions that wait with a doorbell due again."""
    waiting = and_(Model.status == PROMOTING, Model.lease_owner.is_(None))
    return leases.list_due(
        session, Model, waiting=waiting, job_version=job_version, now=now or leases.shared_now(session)
    )


def mark_promotions_rung(session: Session, models: Sequence[Model], *, now: datetime | None = None) -> None:
    """Note that messages about these promotions went out; the next ones wait twice as long."""
    leases.mark_rung(session, Model, models, now=now or leases.shared_now(session))


def _update_promotion(session: Session, model_id: UUID, owner: str, **values: Any) -> None:
    leases.update_held(session, Model, model_id, owner=owner, held=PROMOTING, **values)


def _move(model: Model, target: ModelStatus) -> None:
    _require(model, target)
    model.status = target


def _require(model: Model, target: ModelStatus) -> None:
    if not is_allowed(model.status, target):
        raise IllegalMove(kind="model", identifier=model.id, status=model.status, target=target)
