"""What the running service holds: made once per application, closed with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from api.doorbell import Doorbell
from api.inference import Inference
from api.settings import ApiSettings
from db.artifacts import ArtifactStore, open_artifacts
from db.engine import SessionFactory, create_engine, create_session_factory


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that a request may need besides its own data."""

    settings: ApiSettings
    engine: Engine
    sessions: SessionFactory
    store: ArtifactStore
    doorbell: Doorbell
    inference: Inference

    @classmethod
    def open(cls, settings: ApiSettings) -> Self:
        """Connect nothing yet; every part connects when it is first used."""
        engine = create_engine(settings)
        store = open_artifacts(settings)
        return cls(
            settings=settings,
            engine=engine,
            sessions=create_session_factory(engine),
            store=store,
            doorbell=Doorbell(settings),
            inference=Inference(store, capacity=settings.cached_models),
        )

    @property
    def upload_folder(self) -> Path:
        return self.settings.data_dir / "uploads"

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
