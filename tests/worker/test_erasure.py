"""Students who are erased leave no trace in rows and files, whatever is under way meanwhile."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from db.artifacts import ArtifactStore, checkpoint_key, open_artifacts
from db.engine import SessionFactory, read_scope, session_scope
from db.models import Calibration, Dataset, Erasure
from db.repositories import contents, datasets, erasures, experiments
from ikt_model.data.sequences import load_sequences
from tests.builders import make_student
from tests.stacks import Stack
from tests.worker.support import classroom, look, queue_experiment, settings_of, store_dataset
from worker import erasing, erasure, fitting
from worker.erasure import erase_due
from worker.settings import WorkerSettings
from worker.stores import predictions_key
from worker.training import run_experiment

AT_ONCE = {"erasure_retry_seconds": 1e-6}


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack, **AT_ONCE)


@pytest.fixture
def store(stack: Stack) -> ArtifactStore:
    return open_artifacts(stack.database_settings())


def ask(sessions: SessionFactory, student_id: str) -> UUID:
    with session_scope(sessions) as session:
        return erasures.add_erasure(session, student_id).id


def read(sessions: SessionFactory, erasure_id: UUID) -> Erasure:
    with read_scope(sessions) as session:
        return erasures.get_erasure(session, erasure_id)


def names(sessions: SessionFactory, store: ArtifactStore, dataset_id: UUID) -> list[str]:
    with read_scope(sessions) as session:
        artifact = datasets.get_dataset(session, dataset_id).artifact
    found: list[str] = load_sequences(store.fetch(artifact)).student_ids.to_pylist()
    return found


def of_fold(fold: int) -> str:
    sequences = classroom()
    return str(sequences.student_ids[sequences.folds.tolist().index(fold)])


def traces(stack: Stack, sessions: SessionFactory, needle: str) -> list[str]:
    """Tables and files in which these letters stand."""
    found = []
    with read_scope(sessions) as session:
        tables = session.bind.dialect.get_table_names(session.connection())  # type: ignore[union-attr]
        for table in tables:
            rows = session.execute(text(f'SELECT * FROM "{table}"')).all()
            found += [table for row in rows if needle in repr(row)]
    for path in Path(stack.data_dir).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += repr(pq.read_table(path).to_pydict()).encode()
            found += [path.name] if needle.encode() in content else []
    return found


class TestWhatIsTrained:
    def test_nothing_is_left_and_what_has_learned_says_so(
        self, stack: Stack, sessions: SessionFactory, dataset: Dataset, settings: Any, store: ArtifactStore
    ) -> None:
        held_out, trained = of_fold(0), of_fold(1)
        with session_scope(sessions) as session:
            make_student(session, student_id=held_out, n_interactions=2)
        ids = [queue_experiment(sessions, dataset.id, epochs=1, fold=fold) for fold in (0, 1)]
        for experiment_id in ids:
            assert run_experiment(experiment_id, settings=settings)
        assert traces(stack, sessions, held_out)
        with session_scope(sessions) as session:
            first = erasures.erase_student(session, held_out).id
        second = ask(sessions, trained)
        assert erase_due(settings=settings) == 2

        for student in (held_out, trained):
            assert traces(stack, sessions, student) == []
        told = [read(sessions, one) for one in (first, second)]
        assert [(one.student_id, one.n_experiments, one.n_models) for one in told] == [(None, 1, 1)] * 2
        assert [one.datasets for one in told] == [[str(dataset.id)]] * 2
        assert (told[0].n_interactions, told[1].n_interactions) == (2, 0)
        for experiment_id in ids:
            seen = look(sessions, experiment_id)
            assert seen.model is not None
            # Of the two, each experiment held one out and has learned from the other.
            assert (seen.experiment.erased_students, seen.model.erased_students) == (1, 1)
            assert pq.read_table(store.fetch(predictions_key(experiment_id))).num_rows > 100
        with read_scope(sessions) as session:
            left = datasets.get_dataset(session, dataset.id)
            assert session.query(Calibration).count() == 0
        assert left.n_students == dataset.n_students - 2
        assert left.content_hash == load_sequences(store.fetch(left.artifact)).content_hash
        assert left.content_hash != dataset.content_hash
        assert store.list_names("datasets") == [left.artifact.removeprefix("datasets/")]

    def test_an_experiment_that_runs_meanwhile_ends_well(
        self,
        stack: Stack,
        sessions: SessionFactory,
        dataset: Dataset,
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        held_out, trained = of_fold(0), of_fold(1)
        waiting: list[UUID] = []
        write_report = fitting.write_report

        def erase_first(*given: Any) -> Path | None:
            waiting.extend(ask(sessions, student) for student in (held_out, trained))
            assert erase_due(settings=settings_of(stack)) == 0
            return write_report(*given)

        monkeypatch.setattr(fitting, "write_report", erase_first)
        experiment_id = queue_experiment(sessions, dataset.id, epochs=1)
        assert run_experiment(experiment_id, settings=settings)
        seen = look(sessions, experiment_id)
        assert (seen.experiment.status, seen.model is not None) == ("succeeded", True)
        assert [read(sessions, one).student_id for one in waiting] == [held_out, trained]
        assert seen.experiment.erased_students == 1
        assert seen.model is not None
        assert seen.model.erased_students == 1
        with session_scope(sessions) as session:
            session.execute(text("UPDATE erasures SET due_at = requested_at"))
        assert erase_due(settings=settings) == 2
        assert traces(stack, sessions, held_out) == []

    def test_a_job_that_goes_on_elsewhere_starts_anew(
        self, sessions: SessionFactory, dataset: Dataset, settings: Any, store: ArtifactStore
    ) -> None:
        experiment_id = queue_experiment(sessions, dataset.id, epochs=2)
        stopped: list[int] = []

        def stop_once(epoch: int, _: Any) -> None:
            if not stopped:
                stopped.append(epoch)
                raise RuntimeError("killed")

        run_experiment(experiment_id, settings=settings, on_epoch=stop_once)
        with session_scope(sessions) as session:
            experiments.retry(session, experiment_id)
        store.put_folder(Path(erasing.__file__).parent / "__pycache__", checkpoint_key(experiment_id))
        ask(sessions, of_fold(1))
        assert erase_due(settings=settings) == 1
        assert not store.exists(checkpoint_key(experiment_id))
        assert run_experiment(experiment_id, settings=settings)
        assert look(sessions, experiment_id).experiment.erased_students == 0


class TestInterrupted:
    @pytest.mark.parametrize(
        ("place", "step"),
        [
            (ArtifactStore, "put_file"),
            (contents, "replace_content"),
            (ArtifactStore, "delete"),
            (erasures, "finish"),
        ],
    )
    def test_another_worker_ends_it(
        self,
        stack: Stack,
        sessions: SessionFactory,
        dataset: Dataset,
        store: ArtifactStore,
        place: Any,
        step: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def die(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt  # nothing is caught or given back: as after a kill, the lease stays

        student = of_fold(0)
        erasure_id = ask(sessions, student)
        settings = settings_of(stack, **AT_ONCE)
        with monkeypatch.context() as patched:
            patched.setattr(place, step, die)
            with pytest.raises(KeyboardInterrupt):
                erase_due(settings=settings)
        monkeypatch.setattr(erasing, "ORPHAN_SECONDS", 0.0)
        with session_scope(sessions) as session:
            session.execute(text("UPDATE erasures SET lease_expires_at = requested_at"))
        assert erase_due(settings=settings) == 1
        assert read(sessions, erasure_id).student_id is None
        assert traces(stack, sessions, student) == []
        assert len(store.list_names("datasets")) == 1
        assert student not in names(sessions, store, dataset.id)


class TestOnItsWay:
    def test_a_file_without_a_row_is_waited_for(
        self, stack: Stack, sessions: SessionFactory, settings: Any, store: ArtifactStore, tmp_path: Path
    ) -> None:
        student = of_fold(0)
        stored = store_dataset(stack.database_settings(), sessions, classroom(), tmp_path)
        with session_scope(sessions) as session:
            datasets.delete_dataset(session, stored.id)
        erasure_id = ask(sessions, student)
        assert erase_due(settings=settings_of(stack)) == 0
        assert read(sessions, erasure_id).student_id == student
        path = store.fetch(stored.artifact)
        os.utime(path, (0, 0))
        with session_scope(sessions) as session:
            session.execute(text("UPDATE erasures SET due_at = requested_at"))
        assert erase_due(settings=settings) == 1
        assert store.list_names("datasets") == []

    def test_a_dataset_that_comes_in_last_is_looked_at_too(
        self,
        stack: Stack,
        sessions: SessionFactory,
        settings: Any,
        store: ArtifactStore,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        student = of_fold(0)
        came: list[Dataset] = []
        finish = erasure._finish

        def let_one_in(*given: Any, **named: Any) -> bool:
            if not came:
                came.append(store_dataset(stack.database_settings(), sessions, classroom(), tmp_path))
            return finish(*given, **named)

        monkeypatch.setattr(erasure, "_finish", let_one_in)
        erasure_id = ask(sessions, student)
        assert erase_due(settings=settings) == 1
        assert read(sessions, erasure_id).datasets == [str(came[0].id)]
        assert student not in names(sessions, store, came[0].id)

    def test_two_workers_do_it_once(self, sessions: SessionFactory, settings: Any) -> None:
        ask(sessions, "nobody")
        with session_scope(sessions) as session:
            assert erasures.claim_tenant(session, "another", lease_seconds=60) == 1
        ask(sessions, "somebody")
        assert erase_due(settings=settings) == 0


def test_equal_content_is_no_obstacle(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, settings: WorkerSettings, tmp_path: Path
) -> None:
    sequences = classroom()
    student = of_fold(0)
    rest = sequences.select(sequences.student_ids.to_numpy(zero_copy_only=False) != student)
    other = store_dataset(stack.database_settings(), sessions, rest, tmp_path)
    ask(sessions, student)
    assert erase_due(settings=settings) == 1
    with read_scope(sessions) as session:
        left = datasets.get_dataset(session, dataset.id)
    assert left.n_students == other.n_students
    assert left.content_hash != other.content_hash


def test_what_fails_is_tried_again(
    sessions: SessionFactory, dataset: Dataset, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dataset.n_students

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "put_file", fail)
        erasure_id = ask(sessions, of_fold(0))
        assert erase_due(settings=settings.model_copy(update={"erasure_retry_seconds": 60.0})) == 0
    failed = read(sessions, erasure_id)
    assert (failed.error_type, failed.lease_owner, failed.finished_at) == ("ArtifactAccessFailed", None, None)
    with session_scope(sessions) as session:
        session.execute(text("UPDATE erasures SET due_at = requested_at"))
    assert erase_due(settings=settings) == 1
    assert read(sessions, erasure_id).error_type is None
