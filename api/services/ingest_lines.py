"""Responses of many students, line by line: rows for the database, and what is wrong with the other lines.

A line that is plainly right takes about two microseconds. Every other one is looked at with the care, and
refused in the words, of the shape that documents it; whether a line is accepted does not depend on the way.
"""

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from pydantic import ValidationError

from api.schemas.interactions import (
    LONGEST_ID,
    MOST_AHEAD,
    MOST_SKILLS_OF_ITEM,
    RFC3339,
    InteractionLine,
)
from api.services.ingest_items import MOST_EXPLAINED, explain
from api.services.refusals import FieldRefused, describe_unknown_skill
from api.services.spelling import nearest_names
from db.base import new_id, to_microseconds
from ikt_model.data.columns import LONGEST_NAME

MOST_NAMES_KEPT = 100_000  # of skills, while no model says which there are

_Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
_Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An InteractionLine, as far as types and lengths can tell."""

    student_id: _Id
    correct: bool | Annotated[int, Meta(ge=0, le=1)]
    event_id: _Id | None = None
    skill: _Name | None = None
    skills: Annotated[list[_Name], Meta(min_length=1, max_length=MOST_SKILLS_OF_ITEM)] | None = None
    item: _Name | None = None
    timestamp: str | None = None


Row = tuple[str, str, str, str | None, bool, int]
"""A response that can be stored, in the order of the columns of a bulk load: student, event, skills as a JSON
list, item, correct, and µs since 1970."""


class LineReader:
    """Reads one line after the other; `known` are the skills there are, if a model says so.

    Lines are counted from 1 and named in what is refused; items of a list (`is_list`) are pointed at instead.
    """

    def __init__(
        self, *, known: Sequence[str] | None, now: datetime, most_explained: int, is_list: bool = False
    ) -> None:
        self.lines = array("I")  # of each item: lines of white space are none
        self.refused: list[int] = []  # places of the items that can't be stored
        self.errors: dict[int, list[FieldRefused]] = {}  # of the first `most_explained` of them, by place
        self.is_about_skills = True  # whether nothing was refused for anything else
        self._names = known or ()
        self._vocabulary = None if known is None else frozenset(known)
        self._n_lines = 0
        self._most_explained = most_explained
        self._is_list = is_list
        self._now = to_microseconds(now)
        self._latest = to_microseconds(now + MOST_AHEAD)
        self._decode = msgspec.json.Decoder(_Plain).decode
        self._texts = {name: _json_list([name]) for name in known or () if _is_plain(name)}
        self._explained: dict[str, str] = {}

    @property
    def n_known(self) -> int:
        """Skills that the model knows; 0 without one."""
        return len(self._names)

    def read(self, lines: Iterable[bytes]) -> list[Row]:
        """What of the next lines can be stored."""
        rows = []
        for line in lines:
            self._n_lines += 1
            if line and not line.isspace():
                self.lines.append(self._n_lines)
                row = self._read_plainly(line) or self._read_carefully(line)
                if row is not None:
                    rows.append(row)
        return rows

    def _read_plainly(self, line: bytes) -> Row | None:
        """None when the line is wrong, or unusual."""
        try:
            given = self._decode(line)
            at = self._default_time() if given.timestamp is None else _microseconds(given.timestamp)
        except (msgspec.MsgspecError, ValueError):
            return None
        skills = self._texts.get(given.skill or "") if given.skills is None else self._known_list(given)
        event_id, item = given.event_id or str(new_id()), given.item
        if (
            skills is None
            or not 0 < at <= self._latest
            or not given.student_id.isprintable()
            or not _is_plain(event_id)
            or not (item is None or _is_plain(item))
        ):
            return None
        return given.student_id, event_id, skills, item, bool(given.correct), at

    def _known_list(self, given: _Plain) -> str | None:
        names = given.skills or []
        is_right = given.skill is None and all(name in self._texts for name in names)
        return _json_list(names) if is_right else None

    def _default_time(self) -> int:
        # Distinct times keep responses of one request in the order in which they stand in it.
        return self._now + len(self.lines)

    def _read_carefully(self, line: bytes) -> Row | None:
        pointer = f"/{len(self.lines) - 1}" if self._is_list else ""
        try:
            body = json.loads(line.decode())
        except (ValueError, RecursionError) as error:
            self._refuse([FieldRefused(pointer, f"must be one JSON object in UTF-8; {error}")])
            return None
        try:
            checked = InteractionLine.model_validate(body)
        except ValidationError as error:
            self._refuse(explain(body, error, pointer=pointer).errors)
            return None
        if self._vocabulary is not None:
            unknown = [name for name in checked.skill_names if name not in self._vocabulary]
            if unknown:
                where = pointer + ("/skill" if checked.skill is not None else "/skills")
                errors = [FieldRefused(where, self._explain_skill(name)) for name in unknown]
                self._refuse(errors, is_about_skills=True)
                return None
        elif len(self._texts) < MOST_NAMES_KEPT:
            self._texts |= {name: _json_list([name]) for name in checked.skill_names if _is_plain(name)}
        return (
            checked.student_id,
            checked.event_id or str(new_id()),
            _json_list(checked.skill_names),
            checked.item,
            checked.correct,
            self._default_time() if checked.timestamp is None else to_microseconds(checked.timestamp),
        )

    def _refuse(self, errors: Sequence[FieldRefused], *, is_about_skills: bool = False) -> None:
        place = len(self.lines) - 1
        self.refused.append(place)
        self.is_about_skills &= is_about_skills
        if len(self.errors) < self._most_explained:
            line = None if self._is_list else self.lines[place]
            self.errors[place] = [replace(error, line=line) for error in errors]

    def _explain_skill(self, name: str) -> str:
        detail = self._explained.get(name)
        if detail is None:
            is_looked_up = len(self._explained) < MOST_EXPLAINED
            nearest = nearest_names(name, self._names) if is_looked_up else ()
            detail = describe_unknown_skill(name, n_known=self.n_known, nearest=nearest)
            if is_looked_up:
                self._explained[name] = detail
        return detail


def _microseconds(time: str) -> int:
    """Since 1970. Raises ValueError."""
    if not RFC3339.fullmatch(time):
        raise ValueError(time)
    return to_microseconds(datetime.fromisoformat(time))


def _is_plain(text: str) -> bool:
    """Not empty, and without doubt free of control characters and of white space at its ends."""
    return text != "" and text.isprintable() and text == text.strip()


def _json_list(names: Sequence[str]) -> str:
    return msgspec.json.encode(list(dict.fromkeys(names))).decode()
