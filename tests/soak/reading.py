"""What a client reads about students, held against what it knows of them."""

import random

from tests.soak.caller import Caller
from tests.soak.students import Known, Roll


class Reader:
    """Reads students whose responses are known to the client."""

    def __init__(self, caller: Caller, roll: Roll, rng: random.Random, skills: list[str]) -> None:
        self._caller = caller
        self._roll = roll
        self._rng = rng
        self._skills = skills

    def mastery(self) -> None:
        """With the tag of the last answer: what has changed since must not be said to be the same."""
        student = self._roll.somebody_own()
        if student is None:
            return
        headers = {} if student.tag is None else {"If-None-Match": student.tag}
        told = self._caller.ask(
            "mastery", f"/students/{student.name}/mastery", expected=(200, 304), headers=headers
        )
        if told.status == 304:
            self._expect_count("mastery not modified", student, student.n_at_tag)
        elif told.status == 200:
            mastery = told.json()
            self._expect_count("mastery", student, mastery["n_interactions"] + mastery["n_pending"])
            student.tag, student.n_at_tag = told.response.headers["etag"], len(student.events)

    def trajectory(self) -> None:
        student = self._roll.somebody_own()
        if student is not None:
            points = {"points": self._rng.choice((10, 60))} if self._rng.random() < 0.5 else {}
            told = self._caller.ask("trajectory", f"/students/{student.name}/trajectory", params=points)
            if told.status == 200:
                self._expect_count("trajectory", student, told.json()["n_interactions"])

    def history(self) -> None:
        student = self._roll.somebody_own()
        if student is not None:
            told = self._caller.ask("history", f"/students/{student.name}/mastery/history")
            if told.status == 200:
                self._expect_count("history", student, told.json()["n_interactions"])

    def predictions(self) -> None:
        student = self._roll.somebody_own()
        if student is None:
            return
        skills = self._rng.sample(self._skills, 2)
        body = {"skills": skills, "responses": [{"skill": skills[0], "correct": True}]}
        path = f"/students/{student.name}/predictions"
        told = self._caller.send("predictions", "POST", path, json=body)
        if self._caller.expect(told, (200,)):
            self._expect_count("predictions", student, told.json()["n_interactions"])

    def recommendations(self) -> None:
        student = self._roll.somebody_own()
        if student is not None:
            by = {"by": self._rng.choice(("learning", "information"))}
            self._caller.ask("recommendations", f"/students/{student.name}/recommendations", params=by)

    def export(self) -> None:
        """All that is known of a student: every response once."""
        student = self._roll.somebody_own()
        if student is not None:
            told = self._caller.ask("export", f"/students/{student.name}/export")
            if told.status == 200:
                self._expect_count("export", student, len(told.json()["interactions"]))

    def lists(self) -> None:
        self._caller.ask("lists", self._rng.choice(("/students", "/skills", "/datasets", "/models")))

    def _expect_count(self, what: str, student: Known, n: int) -> None:
        if n != len(student.events):
            detail = f"{what} of {student.name}: {n} responses, told {len(student.events)}"
            self._caller.complain("reads that know what was accepted", detail)
