"""Responses of many students in one request: read, sent to the database meanwhile, and stored at the end."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.formats.json import write_json
from api.inference import Inference
from api.services.ingest_items import tell_errors
from api.services.ingest_lines import LineReader, Row
from api.services.ingest_states import score_anew
from api.services.refusals import BatchTooLarge, FieldRefused, InteractionsRefused, SkillsUnknown
from api.serving import ServingModel, ServingModels
from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.repositories import models
from db.repositories.bulk import BulkLoad

MOST_EXPLAINED = 20  # refused items, after which no more are looked for
MOST_EXPLAINED_OF_PART = 10_000
STATUSES_AT_ONCE = 10_000
MOST_SCORED_AT_ONCE = 1000  # students whose states one request may wait for

Batches = Iterable[Sequence[bytes]]
Scoring = Literal["deferred", "immediate"]
"""Whether a worker brings the states up to date later, or that is done before the answer."""
Scored = Literal["none", "deferred", "done"]


class ModelChanged(Exception):
    """Another model answers for students by now; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            "another model was promoted while the responses came, and may know other skills; send them again"
        )


class TooManyToScore(BatchTooLarge):
    """More students than are scored before an answer is given; nothing was stored."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        Exception.__init__(
            self,
            f"the request has responses of more than {limit} students, too many to score at once; send them "
            "in several requests, or leave the scoring to a worker (scoring=deferred)",
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a load, as InteractionsLoaded tells it."""

    summary: dict[str, Any]
    statuses: Iterator[dict[str, Any]] | None  # of each item, when a part could be stored

    def write(self) -> Iterator[bytes]:
        """The answer piece by piece: there may be a million statuses."""
        if self.statuses is None:
            yield write_json(self.summary | {"items": None})
            return
        yield write_json(self.summary)[:-1] + b',"items":['
        separator = b""
        while some := list(islice(self.statuses, STATUSES_AT_ONCE)):
            yield separator + write_json(some)[1:-1]
            separator = b","
        yield b"]}"


class Loader:
    """Takes responses in bulk; may be used by many threads at once."""

    def __init__(
        self,
        serving: ServingModels,
        inference: Inference,
        doorbell: Doorbell,
        *,
        limit_events: int,
    ) -> None:
        self._serving = serving
        self._inference = inference
        self._doorbell = doorbell
        self._limit_events = limit_events

    def load(
        self,
        sessions: SessionFactory,
        batches: Batches,
        *,
        is_list: bool,
        is_partial: bool,
        scoring: Scoring,
    ) -> Loaded:
        """Store all items, or with `is_partial` those that can be; then score their students, if `immediate`.

        Raises BatchTooLarge, InteractionsRefused, SkillsUnknown, ModelChanged.
        """
        with read_scope(sessions) as session:
            model = self._serving.current(session)
        if model is not None and scoring == "immediate":
            self._inference.engine(model.artifact)  # which fails better now than when everything is stored
        reader = LineReader(
            known=None if model is None else model.names,
            now=utc_now(),
            most_explained=MOST_EXPLAINED_OF_PART if is_partial else MOST_EXPLAINED,
            is_list=is_list,
        )
        students: set[str] | None = set() if model is not None and scoring == "immediate" else None
        with session_scope(sessions) as session:
            with BulkLoad(session, wants_each=is_partial) as load:
                _feed(load, self._rows(reader, batches, students, is_partial=is_partial))
                # They are marked as due, so that a model that is promoted from here on sees them.
                if _serving_id(session) != (model and model.id):
                    raise ModelChanged
            if load.accepted and students is None:
                self._doorbell.ring_scoring(session)
        told: Scored = "none" if model is None else "deferred"
        if model is not None and students is not None:
            told = self._score(sessions, model, students)
        summary = {
            "accepted": load.accepted,
            "duplicates": load.duplicates,
            "refused": len(reader.refused),
            "n_students": load.n_students,
            "scoring": told,
        }
        return Loaded(summary, _statuses(reader, load.is_new or []) if is_partial else None)

    def _rows(
        self, reader: LineReader, batches: Batches, students: set[str] | None, *, is_partial: bool
    ) -> Iterator[list[Row]]:
        """What can be stored, as long as anything may be; `students`, who are to be scored, grows."""
        for lines in batches:
            rows = reader.read(lines)
            if len(reader.lines) > self._limit_events:
                raise BatchTooLarge(self._limit_events, remedy="send them in several requests")
            if rows and (is_partial or not reader.refused):
                if students is not None:
                    students.update([row[0] for row in rows])
                    if len(students) > MOST_SCORED_AT_ONCE:
                        raise TooManyToScore(MOST_SCORED_AT_ONCE)
                yield rows
            elif not is_partial and len(reader.errors) == MOST_EXPLAINED:
                break
        if reader.refused and not is_partial:
            raise _refusal(reader)
        if not reader.lines:
            raise InteractionsRefused([FieldRefused("", "must hold at least one response")])

    def _score(self, sessions: SessionFactory, model: ServingModel, students: set[str]) -> Scored:
        """All of them, those without anything new too: a load before may have left them for later."""
        engine = self._inference.engine(model.artifact)
        score_anew(sessions, engine, model, sorted(students))
        with session_scope(sessions) as session:
            if _serving_id(session) == model.id:
                return "done"
            self._doorbell.ring_scoring(session)
        return "deferred"


def _serving_id(session: Session) -> UUID | None:
    return models.read_roles(session).serving_id


def _feed(load: BulkLoad, chunks: Iterable[list[Row]]) -> None:
    """Let one thread send what this one reads."""
    with ThreadPoolExecutor(1, thread_name_prefix="bulk") as thread:
        sending: Future[None] | None = None
        for rows in chunks:
            if sending is not None:
                sending.result()
            sending = thread.submit(_send, load, rows)
        if sending is not None:
            sending.result()


def _send(load: BulkLoad, rows: list[Row]) -> None:
    student_ids, event_ids, skills, items, correct, occurred_at = zip(*rows, strict=True)
    load.add(
        student_ids=list(student_ids),
        event_ids=list(event_ids),
        skills=list(skills),
        items=list(items),
        correct=list(correct),
        occurred_at=list(occurred_at),
    )


def _refusal(reader: LineReader) -> InteractionsRefused:
    errors = [error for some in reader.errors.values() for error in some]
    if reader.is_about_skills:
        return SkillsUnknown(errors, vocabulary_size=reader.n_known)
    return InteractionsRefused(errors)


def _statuses(reader: LineReader, is_new: Sequence[bool]) -> Iterator[dict[str, Any]]:
    """What became of each item, in the order sent; `is_new` of those that were not refused."""
    refused, remaining = set(reader.refused), iter(is_new)
    for place, line in enumerate(reader.lines):
        if place in refused:
            errors = reader.errors.get(place)
            told = {} if errors is None else {"errors": tell_errors(errors)}
            yield {"line": line, "status": "refused", **told}
        else:
            yield {"line": line, "status": "accepted" if next(remaining) else "duplicate"}
