"""What a backup refuses rather than lose or mix something, and what it does about files that go meanwhile."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from db import backup, dumps
from db.artifacts import ArtifactStore, checkpoint_key
from db.backup import back_up, read_manifest, restore
from db.engine import SessionFactory, create_engine, create_session_factory, session_scope, upgrade
from db.errors import BackupRefused
from db.models import DEFAULT_TENANT
from db.repositories import erasures
from db.repositories.datasets import delete_dataset
from db.settings import DatabaseSettings
from db.tenancy import EVERY_TENANT
from tests import stacks
from tests.builders import make_dataset, make_experiment, make_running
from tests.operations.places import blank_stack, use_postgres_tools
from tests.stacks import Stack

KEY = "datasets/kept.arrow"


@pytest.fixture
def embedded(tmp_path: Path, sqlite_template: Path) -> Iterator[Stack]:
    with stacks.embedded_stack(tmp_path, sqlite_template) as stack:
        yield stack


@pytest.fixture
def source(embedded: Stack) -> DatabaseSettings:
    """A database with a dataset, and its file."""
    _keep(embedded, KEY)
    return embedded.database_settings()


@pytest.fixture
def target(tmp_path: Path) -> DatabaseSettings:
    return DatabaseSettings(data_dir=tmp_path / "new")


def _sessions(stack: Stack) -> SessionFactory:
    return create_session_factory(create_engine(stack.database_url), tenant=DEFAULT_TENANT)


def _keep(stack: Stack, key: str, content: str = "rows") -> UUID:
    path = stack.data_dir / "upload"
    path.write_text(content)
    ArtifactStore(stack.artifacts_url).put_file(path, key)
    with session_scope(_sessions(stack)) as session:
        return make_dataset(session, artifact=key).id


class TestBackUp:
    def test_a_folder_that_holds_something_is_left_alone(
        self, source: DatabaseSettings, tmp_path: Path
    ) -> None:
        with pytest.raises(BackupRefused, match="is not empty; name a new folder"):
            back_up(source, tmp_path)

    def test_a_database_that_is_not_there_is_not_made(self, target: DatabaseSettings, tmp_path: Path) -> None:
        with pytest.raises(BackupRefused, match=r"name the database in IKT_DATA_DIR .it is .*/new"):
            back_up(target, tmp_path / "backup")
        assert not (tmp_path / "new" / "ikt.db").exists()

    def test_a_variable_that_was_set_is_the_one_to_change(self, tmp_path: Path) -> None:
        settings = DatabaseSettings(database_url=f"sqlite:///{tmp_path}/none.db")
        with pytest.raises(BackupRefused, match=r"none\.db does not exist; name .* IKT_DATABASE_URL"):
            back_up(settings, tmp_path / "backup")

    def test_other_users_can_not_read_it(self, source: DatabaseSettings, tmp_path: Path) -> None:
        back_up(source, tmp_path / "backups" / "monday")
        assert (tmp_path / "backups" / "monday").stat().st_mode & 0o777 == 0o700
        (tmp_path / "shared").mkdir(mode=0o750)
        back_up(source, tmp_path / "shared")
        assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o750

    def test_a_store_that_lost_a_file_is_told(self, source: DatabaseSettings, tmp_path: Path) -> None:
        ArtifactStore(source.artifacts_url).delete(KEY)

        with pytest.raises(BackupRefused, match=f"'{KEY}'.*has the store lost files"):
            back_up(source, tmp_path / "backup")
        with pytest.raises(BackupRefused, match="it is no backup, or an unfinished one"):
            read_manifest(tmp_path / "backup")

    def test_what_is_deleted_meanwhile_is_in_it_whole_or_not_at_all(
        self, source: DatabaseSettings, embedded: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passing = _keep(embedded, "datasets/passing.arrow", "others")
        dump = dumps.dump

        def delete_once(*arguments: Any) -> Any:
            dumped = dump(*arguments)
            monkeypatch.setattr(backup, "dump", dump)
            with session_scope(_sessions(embedded)) as session:
                delete_dataset(session, passing)
            ArtifactStore(source.artifacts_url).delete("datasets/passing.arrow")
            return dumped

        monkeypatch.setattr(backup, "dump", delete_once)
        manifest = back_up(source, tmp_path / "backup")

        assert manifest.counts["datasets"] == 1
        assert {*manifest.files} == {"rows.db", f"artifacts/{KEY}"}

    def test_nothing_from_before_an_erasure_stays_in_it(
        self, source: DatabaseSettings, embedded: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dataset, store = (
            _keep(embedded, "datasets/before.arrow", "ana ben"),
            ArtifactStore(source.artifacts_url),
        )
        with session_scope(_sessions(embedded)) as session:
            stopped, running = (make_running(session, dataset_id=dataset).id for _ in range(2))
            erasures.add_erasure(session, "ana")
            # Sorts last, so that everything else is copied before it is missed.
            passing = make_dataset(session, artifact="passing.arrow").id
        upload = embedded.data_dir / "upload"

        def put(key: str, content: str) -> None:
            upload.write_text(content)
            store.put_file(upload, key)

        for experiment in (stopped, running):
            put(checkpoint_key(experiment), "learned from ana")
            put(f"experiments/{experiment}/predictions.parquet", "ana ben")
        copy = ArtifactStore.copy

        def erase_once(self: ArtifactStore, key: str, target: ArtifactStore) -> None:
            if key == "passing.arrow":
                monkeypatch.setattr(ArtifactStore, "copy", copy)
                put(f"experiments/{running}/predictions.parquet", "ben")
                store.delete(f"experiments/{stopped}/predictions.parquet")
                store.delete(checkpoint_key(stopped))
                with session_scope(_sessions(embedded), tenant=EVERY_TENANT) as session:
                    delete_dataset(session, passing)
                    assert erasures.claim_tenant(session, "worker", lease_seconds=60) is not None
                    erasures.finish(session, "worker")
            copy(self, key, target)

        monkeypatch.setattr(ArtifactStore, "copy", erase_once)
        manifest = back_up(source, tmp_path / "backup")

        kept = {name for name in manifest.files if f"{stopped}" in name}
        assert kept == set()
        saved = ArtifactStore(str(tmp_path / "backup" / "artifacts"))
        assert saved.fetch(f"experiments/{running}/predictions.parquet").read_text() == "ben"
        assert saved.exists(checkpoint_key(running))
        assert manifest.counts["erasures"] == 1

    def test_only_jobs_in_progress_have_checkpoints(self, embedded: Stack, tmp_path: Path) -> None:
        dataset = _keep(embedded, KEY)
        (tmp_path / "checkpoint").mkdir()
        (tmp_path / "checkpoint" / "weights").write_text("numbers")
        with session_scope(_sessions(embedded)) as session:
            running = make_running(session, dataset_id=dataset).id
            ended = make_experiment(session, dataset_id=dataset, status="succeeded").id
        for experiment in (running, ended):
            store = ArtifactStore(embedded.artifacts_url)
            store.put_folder(tmp_path / "checkpoint", checkpoint_key(experiment))

        manifest = back_up(embedded.database_settings(), tmp_path / "backup")

        kept = [name for name in manifest.files if name.endswith("weights")]
        assert [name.split("/")[2] for name in kept] == [str(running)]


Harm = Callable[[Path], object]


def _change_rows(folder: Path) -> None:
    with (folder / "rows.db").open("ab") as file:
        file.write(b"more")


def _change_manifest(**changes: Any) -> Harm:
    def change(folder: Path) -> None:
        path = folder / backup.MANIFEST
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


class TestRestore:
    @pytest.mark.parametrize(
        ("harm", "why"),
        [
            (_change_rows, "rows.db is damaged or missing"),
            (lambda folder: (folder / "artifacts" / KEY).unlink(), "kept.arrow is damaged or missing"),
            (lambda folder: (folder / backup.MANIFEST).unlink(), "it is no backup"),
            (lambda folder: (folder / backup.MANIFEST).write_text("{"), "can't be read"),
            (_change_manifest(format=2), "of another release"),
            (_change_manifest(revision="9999"), "of another release"),
            (_change_manifest(database="postgresql"), "of postgresql, and the database here is sqlite"),
            (_change_manifest(counts={"datasets": 2}), "rows were lost"),
        ],
    )
    def test_a_backup_that_is_not_whole_is_refused(
        self, source: DatabaseSettings, target: DatabaseSettings, tmp_path: Path, harm: Harm, why: str
    ) -> None:
        back_up(source, tmp_path / "backup")
        harm(tmp_path / "backup")

        with pytest.raises(BackupRefused, match=why):
            restore(target, tmp_path / "backup")

    def test_a_database_in_use_is_left_alone(
        self, source: DatabaseSettings, target: DatabaseSettings, tmp_path: Path
    ) -> None:
        back_up(source, tmp_path / "backup")
        stacks.migrated_sqlite(tmp_path / "new" / "ikt.db").dispose()

        with pytest.raises(
            BackupRefused, match=r"tables already; name a new one in IKT_DATA_DIR .it is .*/new"
        ):
            restore(target, tmp_path / "backup")

    def test_files_that_are_there_are_left_alone(
        self, source: DatabaseSettings, target: DatabaseSettings, tmp_path: Path
    ) -> None:
        back_up(source, tmp_path / "backup")
        ArtifactStore(target.artifacts_url).put_file(tmp_path / "backup" / "rows.db", "datasets/other.arrow")

        with pytest.raises(BackupRefused, match=r"files; name an empty place in IKT_DATA_DIR .it is .*/new"):
            restore(target, tmp_path / "backup")


class TestPostgres:
    @pytest.fixture
    def settings(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DatabaseSettings]:
        with blank_stack("services", tmp_path, request) as stack:
            yield stack.database_settings()

    def test_without_its_tools_it_says_what_to_install(
        self, settings: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upgrade(settings)
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(
            BackupRefused, match="pg_dump is not on PATH; install PostgreSQL's client programs"
        ):
            back_up(settings, tmp_path / "backup")

    def test_what_a_tool_says_is_told(
        self, settings: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use_postgres_tools(monkeypatch)
        upgrade(settings)
        back_up(settings, tmp_path / "backup")
        (tmp_path / "backup" / "rows.dump").write_text("nothing")
        engine = create_engine(settings)

        with pytest.raises(BackupRefused, match=r"pg_restore ended with exit code 1 .*valid archive"):
            dumps.load(engine, tmp_path / "backup" / "rows.dump")
        engine.dispose()


class TestCommands:
    def test_backup_and_restore_tell_what_they_did(
        self,
        source: DatabaseSettings,
        target: DatabaseSettings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        told = []
        for command, settings in (("backup", source), ("restore", target)):
            monkeypatch.setenv("IKT_DATABASE_URL", settings.database_url)
            monkeypatch.setenv("IKT_ARTIFACTS_URL", settings.artifacts_url)
            done = CliRunner().invoke(app, ["db", command, str(tmp_path / "backup"), "--json"])
            assert done.exit_code == 0, done.output
            told.append(json.loads(done.stdout))

        assert told[0] == told[1]
        assert told[0]["counts"]["datasets"] == 1
        assert told[0]["files"] == 2

    def test_restoring_reminds_of_what_the_backup_does_not_know(
        self,
        source: DatabaseSettings,
        target: DatabaseSettings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        made = back_up(source, tmp_path / "backup")
        monkeypatch.setenv("IKT_DATA_DIR", str(target.data_dir))
        done = CliRunner().invoke(app, ["db", "restore", str(tmp_path / "backup")])

        assert done.exit_code == 0, done.output
        assert f"nothing of what came after {made.created_at}: revoke again" in done.stderr
        assert "erase again" in done.stderr

    def test_refusals_are_bad_input(self, tmp_path: Path) -> None:
        done = CliRunner().invoke(app, ["db", "restore", str(tmp_path)])

        assert done.exit_code == 2
        assert "holds no backup.json" in done.stderr.replace("\n", " ")
