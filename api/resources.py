"""What the running service holds: made once per application, closed with it."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

from anyio import CapacityLimiter
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.admission import Places
from api.batching import MicroBatcher
from api.doorbell import Doorbell
from api.heap import settle
from api.inference import Inference, key_of
from api.reader import MasteryReader
from api.services.datasets import undo_unfinished
from api.services.health import Readiness, check_parts
from api.services.ingest import Recorded, Recorder, Submission
from api.services.ingest_bulk import Loader
from api.services.refusals import TooManyLoads, TooManyUploads
from api.services.trajectories import Trajectories
from api.serving import ServingModels
from api.settings import ApiSettings
from api.uploads import remove_abandoned
from db.artifacts import ArtifactStore, open_artifacts
from db.engine import SessionFactory, create_engine, create_session_factory, read_scope
from db.repositories.models import list_newest_serving, serving_of
from db.tenancy import EVERY_TENANT

logger = logging.getLogger(__name__)

EVALUATIONS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that a request may need besides its own data."""

    settings: ApiSettings
    engine: Engine
    sessions: SessionFactory  # of nobody: a request names its tenant
    store: ArtifactStore
    doorbell: Doorbell
    inference: Inference
    serving: ServingModels
    reader: MasteryReader
    trajectories: Trajectories
    writer: MicroBatcher[Submission, Recorded]
    loader: Loader
    readiness: Readiness
    loads: Places
    uploads: Places  # evaluations among them, which come with a file
    evaluations: CapacityLimiter  # threads of their own, for they take long

    @classmethod
    def open(cls, settings: ApiSettings) -> Self:
        """Connect nothing yet; every part connects when it is first used."""
        engine = create_engine(settings)
        store = open_artifacts(settings)
        sessions = create_session_factory(engine)
        serving = ServingModels()
        inference = Inference(
            store,
            capacity=settings.cached_models,
            cache_bytes=settings.inference_cache_bytes,
            threads=settings.inference_threads,
            after_load=settle if settings.freeze_heap else lambda: None,
        )
        doorbell = Doorbell(settings)
        recorder = Recorder(sessions, serving, inference)
        return cls(
            settings=settings,
            engine=engine,
            sessions=sessions,
            store=store,
            doorbell=doorbell,
            inference=inference,
            serving=serving,
            reader=MasteryReader(sessions, serving, cache_bytes=settings.mastery_cache_bytes),
            trajectories=Trajectories(serving, inference, cache_bytes=settings.trajectory_cache_bytes),
            writer=MicroBatcher(
                recorder.record_together,
                recorder.record_alone,
                size=settings.batch_size,
                delay_seconds=settings.batch_delay_ms / 1000,
                apart=lambda submission: submission.tenant_pk,
            ),
            loader=Loader(serving, inference, doorbell, limit_events=settings.bulk_limit_events),
            readiness=Readiness(partial(check_parts, engine, doorbell, store)),
            loads=Places(settings.bulk_at_once, TooManyLoads),
            uploads=Places(settings.uploads_at_once, TooManyUploads),
            evaluations=CapacityLimiter(EVALUATIONS_AT_ONCE),
        )

    @property
    def upload_folder(self) -> Path:
        return self.settings.data_dir / "uploads"

    def remove_abandoned(self) -> None:
        """Take back what uploads have left whose process died."""
        undo = partial(undo_unfinished, self.sessions, self.store)
        try:
            remove_abandoned(self.upload_folder, undo)
        except SQLAlchemyError:
            logger.warning("abandoned uploads are left to the next start", exc_info=True)

    def load_serving(self) -> None:
        """Load models that serve, as many as are kept, so that the first answers need not wait for them."""
        try:
            with read_scope(self.sessions, tenant=EVERY_TENANT) as session:
                found = list_newest_serving(session, limit=self.settings.cached_models)
                artifacts = [self.serving.describe(session, serving_of(model)).artifact for model in found]
            for artifact in artifacts:
                self.inference.engine(artifact)
        except Exception:
            logger.warning("the serving models are not loaded before they are first asked", exc_info=True)
        if self.settings.freeze_heap:
            settle()

    def forget(self, student_pk: int, created_at: datetime) -> None:
        """Hold nothing more of a student who was erased."""
        key = key_of(student_pk, created_at)
        self.reader.forget(key)
        self.trajectories.forget(key)
        self.inference.forget([key])

    def close(self) -> None:
        """Finish what was taken, and give the connections back."""
        self.writer.close()
        self.reader.close()
        self.engine.dispose()
