"""Cross-validations and their experiments."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from db.errors import CrossValidationNotFound, DatasetNotFound, DuplicateIdempotencyKey
from db.models import CrossValidation
from db.repositories import cross_validations, datasets, experiments
from db.repositories.submissions import find_submission
from tests.builders import make_dataset, make_experiment


def make_cross_validation(session: Session, **changes: object) -> CrossValidation:
    values: dict[str, object] = {
        "name": "five folds",
        "folds": [0, 1],
        "exclude_folds": [3, 2],
        "preset": None,
        "config": {"training": {"epochs": 2}},
        "config_fingerprint": "0123456789abcdef",
    }
    if "dataset_id" not in changes:
        changes["dataset_id"] = make_dataset(session).id
    return cross_validations.add_cross_validation(session, **{**values, **changes})  # type: ignore[arg-type]


def test_what_was_added_is_read(session: Session) -> None:
    added = make_cross_validation(session, idempotency_key="key")
    session.expire_all()
    row = cross_validations.get_cross_validation(session, added.id)
    assert (row.folds, row.exclude_folds, row.config) == ([0, 1], [2, 3], {"training": {"epochs": 2}})
    assert find_submission(session, CrossValidation, "key") is row


def test_unknown_ones_raise(session: Session) -> None:
    with pytest.raises(CrossValidationNotFound):
        cross_validations.get_cross_validation(session, uuid4())
    with pytest.raises(DatasetNotFound):
        make_cross_validation(session, dataset_id=uuid4())


def test_a_key_is_used_once(session: Session) -> None:
    make_cross_validation(session, idempotency_key="key")
    with pytest.raises(DuplicateIdempotencyKey):
        make_cross_validation(session, idempotency_key="key")


def test_members_come_by_fold_and_outlive_nothing_but_it(session: Session) -> None:
    row = make_cross_validation(session)
    for fold in (1, 0):
        make_experiment(session, dataset_id=row.dataset_id, fold=fold, cross_validation_id=row.id)
    make_experiment(session, dataset_id=row.dataset_id)
    members = cross_validations.list_members(session, [row.id])
    assert [member.fold for member in members] == [0, 1]
    session.delete(row)
    session.flush()
    assert experiments.get_experiment(session, members[0].id).cross_validation_id is None


def test_it_goes_with_its_dataset(session: Session) -> None:
    row_id, dataset_id = (row := make_cross_validation(session)).id, row.dataset_id
    datasets.delete_dataset(session, dataset_id)
    session.expire_all()
    with pytest.raises(CrossValidationNotFound):
        cross_validations.get_cross_validation(session, row_id)


def test_lists_are_newest_first_and_by_dataset(session: Session) -> None:
    first, second = make_cross_validation(session), make_cross_validation(session)
    page = cross_validations.list_cross_validations(session, limit=2)
    assert [row.id for row in page.items] == [second.id, first.id]
    of_first = cross_validations.list_cross_validations(session, dataset_id=first.dataset_id)
    assert [row.id for row in of_first.items] == [first.id]
