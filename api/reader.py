"""Reading mastery, the hot path: requests that arrive together share one statement.

Nothing here knows torch: states were computed when the responses came in.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from api.entity_tags import entity_tag, is_known
from api.formats.json import write_json
from api.formats.mastery import LEVELS_READ, nobody, present_ability, present_skills
from api.inference import StudentKey, key_of
from api.services.refusals import NoServingModel, SkillUnknown
from api.serving import ServingModel, ServingModels
from api.student_cache import StudentCache
from db.engine import SessionFactory, read_scope
from db.errors import StudentNotFound
from db.repositories.models import Serving
from db.repositories.readings import Asked, Readings, Served
from db.repositories.states import Head, State
from db.tenancy import EVERY_TENANT

LAYOUT = 1  # of the body; another one is another content, so it enters the tag
MOST_AT_ONCE = 128  # questions in one batch
MOST_WITHOUT_THREAD = 300  # skills whose content is written on the event loop: some 1.5 µs each


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, and what the caller has."""

    tenant_pk: int
    student_id: str
    skills: tuple[str, ...] = ()  # all when none is named
    if_none_match: tuple[str, ...] = ()  # values of the header

    @property
    def asked(self) -> Asked:
        return Asked(self.tenant_pk, self.student_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """The content's strong tag, and the content unless the caller has it."""

    tag: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Content that the caller does not have, nor the cache."""

    question: Question
    head: Head
    model: ServingModel
    positions: tuple[int, ...] | None  # of the skills asked for; all when None


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A skill that was asked for, and the model does not know."""

    skill: str
    model: ServingModel


@dataclass(frozen=True, slots=True)
class _Found:
    """What that content is made of."""

    wanted: _Wanted
    state: State | None


_Reply = Answer | _Found | _Unknown


class MasteryReader:
    """Collects the questions that come while a batch is being answered, and answers them as the next one."""

    def __init__(self, sessions: SessionFactory, serving: ServingModels, *, cache_bytes: int) -> None:
        self._sessions = sessions
        self._serving = serving
        self._readings = Readings(sessions)
        self._bodies: StudentCache[bytes] = StudentCache(limit_bytes=cache_bytes)
        self._waiting: list[tuple[Question, asyncio.Future[_Reply]]] = []
        self._batches: asyncio.Task[None] | None = None

    async def read(self, question: Question) -> Answer:
        """Raises StudentNotFound, NoServingModel, SkillUnknown."""
        future: asyncio.Future[_Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._batches is None:
            self._batches = asyncio.create_task(self._answer_waiting())
        reply = await future
        if isinstance(reply, Answer):
            return reply
        if isinstance(reply, _Unknown):  # looking for the nearest names takes a while
            raise await asyncio.to_thread(SkillUnknown, reply.skill, known=reply.model.names)
        if _count_skills(reply.wanted) <= MOST_WITHOUT_THREAD:
            return self._write(reply)
        return await asyncio.to_thread(self._write, reply)

    @property
    def kept_bytes(self) -> int:
        """What is kept of written content."""
        return self._bodies.n_bytes

    def forget(self, student: StudentKey) -> None:
        """Keep no content of a student who was erased."""
        self._bodies.forget(student)

    def close(self) -> None:
        """Answer nothing more."""
        self._readings.close()

    async def _answer_waiting(self) -> None:
        """One batch at a time: while the database works on it, the next one grows."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                try:
                    answers: Sequence[_Reply | Exception] = await self._look_up(
                        [question for question, _ in batch]
                    )
                except Exception as error:
                    answers = [error] * len(batch)
                for (_, future), answer in zip(batch, answers, strict=True):
                    _settle(future, answer)
        finally:
            self._batches = None

    async def _look_up(self, questions: Sequence[Question]) -> list[_Reply | Exception]:
        served = await self._readings.read_served({question.asked for question in questions})
        found = {one.serving for one in served.values() if one.serving is not None}
        models = {serving: await self._describe(serving) for serving in found}
        looked = [self._look(question, served.get(question.asked), models) for question in questions]
        scored = {
            one.head.pk: one.model.id
            for one in looked
            if isinstance(one, _Wanted) and one.head.n_included is not None
        }
        states = await self._readings.read_states(scored) if scored else {}
        return [_Found(one, states.get(one.head.pk)) if isinstance(one, _Wanted) else one for one in looked]

    async def _describe(self, serving: Serving) -> ServingModel:
        described = self._serving.find(serving)
        return await asyncio.to_thread(self._describe_anew, serving) if described is None else described

    def _describe_anew(self, serving: Serving) -> ServingModel:
        with read_scope(self._sessions, tenant=EVERY_TENANT) as session:
            return self._serving.describe(session, serving)

    def _look(
        self, question: Question, served: Served | None, models: Mapping[Serving, ServingModel]
    ) -> Answer | _Wanted | _Unknown | Exception:
        if served is None:
            return StudentNotFound(question.student_id)
        if served.serving is None:
            return NoServingModel()
        head, model = served.head, models[served.serving]
        positions = None
        if question.skills:
            unknown = [name for name in question.skills if name not in model.position]
            if unknown:
                return _Unknown(unknown[0], model)
            positions = tuple([model.position[name] for name in dict.fromkeys(question.skills)])
        tag = _tag(head, model, positions)
        if is_known(tag, question.if_none_match):
            return Answer(tag, None)
        body = self._bodies.find(_key(head), hash(positions), version=tag)
        return _Wanted(question, head, model, positions) if body is None else Answer(tag, body)

    def _write(self, found: _Found) -> Answer:
        wanted, state = found.wanted, found.state
        head, model, positions = wanted.head, wanted.model, wanted.positions
        if state is None and head.n_included is not None:
            raise StudentNotFound(head.student_id)  # erased between the two statements
        if state is not None and state.n_interactions != head.n_included:
            head = _overtaken(head, state)
        tag = _tag(head, model, positions)
        body = write_mastery(head, state, model, positions)
        # A thousand names would take more room than the body; the tag tells apart what shares a hash.
        self._bodies.keep(_key(head), hash(positions), version=tag, made=body, n_bytes=len(body))
        return Answer(tag, body)


def _settle(future: "asyncio.Future[_Reply]", answer: _Reply | Exception) -> None:
    if future.done():  # nobody waits any more
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def write_mastery(
    head: Head, state: State | None, model: ServingModel, positions: Sequence[int] | None
) -> bytes:
    """A MasteryRead; of a student who was never scored what the model says of anybody."""
    told = state or nobody(model, as_of=head.created_at)
    return write_json(
        {
            "student_id": head.student_id,
            **present_ability(told, model, n_interactions=head.n_interactions),
            "levels": LEVELS_READ,
            "skills": present_skills(told, model, positions),
        }
    )


def _overtaken(head: Head, state: State) -> Head:
    """The head as it was when a state that is newer was read."""
    known = max(head.n_interactions, state.n_interactions)
    return replace(head, n_included=state.n_interactions, n_interactions=known)


def _count_skills(wanted: _Wanted) -> int:
    return len(wanted.model.names if wanted.positions is None else wanted.positions)


def _key(head: Head) -> StudentKey:
    return key_of(head.pk, head.created_at)


def _tag(head: Head, model: ServingModel, positions: tuple[int, ...] | None) -> str:
    """Of the content that is told. A primary key may be given again when its student was erased, so it comes
    with the time of creation; under one model no other state has seen as many responses.
    """
    student = f"{head.pk} {head.created_at.timestamp()} {head.n_included} {head.n_interactions}"
    return entity_tag(f"{LAYOUT} {model.id.int} {model.reference.promoted_at} {student} {positions}")
