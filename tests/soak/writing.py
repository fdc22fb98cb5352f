"""What a client writes about students: responses by every door, sent again now and then, and erasures."""

import json
import random
from collections.abc import Mapping
from uuid import uuid4

from tests.soak.caller import Caller, Told
from tests.soak.journal import Journal
from tests.soak.students import Event, Known, Roll

LINES = {"Content-Type": "application/x-ndjson"}
BULK_STUDENTS = 12


class Writer:
    """Sends responses, and writes down which of them were said to be stored."""

    def __init__(self, caller: Caller, journal: Journal, roll: Roll, rng: random.Random) -> None:
        self._caller = caller
        self._journal = journal
        self._roll = roll
        self._rng = rng

    def single(self) -> None:
        self._record("single", self._roll.anybody(), self._roll.responses(1))

    def batch(self) -> None:
        self._record("batch", self._roll.anybody(), self._roll.responses(self._rng.randint(2, 12)))

    def late(self) -> None:
        events = self._roll.responses(self._rng.randint(1, 3), is_late=True)
        self._record("late", self._roll.anybody(), events)

    def again(self) -> None:
        """Responses that are known already: they must change nothing."""
        student = self._roll.somebody_known()
        if student is not None:
            events = self._rng.sample(student.events, min(5, len(student.events)))
            told = self._post("again", student, events)
            if self._caller.expect(told, (200,)):
                self._compare("again", told, n_new=0, n_known=len(events))

    def bulk(self) -> None:
        """Many students in one body of lines, or in a short list; scored later, or before the answer."""
        students = {one.name: one for one in self._roll.several_own(BULK_STUDENTS)}
        events = {name: self._roll.responses(self._rng.randint(1, 8)) for name in students}
        lines = [{"student_id": name, **event} for name, some in events.items() for event in some]
        scoring = self._rng.choice(("deferred", "deferred", "immediate"))
        content = "\n".join(map(json.dumps, lines)).encode()
        told = self._caller.send(
            "bulk", "POST", "/interactions", params={"scoring": scoring}, content=content, headers=LINES
        )
        if self._caller.expect(told, (200,)):
            self._keep("bulk", events, told)
            for name, some in events.items():
                students[name].events += some

    def erase(self) -> None:
        """A student with all that is known; a new one comes in their place."""
        student = self._roll.somebody_own()
        if student is None:
            return
        told = self._caller.send("erase", "DELETE", f"/students/{student.name}")
        if self._caller.expect(told, (204, 404) if told.is_unclear else (204,)):
            self._journal.note("erased", student=student.name)
            self._roll.replace(student)
            self._caller.ask("student", f"/students/{student.name}", expected=(404,))

    def upload(self) -> None:
        """A small dataset that nobody has uploaded before."""
        name = f"upload-{uuid4().hex}"
        rows = [f"{name}-{student},add,{self._rng.randint(0, 1)}" for student in range(20) for _ in range(4)]
        file = {"file": (f"{name}.csv", "\n".join(("student_id,skill,correct", *rows, "")).encode())}
        told = self._caller.send("upload", "POST", "/datasets", files=file, data={"name": name})
        if self._caller.expect(told, (200, 201) if told.is_unclear else (201,)):
            dataset = told.json()
            self._journal.note("dataset", id=dataset["id"], name=name, n_responses=dataset["n_responses"])
            if dataset["n_responses"] != len(rows):
                self._caller.complain("counts of a dataset", f"{dataset['n_responses']} of {len(rows)} rows")

    def _record(self, kind: str, student: Known, events: list[Event]) -> None:
        told = self._post(kind, student, events)
        if self._caller.expect(told, (200,)):
            self._keep(kind, {student.name: events}, told)
            student.events += events

    def _post(self, kind: str, student: Known, events: list[Event]) -> Told:
        body = events[0] if kind == "single" else events
        return self._caller.send(kind, "POST", f"/students/{student.name}/interactions", json=body)

    def _keep(self, kind: str, events: Mapping[str, list[Event]], told: Told) -> None:
        """What was said to be stored; without an attempt of unknown fate all of it must be new."""
        counts = told.json()
        n_sent = sum(map(len, events.values()))
        self._journal.note("responses", door=kind, events=events)
        if told.is_unclear and counts["duplicates"]:
            self._compare(kind, told, n_new=0, n_known=n_sent)
        else:
            self._compare(kind, told, n_new=n_sent, n_known=0)

    def _compare(self, kind: str, told: Told, *, n_new: int, n_known: int) -> None:
        counts = told.json()
        said = (counts["accepted"], counts["duplicates"], counts["refused"])
        if said != (n_new, n_known, 0):
            detail = f"{kind}: accepted, duplicates, refused are {said}, not {(n_new, n_known, 0)}"
            self._caller.complain("counts of responses", detail)
