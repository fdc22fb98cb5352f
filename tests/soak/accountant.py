"""Compares what clients were told with what is stored: anything that differs is a broken promise."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from tests.soak.claims import Claims
from tests.soak.journal import Record
from tests.soak.stored import Stored, StoredEvent, StoredJob, StoredStudent
from tests.soak.students import Event

Kind = Literal["lost", "doubled", "stuck", "wrong", "5xx", "unexplained", "untold", "died"]
KINDS: tuple[Kind, ...] = ("lost", "doubled", "stuck", "wrong", "5xx", "unexplained", "untold", "died")

GRACE_SECONDS = 2.0  # after a fault: connections that were taken before may break off in it
SERVER_ERROR = 500
ANNOUNCED = 503


class Finding(NamedTuple):
    """One broken promise."""

    kind: Kind
    detail: str


def compare(claims: Claims, stored: Stored, *, n_clients: int) -> list[Finding]:
    """Every promise that was broken."""
    return [
        *_check_students(claims, stored),
        *_check_experiments(claims, stored),
        *_check_models(stored),
        *_check_datasets(claims, stored),
        *_check_answers(claims),
        *(Finding("wrong", f"{one['promise']}: {one['detail']}") for one in claims.broken),
        *(Finding("died", f"{one['part']} ended by itself: {one['logged']}") for one in claims.died),
        *(Finding("untold", one["request"]) for one in claims.never_told),
        *(Finding("untold", "a client did not come to its end") for _ in range(n_clients - claims.n_done)),
    ]


def _check_students(claims: Claims, stored: Stored) -> Iterator[Finding]:
    for name, events in claims.events.items():
        student = stored.students.get(name)
        if student is None:
            yield Finding("lost", f"student {name} with {len(events)} responses")
        else:
            yield from _check_student(name, events, student)
    for name in stored.students.keys() - claims.events.keys():
        if name in claims.erased:
            yield Finding("wrong", f"student {name} is there, who was erased")
        else:
            yield Finding("doubled", f"student {name}, whom nobody was told of")
    if stored.n_orphans:
        yield Finding("doubled", f"{stored.n_orphans} responses or states of students who are gone")


def _check_student(name: str, events: dict[str, Event], student: StoredStudent) -> Iterator[Finding]:
    for event_id, event in events.items():
        kept = student.events.get(event_id)
        if kept is None:
            yield Finding("lost", f"{event_id} of {name}")
        elif not _is_same(event, kept):
            yield Finding("wrong", f"{event_id} of {name}: sent {event}, stored {kept}")
    for event_id in student.events.keys() - events.keys():
        yield Finding("doubled", f"{event_id} of {name}, which nobody was told of")
    n = len(student.events)
    if student.n_interactions != n:
        yield Finding("doubled", f"{name}: {student.n_interactions} counted, {n} stored")
    if sorted(one.arrival for one in student.events.values()) != list(range(n)):
        yield Finding("doubled", f"{name}: two responses with one arrival")
    if student.is_due:
        yield Finding("stuck", f"{name} waits to be scored")
    if student.n_included != n:
        yield Finding("stuck", f"{name}: {student.n_included} responses in the state, {n} stored")


def _is_same(event: Event, kept: StoredEvent) -> bool:
    sent = (event["skills"], event["correct"], datetime.fromisoformat(event["timestamp"]))
    return sent == (kept.skills, kept.correct, kept.occurred_at)


def _check_experiments(claims: Claims, stored: Stored) -> Iterator[Finding]:
    ids = Counter(job.key for job in stored.experiments)
    by_id = {job.id: job for job in stored.experiments}
    for key, experiment_id in claims.experiments.items():
        if experiment_id not in by_id:
            yield Finding("lost", f"experiment {experiment_id} of key {key}")
        if ids[key] > 1:
            yield Finding("doubled", f"{ids[key]} experiments of key {key}")
    for job in stored.experiments:
        if job.id not in claims.experiments.values():
            yield Finding("doubled", f"experiment {job.id} of key {job.key}, which nobody was told of")
        yield from _check_job(job, is_cancelled=job.id in claims.cancelled)


def _check_job(job: StoredJob, *, is_cancelled: bool) -> Iterator[Finding]:
    if job.status in ("queued", "running") or job.is_leased:
        yield Finding("stuck", f"experiment {job.id}: {job.status}, leased: {job.is_leased}")
    elif job.status == "failed" or (job.status == "cancelled" and not is_cancelled):
        yield Finding("wrong", f"experiment {job.id} ended as {job.status}: {job.error}")
    elif job.status == "succeeded" and (job.n_epochs, job.n_models) != (job.epochs, 1):
        detail = f"{job.n_epochs} of {job.epochs} epochs, {job.n_models} models"
        yield Finding("wrong", f"experiment {job.id} succeeded with {detail}")


def _check_models(stored: Stored) -> Iterator[Finding]:
    for model in stored.models:
        if model.status == "promoting" or model.is_leased:
            yield Finding("stuck", f"model {model.id}: {model.status}, leased: {model.is_leased}")
        if model.error:
            yield Finding("wrong", f"promotion of {model.id}: {model.error}")
    n_serving = sum(model.status == "serving" for model in stored.models)
    if n_serving != 1:
        yield Finding("wrong", f"{n_serving} models serve")


def _check_datasets(claims: Claims, stored: Stored) -> Iterator[Finding]:
    for dataset_id, told in claims.datasets.items():
        kept = stored.datasets.get(dataset_id)
        if kept is None:
            yield Finding("lost", f"dataset {told['name']}")
        elif kept != (told["name"], told["n_responses"]):
            yield Finding("wrong", f"dataset {dataset_id}: told {told}, stored {kept}")
    for dataset_id in stored.datasets.keys() - claims.datasets.keys():
        yield Finding("doubled", f"dataset {dataset_id}, which nobody was told of")


def _check_answers(claims: Claims) -> Iterator[Finding]:
    for answer in claims.answers:
        where = f"{answer['kind']} at API {answer['api']}"
        if answer["error"] is not None and not _is_explained(answer, claims.faults):
            yield Finding("unexplained", f"{where}: {answer['error']} after {answer['seconds']:.1f} s")
        elif (answer["status"] or 0) >= SERVER_ERROR and not _is_announced(answer):
            yield Finding("5xx", f"{where}: {answer['status']} {answer['problem']}")


def _is_announced(answer: Record) -> bool:
    return answer["status"] == ANNOUNCED and bool(answer["problem"]) and answer["retry_after"] is not None


def _is_explained(answer: Record, faults: list[Record]) -> bool:
    """Whether that very process was down or paused meanwhile.

    One that wakes up finds connections idle for too long, and may close them before it reads what has come.
    """
    began, ended = answer["began"], answer["began"] + answer["seconds"]
    return any(
        fault["target"] == f"api {answer['api']}"
        and fault["began"] <= ended
        and began <= fault["ended"] + GRACE_SECONDS
        for fault in faults
    )
