"""Responses are stored, and states follow: one transaction for all requests that arrived together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.batching import Busy
from api.inference import Inference, key_of
from api.services.ingest_states import refresh_states
from api.serving import ServingModel, ServingModels
from db.engine import SessionFactory, session_scope
from db.errors import StudentsBusy
from db.postgres import is_lock_refused
from db.repositories import models
from db.repositories.interactions import NewInteraction, Stored, Touched, add_interactions
from db.repositories.states import State

if TYPE_CHECKING:
    from api.inference import Engine, StudentKey

PATIENCE_SECONDS = 0.25  # for what another transaction has locked


@dataclass(frozen=True, slots=True)
class Submission:
    """Responses of one request, right in themselves; whether their skills are known is seen later."""

    tenant_pk: int
    events: Sequence[NewInteraction]
    is_partial: bool = False
    """Whether some of them may be stored without the others."""

    @property
    def student_ids(self) -> set[str]:
        return {event.student_id for event in self.events}


class UnknownSkills(NamedTuple):
    """Why a response was not stored: the serving model does not know these of its skills."""

    names: list[str]


Outcome = Literal["accepted", "duplicate", "withheld"] | UnknownSkills
"""What became of a response; `withheld` for the sake of another one of its request."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a submission."""

    outcomes: list[Outcome]  # of each event, in the order given
    model: ServingModel | None  # that serves
    students: dict[str, Touched] = field(default_factory=dict)  # whose events were stored or known, by id
    states: dict[str, State] = field(default_factory=dict)  # theirs, after these events


NOTHING = Recorded(outcomes=[], model=None)
"""What became of a request without any response that could be stored."""


class ModelNotLoaded(Exception):
    """The model has to be loaded before the transaction begins."""

    def __init__(self, artifact: str) -> None:
        self.artifact = artifact
        super().__init__(artifact)


class Recorder:
    """Stores what was submitted, and brings the states of its students up to date."""

    def __init__(self, sessions: SessionFactory, serving: ServingModels, inference: Inference) -> None:
        self._sessions = sessions
        self._serving = serving
        self._inference = inference

    def record_together(self, submissions: Sequence[Submission]) -> list[Recorded | Busy]:
        """All of them in one transaction; Busy in place of those about a student whom another one writes to.

        They are of one tenant. Raises ArtifactNotFound, and OperationalError, also when something else stays
        locked.
        """
        busy: set[str] = set()
        while True:
            is_free = [busy.isdisjoint(one.student_ids) for one in submissions]
            try:
                # Undone and done again when a student is busy: of that request nobody must have been added.
                recorded = iter(self._record(list(compress(submissions, is_free)), waits=False))
            except StudentsBusy as error:
                busy |= error.student_ids
            else:
                return [next(recorded) if free else Busy() for free in is_free]

    def record_alone(self, submission: Submission) -> Recorded:
        """The same for one request, which waits a moment for its students. Raises Busy if in vain."""
        try:
            return self._record([submission], waits=True)[0]
        except OperationalError as error:
            if is_lock_refused(error):
                raise Busy from error
            raise

    def _record(self, submissions: Sequence[Submission], *, waits: bool) -> list[Recorded]:
        while submissions:
            sessions = self._sessions.of(submissions[0].tenant_pk)
            touched: list[StudentKey] = []
            try:
                # Before the locks go, or at least as soon as it is known that the commit failed.
                with (
                    self._forgetting(touched),
                    session_scope(sessions) as session,
                    self._forgetting(touched),
                ):
                    models.hold_promotions(session, patience_seconds=PATIENCE_SECONDS)
                    return self._write(session, submissions, touched, waits=waits)
            except ModelNotLoaded as needed:
                # It may take seconds, and on SQLite a transaction that writes keeps everybody else waiting.
                self._inference.engine(needed.artifact)
        return []

    @contextmanager
    def _forgetting(self, touched: Sequence[StudentKey]) -> Iterator[None]:
        """The engine must not remember responses that were never stored."""
        try:
            yield
        except BaseException:
            self._inference.forget(touched)
            raise

    def _write(
        self, session: Session, submissions: Sequence[Submission], touched: list[StudentKey], *, waits: bool
    ) -> list[Recorded]:
        roles = models.read_roles(session)
        model = self._serving.of(session, roles)
        engine = None if model is None else self._loaded(model)
        outcomes = [judge(submission, model) for submission in submissions]
        events = [
            event
            for submission, judged in zip(submissions, outcomes, strict=True)
            for event, outcome in zip(submission.events, judged, strict=True)
            if outcome == "accepted"
        ]
        # A model that is being promoted may have read these students already; they are scored again then.
        stored = add_interactions(session, events, scoring_due=roles.is_promoting, waits=waits)
        students = list(stored.students.values())
        touched += [key_of(student.pk, student.created_at) for student in students]
        states = {}
        if model is not None and engine is not None and students:
            states = refresh_states(session, engine, model, students, _by_student(events, stored))
        return _tell(submissions, outcomes, stored, model, states)

    def _loaded(self, model: ServingModel) -> Engine:
        engine = self._inference.find_engine(model.artifact)
        if engine is None:
            raise ModelNotLoaded(model.artifact)
        return engine


def judge(submission: Submission, model: ServingModel | None) -> list[Outcome]:
    """What is to become of each response: unknown skills are refused while a model serves."""
    if model is None:
        return ["accepted"] * len(submission.events)
    unknown = [[name for name in event.skills if name not in model.position] for event in submission.events]
    others: Outcome = "accepted" if submission.is_partial or not any(unknown) else "withheld"
    return [UnknownSkills(names) if names else others for names in unknown]


def _by_student(events: Sequence[NewInteraction], stored: Stored) -> dict[str, list[NewInteraction]]:
    new: dict[str, list[NewInteraction]] = defaultdict(list)
    for event, is_new in zip(events, stored.is_new, strict=True):
        if is_new:
            new[event.student_id].append(event)
    return new


def _tell(
    submissions: Sequence[Submission],
    outcomes: Sequence[list[Outcome]],
    stored: Stored,
    model: ServingModel | None,
    states: dict[str, State],
) -> list[Recorded]:
    is_new = iter(stored.is_new)
    told = []
    for submission, judged in zip(submissions, outcomes, strict=True):
        ids = {
            event.student_id
            for event, outcome in zip(submission.events, judged, strict=True)
            if outcome == "accepted"
        }
        told.append(
            Recorded(
                outcomes=[
                    "duplicate" if outcome == "accepted" and not next(is_new) else outcome
                    for outcome in judged
                ],
                model=model,
                students={student_id: stored.students[student_id] for student_id in ids},
                states={student_id: states[student_id] for student_id in ids if student_id in states},
            )
        )
    return told
