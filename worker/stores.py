"""The stores that a job works with, opened and closed together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from db.artifacts import ArtifactStore, open_artifacts
from db.engine import SessionFactory, create_engine, create_session_factory
from db.settings import DatabaseSettings
from db.tenancy import EVERY_TENANT


@dataclass(frozen=True, slots=True)
class Stores:
    """Rows and files."""

    sessions: SessionFactory
    artifacts: ArtifactStore

    def of(self, tenant: int) -> "Stores":
        """The same, with the rows of one tenant."""
        return replace(self, sessions=self.sessions.of(tenant))


@contextmanager
def open_stores(settings: DatabaseSettings) -> Iterator[Stores]:
    """Connections of this process; none is left open. Jobs are claimed among the rows of every tenant."""
    engine = create_engine(settings)
    try:
        yield Stores(create_session_factory(engine, tenant=EVERY_TENANT), open_artifacts(settings))
    finally:
        engine.dispose()


def model_key(experiment_id: UUID) -> str:
    return f"experiments/{experiment_id}/model"


def predictions_key(experiment_id: UUID) -> str:
    return f"experiments/{experiment_id}/predictions.parquet"


def report_key(experiment_id: UUID) -> str:
    return f"experiments/{experiment_id}/report.json"
