"""What a service refuses, named for what happened. None of them knows HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from api.services.spelling import nearest_names


@dataclass(frozen=True, slots=True)
class FieldRefused:
    """One value of a request's body that cannot be accepted, and why."""

    pointer: str
    """JSON pointer (RFC 6901) into the body, or into its line."""
    detail: str
    line: int | None = None
    """Line of a body of lines, counted from 1."""


class ExperimentRefused(Exception):
    """The experiment cannot be run as described: preset, settings, dataset or fold."""

    def __init__(self, errors: Sequence[FieldRefused]) -> None:
        self.errors = list(errors)
        super().__init__(f"{self.errors[0].pointer}: {self.errors[0].detail}")


class SweepRefused(ExperimentRefused):
    """The sweep cannot be run as described: its space, its objective, or what its trials share."""


class PointsRefused(Exception):
    """There is no such figure to draw a front of."""

    def __init__(self, parameter: str, detail: str) -> None:
        self.parameter = parameter
        self.detail = detail
        super().__init__(f"{parameter}: {detail}")


class KindsMixed(Exception):
    """An experiment can't be held against a cross-validation."""

    def __init__(self, identifier: UUID, *, kind: str, baseline: str) -> None:
        self.parameter = "candidate"
        self.detail = (
            f"{identifier} is {kind} and the baseline {baseline}; compare experiments with experiments, "
            "cross-validations with cross-validations"
        )
        super().__init__(f"{self.parameter}: {self.detail}")


class DatasetsDiffer(Exception):
    """Figures of different data say nothing about which experiment is better."""

    def __init__(self, identifier: UUID, *, dataset: str, baseline: str) -> None:
        super().__init__(
            f"candidate {identifier} is about the dataset {dataset} and the baseline about {baseline}: their "
            "figures are not of the same students; compare experiments over one dataset, or train the "
            "candidate's configuration on the baseline's dataset"
        )


class IdempotencyKeyReused(Exception):
    """The Idempotency-Key was used before, with another body."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key {key!r} belongs to another request; send a new key for a new request"
        )


class ExperimentsUnfinished(Exception):
    """Only an experiment that succeeded has a model, predictions and final metrics."""

    def __init__(self, unfinished: Sequence[tuple[UUID, str]]) -> None:
        self.unfinished = list(unfinished)
        named = ", ".join(f"{experiment_id} is {status}" for experiment_id, status in self.unfinished)
        remedy = "only one that succeeded has figures: wait while it runs, retry it when it failed"
        super().__init__(f"{named}; {remedy}")


class ReportMissing(Exception):
    """The experiment has no report: it could not be made, or the experiment is older than reports are."""

    def __init__(self, experiment_id: UUID) -> None:
        super().__init__(
            f"experiment {experiment_id} has no report; train it again with the same settings to get one"
        )


class NoServingModel(Exception):
    """No model answers for students yet."""

    def __init__(self) -> None:
        super().__init__("no model is serving; promote one with POST /models/{model_id}/promote")


class ModelWithoutAbility(Exception):
    """The model predicts, but can't say what a student can do."""

    def __init__(self, model_id: UUID) -> None:
        super().__init__(
            f"model {model_id} knows no ability (model.type 'dkt' only predicts), so it can't answer for "
            "students; promote an ikt model or a reference"
        )


class CohortTooSmall(Exception):
    """The filter leaves so few students, or so few others, that means would show single ones."""

    def __init__(self, minimum: int, *, are_others: bool = False) -> None:
        self.minimum = minimum
        which = (
            f"the filter leaves out fewer than {minimum} students, whom the difference to the mean over all"
            if are_others
            else f"the filter leaves fewer than {minimum} students whom the model has scored, whom a mean"
        )
        super().__init__(f"{which} would show one by one; change the filter, or read students one by one")


class PagesRefused(Exception):
    """What was asked for comes whole, not in pages."""

    def __init__(self, parameter: str, *, instead: str) -> None:
        self.parameter = parameter
        self.detail = f"can't be given with {instead}, which leaves no pages; leave it out"
        super().__init__(f"{self.parameter}: {self.detail}")


class UploadTooLarge(Exception):
    """More bytes than the service takes in one request."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the content is longer than {limit} bytes; split it or raise the service's limit")


class TooManyValues(Exception):
    """More values than one JSON document may hold."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the document holds more than {limit} values; send them in several requests")


class BodyCompressed(Exception):
    """The body is compressed, and what it would unpack to has no bound."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        super().__init__(
            f"Content-Encoding {encoding[:80]!r} is not supported; send the body unpacked, without the header"
        )


class StudentsErasedMeanwhile(Exception):
    """Students were erased while the file was under way, and it may hold them."""

    def __init__(self) -> None:
        super().__init__(
            "students were erased while the file was under way; make sure that it holds none of them, and "
            "send it again"
        )


class UploadUnsupported(Exception):
    """The content type is none that the operation reads."""

    def __init__(self, content_type: str, *, supported: Sequence[str]) -> None:
        given = f"Content-Type {content_type[:80]!r}" if content_type else "a request without Content-Type"
        super().__init__(f"{given} is not supported; send {' or '.join(supported)}")


class UploadMalformed(Exception):
    """The multipart body breaks off or is not multipart at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the multipart body cannot be read: {reason}")


class UploadRefused(Exception):
    """The form's parts are readable but wrong: no file, or a field with a bad value."""

    def __init__(self, errors: Sequence[FieldRefused]) -> None:
        self.errors = list(errors)
        super().__init__(f"{self.errors[0].pointer}: {self.errors[0].detail}")


class NotAcceptable(Exception):
    """None of the media types in Accept can be written."""

    def __init__(self, offered: Sequence[str]) -> None:
        self.offered = list(offered)
        super().__init__(f"Accept names no media type that this resource has; ask for {' or '.join(offered)}")


class EvaluationRefused(Exception):
    """The model cannot be measured on these responses."""


class SkillUnknown(Exception):
    """The serving model never saw that skill."""

    def __init__(self, skill: str, *, known: Sequence[str]) -> None:
        self.skill = skill
        self.vocabulary_size = len(known)
        self.nearest = nearest_names(skill, known)
        super().__init__(describe_unknown_skill(skill, n_known=len(known), nearest=self.nearest))


class InteractionsRefused(Exception):
    """Responses that can't be stored as they are; none of the request was."""

    def __init__(self, errors: Sequence[FieldRefused]) -> None:
        self.errors = list(errors)
        super().__init__(describe_first(self.errors))


class SkillsUnknown(InteractionsRefused):
    """Responses on skills that the serving model never saw; none of the request was stored."""

    def __init__(self, errors: Sequence[FieldRefused], *, vocabulary_size: int) -> None:
        self.vocabulary_size = vocabulary_size
        super().__init__(errors)


class BatchTooLarge(Exception):
    """More responses than the service takes in one request; none of them was stored."""

    def __init__(self, limit: int, *, remedy: str) -> None:
        self.limit = limit
        super().__init__(f"the request has more than {limit} responses; {remedy}")


class BodyTooSlow(Exception):
    """The body comes so slowly that others would wait for it; nothing of it was stored."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"too little of the body came in {seconds:g} s; send it faster, or in smaller requests"
        )


class TooManyAtOnce(Exception):
    """As many as the service takes at one time are under way."""

    what: str

    def __init__(self, limit: int, *, whose: str = "") -> None:
        of = f" of {whose}" if whose else ""
        super().__init__(
            f"{limit} {self.what}{of} are under way, and no more are taken; send it again in a while"
        )


class TooManyLoads(TooManyAtOnce):
    """As many loads as the service takes at one time, in all or of one tenant, are under way; nothing of this
    one was stored."""

    what = "loads"


class TooManyUploads(TooManyAtOnce):
    """As many uploads and evaluations as the service takes at one time, in all or of one tenant, are under
    way; nothing of this one was read."""

    what = "uploads and evaluations"


def describe_unknown_skill(skill: str, *, n_known: int, nearest: Sequence[str]) -> str:
    """What is wrong with the name of a skill, and what may have been meant."""
    meant = f"; the nearest names are {', '.join(map(ascii, nearest))}" if nearest else ""
    return (
        f"skill {skill!a} is unknown to the serving model, which knows {n_known} skills{meant}; "
        "GET /skills lists them"
    )


def describe_first(errors: Sequence[FieldRefused]) -> str:
    """The first of some errors, for those who read no further."""
    first = errors[0]
    line = [] if first.line is None else [f"line {first.line}"]
    where = ", ".join([*line, first.pointer] if first.pointer else line)
    return f"{where or 'the body'}: {first.detail}"


class AccessRefused(Exception):
    """Whoever asks is not let in, or not for this."""


class KeyMissing(AccessRefused):
    """The request came without a key."""

    def __init__(self) -> None:
        super().__init__(
            "send a key as `Authorization: Bearer ikt_…`; `ikt key create` makes one, and the commands take "
            "it from IKT_API_KEY"
        )


class KeyRefused(AccessRefused):
    """The key is not one of this service, was revoked, or has expired."""

    def __init__(
        self,
        reason: str = "is not one of this service",
        *,
        kind: Literal["unknown", "revoked", "expired", "misplaced"] = "unknown",
    ) -> None:
        self.kind = kind
        super().__init__(f"the key {reason}; ask for another, `ikt key create` makes one")


class KeyMisplaced(KeyRefused):
    """A key may have come, but without the word `Bearer` before it."""

    def __init__(self) -> None:
        super().__init__(kind="misplaced")
        self.args = ("no key could be read; write `Authorization: Bearer <key>`, with that word before it",)


class ScopeMissing(AccessRefused):
    """The key does not allow this."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"the key lacks the scope {scope!r}; use one that has it")


class ForeignPage(AccessRefused):
    """The request was made by a page of another site, in a browser that may use the service."""

    def __init__(self) -> None:
        super().__init__("a page of another site made this request; only the service's own pages may write")


class KeysNeeded(AccessRefused):
    """The service runs without keys, and answers nobody but this machine."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}, and the service runs without keys, for this machine alone; start it with IKT_KEYS=on"
        )


class TooManyRequests(AccessRefused):
    """The key's limit, or that of an address without a valid key, is reached."""

    def __init__(self, limit: int, *, retry_after_seconds: int, whose: str) -> None:
        self.limit = limit
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"{whose} may make {limit} requests per minute; try again in {retry_after_seconds} s"
        )
