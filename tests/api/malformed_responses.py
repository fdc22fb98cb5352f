"""Responses that must be refused at each of their three doors, and how each of them is."""

import json
from typing import Any

from tests.api.malformed import Bad, as_json, raw

ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
OWN = "/students/ana/interactions"
LATER = "2199-01-01T00:00:00Z"


def interaction(name: str, pointer: str | None, body: Any) -> Bad:
    request = as_json(json.dumps(body))
    return Bad(f"interaction: {name}", 422, "invalid-request", OWN, request=request, pointer=pointer)


def one(**changes: Any) -> dict[str, Any]:
    values = {"skill": "add", "correct": True, **changes}
    return {key: value for key, value in values.items() if value is not ...}


def lines(name: str, content: bytes | str, status: int = 422, slug: str = "invalid-request") -> Bad:
    request = {"content": content, "headers": {"Content-Type": "application/x-ndjson"}}
    return Bad(f"lines: {name}", status, slug, "/interactions", request=request)


def line(name: str, pointer: str, **changes: Any) -> Bad:
    good, bad = one(student_id="ana"), one(**{"student_id": "ana", **changes})
    request = lines("", "\n".join(map(json.dumps, (good, bad, good)))).request
    return Bad(f"line: {name}", 422, "invalid-request", "/interactions", request=request, pointer=pointer)


def statement(name: str, pointer: str | None, body: Any) -> Bad:
    request = as_json(json.dumps(body))
    return Bad(f"xapi: {name}", 422, "invalid-request", "/xapi/statements", request=request, pointer=pointer)


def answered(**changes: Any) -> dict[str, Any]:
    values = {
        "actor": {"account": {"name": "ana"}},
        "verb": {"id": ANSWERED},
        "object": {"id": "urn:x/add"},
        "result": {"success": True},
        **changes,
    }
    return {key: value for key, value in values.items() if value is not ...}


INTERACTIONS = [
    interaction("null", "", None),
    interaction("text", "", "right"),
    interaction("empty list", "", []),
    raw("1001 interactions", 413, "batch-too-large", json.dumps([one()] * 1001), OWN),
    interaction("list in a list", "/0", [[one()]]),
    interaction("no answer", "/correct", one(correct=...)),
    interaction("answer is 2", "/correct", one(correct=2)),
    interaction("answer is 1.0", "/correct", one(correct=1.0)),
    interaction("answer is a word", "/correct", one(correct="true")),
    interaction("answer is null", "/correct", one(correct=None)),
    interaction("second one without answer", "/1/correct", [one(), one(correct=...)]),
    interaction("no skill", "", one(skill=...)),
    interaction("skill and skills", "", one(skills=["add"])),
    interaction("no skills", "/skills", one(skill=..., skills=[])),
    interaction("21 skills", "/skills", one(skill=..., skills=[f"s{n}" for n in range(21)])),
    interaction("skill is empty", "/skill", one(skill="")),
    interaction("skill with NUL", "/skill", one(skill="a\x00b")),
    interaction("skill with half a character", "/skill", one(skill="\ud800")),
    interaction("skill is a number", "/skill", one(skill=57)),
    interaction("second skill ends with a space", "/skills/1", one(skill=..., skills=["add", "a "])),
    interaction("long item", "/item", one(item="x" * 257)),
    interaction("long event id", "/event_id", one(event_id="x" * 129)),
    interaction("event id of two lines", "/event_id", one(event_id="a\nb")),
    interaction("event id with a C1 control", "/event_id", one(event_id="a\x9fb")),
    interaction("unknown field", "/score", one(score=1)),
    interaction("time without offset", "/timestamp", one(timestamp="2026-03-02T12:00:00")),
    interaction("time is a number", "/timestamp", one(timestamp=1_772_452_800)),
    interaction("day that does not exist", "/timestamp", one(timestamp="2026-02-30T12:00:00Z")),
    interaction("time before computers", "/timestamp", one(timestamp="0001-01-01T00:00:00+14:00")),
    interaction("time that stands for never", "/timestamp", one(timestamp="1970-01-01T00:00:00Z")),
    interaction("time in the future", "/timestamp", one(timestamp=LATER)),
    raw("interactions breaking off", 400, "invalid-json", b"[{", OWN),
    raw("student of two lines", 422, "invalid-request", json.dumps(one()), "/students/a%0Ab/interactions"),
    raw("student with NUL", 422, "invalid-request", json.dumps(one()), "/students/a%00b/interactions"),
    raw("student of C1 control", 422, "invalid-request", json.dumps(one()), "/students/%C2%85/interactions"),
    raw("long student", 422, "invalid-request", json.dumps(one()), f"/students/{'x' * 129}/interactions"),
    raw("mastery of some", 422, "invalid-request", json.dumps(one()), f"{OWN}?mastery=some"),
    raw("part is a word", 422, "invalid-request", json.dumps(one()), f"{OWN}?partial=some"),
]  # fmt: skip

SUPPOSED = [
    raw(
        "201 hypothetical responses",
        413,
        "batch-too-large",
        json.dumps({"skills": ["add"], "responses": [one()] * 201}),
        "/students/ana/predictions",
    ),
]

LINES = [
    lines("nothing", b""),
    lines("white space", b"\n \r\n\t\n"),
    lines("no JSON", b"ana,add,1\n"),
    lines("no UTF-8", b'{"student_id": "\xff", "skill": "add", "correct": 1}'),
    lines("UTF-16", json.dumps(one(student_id="ana")).encode("utf-16")),
    lines("two on a line", json.dumps(one(student_id="ana")) * 2),
    lines("one over two lines", json.dumps(one(student_id="ana"), indent=1)),
    lines("nested too deep", b"[" * 100_000),
    lines("a list", json.dumps([one(student_id="ana")])),
    lines("without end", b"x" * 3_000_000),
    line("no student", "/student_id", student_id=...),
    line("student is a number", "/student_id", student_id=5),
    line("student is null", "/student_id", student_id=None),
    line("long student", "/student_id", student_id="x" * 129),
    line("student with half a character", "/student_id", student_id="\udc2f"),
    line("answer is 2", "/correct", correct=2),
    line("skill with NUL", "/skill", skill="a\x00b"),
    line("skill and skills", "", skills=["add"]),
    line("long event id", "/event_id", event_id="x" * 129),
    line("time without offset", "/timestamp", timestamp="2026-03-02T12:00:00"),
    line("time that stands for never", "/timestamp", timestamp="1970-01-01T00:00:00Z"),
    line("time in the future", "/timestamp", timestamp=LATER),
    line("unknown field", "/score", score=1),
    raw("list of lines breaking off", 400, "invalid-json", b"[{", "/interactions"),
    raw("list of lines nested too deep", 400, "invalid-json", b"[" * 200_000, "/interactions"),
    raw("one line alone as JSON", 422, "invalid-request", json.dumps(one(student_id="ana")), "/interactions"),
    raw("a number in place of lines", 422, "invalid-request", b"5", "/interactions"),
    raw("empty list of lines", 422, "invalid-request", b"[]", "/interactions"),
    raw("second of a list", 422, "invalid-request", json.dumps([one(student_id="ana"), 5]), "/interactions"),
    raw("unknown scoring", 422, "invalid-request", b"[]", "/interactions?scoring=never"),
    Bad("lines: of another type", 415, "unsupported-media-type", "/interactions",
        request={"content": b"x", "headers": {"Content-Type": "text/csv"}}),
    Bad("lines: of no type", 415, "unsupported-media-type", "/interactions", request={"content": b"x"}),
]  # fmt: skip

STATEMENTS = [
    statement("null", "", None),
    statement("empty list", "", []),
    statement("a number", "/0", [5]),
    statement("no verb", "/verb/id", answered(verb=...)),
    statement("verb is a number", "/verb/id", answered(verb={"id": 5})),
    statement("actor is a word", "/actor", answered(actor="ana")),
    statement("object is a list", "/object", answered(object=[])),
    statement("account without name", "/actor/account/name", answered(actor={"account": {"homePage": "x"}})),
    statement("account is a number", "/actor/account/name", answered(actor={"account": {"name": 5}})),
    statement("id is no UUID", "/id", answered(id="attempt-17")),
    statement("id is a UUID and more", "/id", answered(id="12345678-1234-5678-8234-567812345678\n")),
    statement("id is a number", "/id", answered(id=5)),
    statement("success is a word", "/result/success", answered(result={"success": "yes"})),
    statement("time that stands for never", "/timestamp", answered(timestamp="1970-01-01T00:00:00Z")),
    statement("time in the future", "/timestamp", answered(timestamp=LATER)),
    statement("object with NUL", "/object/id", answered(object={"id": "urn:x/a\x00"})),
    raw("1001 statements", 413, "batch-too-large", json.dumps([answered()] * 1001), "/xapi/statements"),
    raw("statements nested too deep", 400, "invalid-json", b"[" * 200_000, "/xapi/statements"),
    raw("statement breaking off", 400, "invalid-json", b'{"actor": ', "/xapi/statements"),
    Bad("xapi: unknown version", 422, "invalid-request", "/xapi/statements",
        request={"json": answered(), "headers": {"X-Experience-API-Version": "0.9"}}),
]  # fmt: skip

RESPONSES = [*INTERACTIONS, *LINES, *STATEMENTS, *SUPPOSED]
