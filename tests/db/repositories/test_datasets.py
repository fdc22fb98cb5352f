"""Datasets, their calibrations, and pages."""

from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from db.engine import SessionFactory, session_scope
from db.errors import BadCursor, DatasetInUse, DatasetNotFound, DuplicateDataset
from db.models import Calibration
from db.repositories import calibrations, datasets, students
from tests.builders import make_dataset, make_experiment, make_student
from tests.threads import one_behind_the_other, together


class TestAddDataset:
    def test_same_content_is_refused_and_the_stored_one_named(self, session: Session) -> None:
        stored = make_dataset(session, content_hash="h")
        with pytest.raises(DuplicateDataset, match=str(stored.id)) as refusal:
            make_dataset(session, content_hash="h")
        assert refusal.value.dataset_id == stored.id

    def test_refusal_leaves_the_transaction_usable(self, session: Session) -> None:
        make_dataset(session, content_hash="h")
        with pytest.raises(DuplicateDataset):
            make_dataset(session, content_hash="h")
        assert len(datasets.list_datasets(session).items) == 1

    def test_identifier_can_be_chosen_beforehand(self, session: Session) -> None:
        chosen = uuid4()
        assert make_dataset(session, dataset_id=chosen).id == chosen

    def test_uploads_at_once_store_one(self, sessions: SessionFactory) -> None:
        def add(number: int) -> bool:  # noqa: ARG001
            with session_scope(sessions) as session:
                try:
                    make_dataset(session, content_hash="h")
                except DuplicateDataset:
                    return False
                return True

        assert sum(together(add)) == 1


class TestDeleteDataset:
    def test_tells_the_file_that_an_erasure_has_just_put_in_its_place(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            dataset = make_dataset(session, artifact="datasets/before.arrow")

        def replace(session: Session) -> None:
            stored = datasets.get_dataset(session, dataset.id)
            stored.artifact = "datasets/after.arrow"
            session.flush()

        def delete(session: Session) -> str:
            return datasets.delete_dataset(session, dataset.id)

        assert one_behind_the_other(sessions, replace, delete) == "datasets/after.arrow"

    def test_takes_its_calibrations_along(self, session: Session) -> None:
        dataset = make_dataset(session)
        stored = _add_calibration(session, dataset.id)
        datasets.delete_dataset(session, dataset.id)
        assert calibrations.find_calibration(session, stored.dataset_id, stored.key) is None
        with pytest.raises(DatasetNotFound):
            datasets.get_dataset(session, dataset.id)

    def test_dataset_of_an_experiment_stays(self, session: Session) -> None:
        experiment = make_experiment(session)
        with pytest.raises(DatasetInUse, match=r"belongs to 1 experiment\(s\)"):
            datasets.delete_dataset(session, experiment.dataset_id)

    def test_unknown_dataset_raises(self, session: Session) -> None:
        with pytest.raises(DatasetNotFound):
            datasets.delete_dataset(session, uuid4())


class TestCalibrations:
    def test_key_depends_on_data_folds_settings_and_version_only(self) -> None:
        def key(**changes: Any) -> str:
            return calibrations.calibration_key(
                **{
                    "content_hash": "h",
                    "fold": 0,
                    "exclude_folds": [2, 3],
                    "settings": {"a": 1, "b": 2},
                    "version": 1,
                    **changes,
                }
            )

        assert key() == key(settings={"b": 2, "a": 1}) == key(exclude_folds=[3, 2])
        others = [
            key(content_hash="i"),
            key(fold=1),
            key(exclude_folds=[2]),
            key(settings={"a": 1, "b": 3}),
            key(version=2),
        ]
        assert len({key(), *others}) == 6

    def test_second_fit_gets_the_first_row(self, session: Session) -> None:
        dataset_id = make_dataset(session).id
        first = _add_calibration(session, dataset_id, seconds=1.0)
        second = _add_calibration(session, dataset_id, seconds=2.0)
        assert (second.id, second.seconds) == (first.id, 1.0)
        assert calibrations.find_calibration(session, second.dataset_id, "key") is second

    def test_fits_at_once_share_one_row(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            dataset_id = make_dataset(session).id

        def add(number: int) -> UUID:  # noqa: ARG001
            with session_scope(sessions) as session:
                return _add_calibration(session, dataset_id).id

        assert len(set(together(add))) == 1


class TestPages:
    def test_pages_hold_every_row_once(self, session: Session) -> None:
        made = [make_dataset(session).id for _ in range(5)]
        seen, cursor = [], None
        while True:
            page = datasets.list_datasets(session, cursor=cursor, limit=2)
            seen += [row.id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == made[::-1]

    def test_full_last_page_has_no_cursor(self, session: Session) -> None:
        for _ in range(2):
            make_dataset(session)
        assert datasets.list_datasets(session, limit=2).next_cursor is None

    def test_rows_added_or_deleted_in_between_move_nothing(self, session: Session) -> None:
        made = [make_dataset(session).id for _ in range(4)]
        first = datasets.list_datasets(session, limit=2)
        make_dataset(session)
        datasets.delete_dataset(session, made[2])
        second = datasets.list_datasets(session, cursor=first.next_cursor, limit=2)
        assert [row.id for row in second.items] == [made[1], made[0]]

    @pytest.mark.parametrize("cursor", ["", "x", "not a cursor", "ÿ", "a" * 500, "AAAA====", "\x00"])
    def test_foreign_cursor_is_refused(self, session: Session, cursor: str) -> None:
        with pytest.raises(BadCursor):
            datasets.list_datasets(session, cursor=cursor)

    @pytest.mark.parametrize("key", ["-1", str(2**63), "1e3", ""])
    def test_forged_key_is_refused(self, session: Session, key: str) -> None:
        forged = urlsafe_b64encode(f"Student.id={key}".encode()).decode()
        with pytest.raises(BadCursor):
            students.list_students(session, cursor=forged)

    def test_cursor_of_another_listing_is_refused(self, session: Session) -> None:
        for _ in range(2):
            make_student(session)
        cursor = students.list_students(session, limit=1).next_cursor
        assert cursor is not None
        with pytest.raises(BadCursor):
            datasets.list_datasets(session, cursor=cursor)


def _add_calibration(session: Session, dataset_id: UUID, **changes: Any) -> Calibration:
    values: dict[str, Any] = {
        "fold": 0,
        "exclude_folds": [],
        "reference": "rasch",
        "settings": {},
        "key": "key",
        "parameters": {"difficulty": [0.1]},
        "summary": {"ability_sd": 0.7},
        "seconds": 0.5,
    }
    return calibrations.add_calibration(session, dataset_id=dataset_id, **{**values, **changes})
