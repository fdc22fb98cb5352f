"""What can go wrong with stored things, named for what happened.

DatabaseRefusal
├── NotFound
│   ├── DatasetNotFound, ExperimentNotFound, CrossValidationNotFound, SweepNotFound
│   ├── ModelNotFound, CohortNotFound, ArtifactNotFound, KeyNotFound,
│   │   ErasureNotFound
│   └── StudentNotFound
│       └── NoResponsesHere
├── StudentsNotFound
├── IllegalMove
│   └── StillActive
├── DuplicateDataset, DuplicateIdempotencyKey
├── DatasetInUse, ModelInUse
├── StudentsBusy
├── LeaseLost
├── BackupRefused
├── BadCursor, BadArtifactKey

RuntimeError, for no caller can help it
├── TenantMissing, TenantsMixed
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar
from uuid import UUID


class TenantMissing(RuntimeError):
    """Rows were asked for without saying whose."""


class TenantsMixed(RuntimeError):
    """A statement that could reach rows of several tenants, in a session of one."""


class DatabaseRefusal(Exception):
    """Base of every refusal of this room."""


class NotFound(DatabaseRefusal):
    """Nothing is stored under that identifier."""

    kind: ClassVar[str] = "thing"

    def __init__(self, identifier: UUID | str) -> None:
        self.identifier = str(identifier)
        super().__init__(f"{self.kind} {self.identifier!r} does not exist")


class DatasetNotFound(NotFound):
    kind = "dataset"


class ExperimentNotFound(NotFound):
    kind = "experiment"


class CrossValidationNotFound(NotFound):
    kind = "cross-validation"


class SweepNotFound(NotFound):
    kind = "sweep"


class ModelNotFound(NotFound):
    kind = "model"


class StudentNotFound(NotFound):
    kind = "student"


class NoResponsesHere(StudentNotFound):
    """A student without a row of their own, which says nothing about datasets."""

    def __init__(self, student_id: str) -> None:
        super().__init__(student_id)
        self.args = (
            f"student {student_id!r} has no responses here; datasets may hold them, and POST /erasures "
            "erases them there",
        )


class CohortNotFound(NotFound):
    kind = "cohort"


class ArtifactNotFound(NotFound):
    kind = "artifact"


class KeyNotFound(NotFound):
    kind = "key"


class ErasureNotFound(NotFound):
    kind = "erasure"


class StudentsNotFound(DatabaseRefusal):
    """Some of the students named were never seen."""

    N_NAMED: ClassVar[int] = 10

    def __init__(self, student_ids: Sequence[str]) -> None:
        self.student_ids = list(student_ids)
        n_unknown = len(self.student_ids)
        named = ", ".join(repr(student_id) for student_id in self.student_ids[: self.N_NAMED])
        more = f" and {n_unknown - self.N_NAMED} more" if n_unknown > self.N_NAMED else ""
        super().__init__(f"{n_unknown} student(s) do not exist: {named}{more}; leave them out")


class IllegalMove(DatabaseRefusal):
    """The lifecycle does not allow this change of status."""

    def __init__(
        self, *, kind: str, identifier: UUID | str, status: str, target: str, remedy: str = ""
    ) -> None:
        self.kind = kind
        self.identifier = str(identifier)
        self.status = status
        self.target = target
        message = f"{kind} {self.identifier!r} is {status} and can't become {target}"
        super().__init__(f"{message}; {remedy}" if remedy else message)


class StillActive(IllegalMove):
    """An experiment that is queued or running can't be deleted."""

    def __init__(self, identifier: UUID | str, *, status: str) -> None:
        super().__init__(
            kind="experiment",
            identifier=identifier,
            status=status,
            target="deleted",
            remedy="cancel it first",
        )


class DuplicateDataset(DatabaseRefusal):
    """The same content is stored already."""

    def __init__(self, *, content_hash: str, dataset_id: UUID) -> None:
        self.content_hash = content_hash
        self.dataset_id = dataset_id
        super().__init__(
            f"content {content_hash[:16]} is stored already as dataset '{dataset_id}'; use that one"
        )


class DuplicateIdempotencyKey(DatabaseRefusal):
    """Another request was submitted under this key."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"idempotency key {key!r} belongs to another request; read what it queued or send a new key"
        )


class DatasetInUse(DatabaseRefusal):
    """Experiments were trained on this dataset."""

    def __init__(self, dataset_id: UUID, *, n_experiments: int) -> None:
        self.dataset_id = dataset_id
        self.n_experiments = n_experiments
        super().__init__(
            f"dataset '{dataset_id}' belongs to {n_experiments} experiment(s); delete them first"
        )


class ModelInUse(DatabaseRefusal):
    """The model serves students, or is about to."""

    def __init__(self, model_id: UUID, *, status: str) -> None:
        self.model_id = model_id
        self.status = status
        super().__init__(f"model '{model_id}' is {status}; promote another model first")


class StudentsBusy(DatabaseRefusal):
    """Other transactions are writing to these students."""

    def __init__(self, student_ids: Iterable[str]) -> None:
        self.student_ids = set(student_ids)
        super().__init__("responses of the same students are being stored; try again in a few seconds")


class LeaseLost(DatabaseRefusal):
    """The row is leased to somebody else, or is no longer being worked on: stop without writing."""

    def __init__(self, identifier: UUID | str, *, owner: str) -> None:
        self.identifier = str(identifier)
        self.owner = owner
        super().__init__(f"{owner!r} no longer holds the lease on {self.identifier!r}")


class BackupRefused(DatabaseRefusal):
    """A backup can't be made, or can't be restored here: the text says why, and what to do."""


class BadCursor(DatabaseRefusal):
    """The cursor was not made by this listing."""

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        super().__init__(f"cursor {cursor!r} is not one of this listing; start without a cursor")


class BadArtifactKey(DatabaseRefusal):
    """Keys are relative paths of plain names."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"artifact key {key!r} must be a relative path of plain names, like 'datasets/1.arrow'"
        )
