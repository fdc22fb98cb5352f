"""What datasets hold, which changes when students are erased, and who has read it before."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from db.lifecycle import ExperimentStatus
from db.models import Calibration, Dataset, Experiment, Model
from db.repositories import leases
from db.repositories.datasets import find_dataset_by_hash, get_dataset
from db.repositories.erasures import hold_datasets

RUNNING, SUCCEEDED = ExperimentStatus.RUNNING, ExperimentStatus.SUCCEEDED


class Content(NamedTuple):
    """A dataset and where its file lies."""

    dataset_id: UUID
    artifact: str


def begin_reading(session: Session, experiment_id: UUID, owner: str) -> Dataset:
    """The dataset as it is now, noted as what this attempt reads. Raises LeaseLost."""
    hold_datasets(session)
    experiment = session.scalars(select(Experiment).where(Experiment.id == experiment_id)).one()
    statement = select(Dataset).where(Dataset.id == experiment.dataset_id)
    dataset = session.scalars(statement.execution_options(populate_existing=True)).one()
    leases.update_held(
        session,
        Experiment,
        experiment_id,
        owner=owner,
        held=RUNNING,
        content_hash=dataset.content_hash,
        erased_students=0,
    )
    return dataset


def hold_content(session: Session, dataset_id: UUID) -> Content:
    """The dataset's content, which stays what it is until this transaction ends."""
    hold_datasets(session)
    return find_content(session, dataset_id)


def find_content(session: Session, dataset_id: UUID) -> Content:
    """What the dataset holds at this moment."""
    artifact = session.scalars(select(Dataset.artifact).where(Dataset.id == dataset_id)).one()
    return Content(dataset_id, artifact)


def list_contents(session: Session) -> list[Content]:
    """Of every dataset that the session sees."""
    rows = session.execute(select(Dataset.id, Dataset.artifact).order_by(Dataset.id))
    return [Content(row[0], row[1]) for row in rows]


def replace_content(
    session: Session,
    content: Content,
    *,
    artifact: str,
    content_hash: str,
    statistics: dict[str, Any],
    erased_folds: Sequence[int],
) -> Mapping[int, int] | None:
    """Let the dataset hold what is left of it, and mark what was trained on the students of these folds.

    How many models have learned from each of the folds; None, and nothing changed, when the dataset holds
    something else by now.
    """
    stored = find_dataset_by_hash(session, content_hash)
    if stored is not None and stored.id != content.dataset_id:
        # Without the student it equals another dataset, and content tells datasets apart.
        content_hash = hashlib.sha256(f"{content_hash} {content.dataset_id}".encode()).hexdigest()
    counted = ("n_students", "n_responses", "n_skills", "n_folds")
    replaced = session.execute(
        update(Dataset)
        .where(Dataset.id == content.dataset_id, Dataset.artifact == content.artifact)
        .values(
            artifact=artifact,
            content_hash=content_hash,
            statistics=statistics,
            share_correct=statistics["share_correct"] or 0.0,
            **{name: statistics[name] for name in counted},
        )
        .returning(Dataset.id)
        .execution_options(synchronize_session=False)
    )
    if replaced.scalar_one_or_none() is None:
        return None
    session.execute(delete(Calibration).where(Calibration.dataset_id == content.dataset_id))
    return _mark_trained(session, content.dataset_id, Counter(erased_folds))


def _mark_trained(session: Session, dataset_id: UUID, erased: "Counter[int]") -> Mapping[int, int]:
    """Who holds students out, or leaves them out, has not learned from them."""
    trained = select(Experiment.id, Experiment.fold, Experiment.exclude_folds).where(
        Experiment.dataset_id == dataset_id, Experiment.status.in_((RUNNING, SUCCEEDED))
    )
    n_models: Counter[int] = Counter()
    for experiment_id, fold, excluded in session.execute(trained).all():
        learned = {of: n for of, n in erased.items() if of not in (fold, *excluded)}
        if learned and _mark(session, experiment_id, sum(learned.values())):
            n_models.update(learned.keys())
    return n_models


def _mark(session: Session, experiment_id: UUID, n_erased: int) -> bool:
    """Whether the experiment has left a model."""
    session.execute(
        update(Experiment)
        .where(Experiment.id == experiment_id)
        .values(erased_students=Experiment.erased_students + n_erased)
        .execution_options(synchronize_session=False)
    )
    marked = session.execute(
        update(Model)
        .where(Model.experiment_id == experiment_id)
        .values(erased_students=Model.erased_students + n_erased)
        .returning(Model.id)
        .execution_options(synchronize_session=False)
    )
    return marked.scalar_one_or_none() is not None


def list_trained(session: Session, dataset_ids: Collection[UUID]) -> list[tuple[UUID, bool]]:
    """Experiments on these datasets, and whether each is running."""
    statement = select(Experiment.id, Experiment.status == RUNNING).where(
        Experiment.dataset_id.in_(dataset_ids)
    )
    return [(row[0], bool(row[1])) for row in session.execute(statement.order_by(Experiment.id))]


def is_old_content_in_use(session: Session, dataset_ids: Collection[UUID]) -> bool:
    """Whether an attempt is running that read one of these datasets when it held something else."""
    old = or_(Experiment.content_hash.is_(None), Experiment.content_hash != Dataset.content_hash)
    statement = (
        select(Experiment.id)
        .join(Dataset, Dataset.id == Experiment.dataset_id)
        .where(Dataset.id.in_(dataset_ids), Experiment.status == RUNNING, old)
    )
    return session.scalar(statement.limit(1)) is not None


def count_erased(session: Session, experiment_id: UUID) -> int:
    """Students the experiment was trained on who were erased since."""
    return session.scalars(select(Experiment.erased_students).where(Experiment.id == experiment_id)).one()


def list_experiment_ids(session: Session) -> set[UUID]:
    """Of every experiment that the session sees."""
    return set(session.scalars(select(Experiment.id)))


def find_running_owner(session: Session, experiment_id: UUID) -> str | None:
    """Who is running the experiment."""
    statement = select(Experiment.lease_owner).where(
        Experiment.id == experiment_id, Experiment.status == RUNNING
    )
    return session.scalar(statement)


def list_readers(session: Session, dataset_id: UUID, *, fold: int) -> list[Experiment]:
    """Succeeded experiments that held out this fold of the dataset."""
    get_dataset(session, dataset_id)
    statement = select(Experiment).where(
        Experiment.dataset_id == dataset_id, Experiment.fold == fold, Experiment.status == SUCCEEDED
    )
    return list(session.scalars(statement.order_by(Experiment.id)))
