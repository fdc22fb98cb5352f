"""The stores that a job works with, opened and closed together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from db.artifacts import ArtifactStore, open_artifacts
from db.artifacts import checkpoint_key as checkpoint_key
from db.engine import SessionFactory, create_engine, create_session_factory
from db.settings import DatabaseSettings


@dataclass(frozen=True, slots=True)
class Stores:
    """Rows and files."""

    sessions: SessionFactory
    artifacts: ArtifactStore


@contextmanager
def open_stores(settings: DatabaseSettings) -> Iterator[Stores]:
    """Connections of this process; none is left open."""
    engine = create_engine(settings)
    try:
        yield Stores(create_session_factory(engine), open_artifacts(settings))
    finally:
        engine.dispose()


def model_key(experiment_id: UUID) -> str:
    return f"experiments/{experiment_id}/model"


def predictions_key(experiment_id: UUID) -> str:
    return f"experiments/{experiment_id}/predictions.parquet"


def report_key(experiment_id: UUID) -> str:
    return f"experiments/{experiment_id}/report.json"
