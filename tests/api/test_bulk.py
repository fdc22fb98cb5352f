"""Responses of many students in bulk over HTTP: lines and lists, all or none, and what is said of each."""

import json
import socket
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.admission import Places
from api.bodies import LONGEST_LINE_BYTES, split_lines
from api.services.refusals import InteractionsRefused, TooManyLoads
from tests.api.answering import START, assert_same, response, send, stored
from tests.api.support import Service, assert_problem, run_service
from tests.api.training import Trained
from tests.keys import HEADERS
from tests.stacks import embedded_stack

NDJSON = {"Content-Type": "application/x-ndjson"}


def line(student: str, number: int, skill: str = "add", **changes: Any) -> dict[str, Any]:
    return {"student_id": student} | response(number, skill, **changes)


def as_lines(items: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def load(service: Service, content: Any, **params: Any) -> httpx.Response:
    return service.client.post("/interactions", content=content, params=params, headers=NDJSON)


def wait_for(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def names() -> list[str]:
    return [f"learner-{number}-{uuid4().hex[:8]}" for number in range(3)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Service]:
    """A service that takes little at once."""
    limits = {"bulk_limit_events": 10, "bulk_limit_bytes": 5000}
    waits = {"bulk_stall_seconds": 0.2, "bulk_wait_seconds": 0.5}
    folder = tmp_path_factory.mktemp("small")
    with embedded_stack(folder, sqlite_template) as stack, run_service(stack, **limits, **waits) as running:
        yield running


class TestLoading:
    def test_lines_of_many_students_are_stored_once(self, service: Service, names: list[str]) -> None:
        lines = as_lines(line(name, number) for number in range(5) for name in names)
        first, again = load(service, lines), load(service, lines + as_lines([line(names[0], 9)]))

        assert first.status_code == 200
        assert first.json() == {
            "accepted": 15,
            "duplicates": 0,
            "refused": 0,
            "n_students": 3,
            "scoring": "none",
            "items": None,
        }
        assert (again.json()["accepted"], again.json()["duplicates"]) == (1, 15)
        assert [event_id for event_id, _, _ in stored(service, names[0])] == [
            "e0", "e1", "e2", "e3", "e4", "e9",
        ]  # fmt: skip

    def test_a_list_is_the_same(self, service: Service, names: list[str]) -> None:
        items = [line(name, number) for name in names for number in range(2)]
        told = service.client.post("/interactions", json=items).json()
        assert (told["accepted"], told["n_students"]) == (6, 3)

    def test_a_stream_without_a_length_is_read(self, service: Service, names: list[str]) -> None:
        def chunks() -> Iterator[bytes]:
            content = as_lines(line(names[0], 0, event_id=f"e{number}") for number in range(500))
            yield from (content[at : at + 777] for at in range(0, len(content), 777))

        assert load(service, chunks()).json()["accepted"] == 500

    def test_what_is_left_out_is_made_up(self, service: Service, names: list[str]) -> None:
        items = [{"student_id": names[0], "skills": ["b", "a", "b"], "correct": n % 2} for n in range(3)]
        assert load(service, as_lines(items)).json()["accepted"] == 3
        history = stored(service, names[0])
        assert [(skills, correct) for _, skills, correct in history] == [
            (["b", "a"], False),
            (["b", "a"], True),
            (["b", "a"], False),
        ]

    def test_white_space_between_lines_is_nothing(self, service: Service, names: list[str]) -> None:
        content = b"\n  \r\n" + as_lines([line(names[0], 1)]).replace(b"\n", b"\r\n") + b"\n\t"
        content += json.dumps(line(names[0], 2)).encode()
        assert load(service, content).json()["accepted"] == 2

    @pytest.mark.parametrize("mark", [b"", BOM_UTF8])
    def test_a_byte_order_mark_is_nothing_at_any_door(
        self, service: Service, names: list[str], mark: bytes
    ) -> None:
        content = mark + json.dumps([line(names[0], 1)]).encode()
        headers = {"Content-Type": "application/json"}
        answers = [
            load(service, mark + as_lines([line(names[0], 1)])),
            service.client.post("/interactions", content=content, headers=headers),
            service.client.post(
                f"/students/{names[0]}/interactions",
                content=mark + json.dumps(response(1, "add")).encode(),
                headers=headers,
            ),
        ]
        assert [(answer.json()["accepted"], answer.json()["duplicates"]) for answer in answers] == [
            (1, 0),
            (0, 1),
            (0, 1),
        ]

    def test_one_event_through_two_doors_is_one(self, service: Service, names: list[str]) -> None:
        send(service, names[0], response(1, "add"))
        assert load(service, as_lines([line(names[0], 1), line(names[0], 2)])).json()["duplicates"] == 1
        assert send(service, names[0], response(2, "add")).json()["duplicates"] == 1
        assert len(stored(service, names[0])) == 2


class TestRefusing:
    def test_a_bad_line_is_named_and_nothing_is_stored(self, service: Service, names: list[str]) -> None:
        before = service.traces()
        content = as_lines([line(names[0], 1), line(names[1], 2, correct=2)]) + b"\n{\n"
        problem = assert_problem(load(service, content), 422, "invalid-request")

        first, second = problem["errors"]
        assert first == {
            "line": 2,
            "pointer": "/correct",
            "detail": "must be true or false, or 1 or 0; it is 2",
        }
        assert second["line"] == 4
        assert problem["detail"].startswith("line 2, /correct: must be")
        assert service.traces() == before

    def test_an_item_of_a_list_is_pointed_at(self, service: Service, names: list[str]) -> None:
        items = [line(names[0], 1), line(names[0], 2, timestamp="yesterday"), 5]
        problem = assert_problem(service.client.post("/interactions", json=items), 422, "invalid-request")
        assert [error["pointer"] for error in problem["errors"]] == ["/1/timestamp", "/2"]

    def test_the_first_twenty_are_told(self, service: Service, names: list[str]) -> None:
        content = as_lines([line(names[0], 1, correct=None)] * 100)
        problem = assert_problem(load(service, content), 422, "invalid-request")
        assert [error["line"] for error in problem["errors"]] == list(range(1, 21))

    def test_nothing_at_all_is_refused(self, service: Service) -> None:
        for content in (b"", b"\n\n"):
            assert_problem(load(service, content), 422, "invalid-request")
        assert_problem(service.client.post("/interactions", json=[]), 422, "invalid-request")

    def test_other_types_are_refused(self, service: Service) -> None:
        answer = service.client.post("/interactions", content=b"x", headers={"Content-Type": "text/csv"})
        assert "application/x-ndjson" in assert_problem(answer, 415, "unsupported-media-type")["detail"]

    def test_a_part_is_stored_with_one_status_each(self, service: Service, names: list[str]) -> None:
        items = [
            line(names[0], 1),
            line(names[0], 2, event_id="x" * 129),
            line(names[0], 1),
            line(names[1], 3),
        ]
        told = load(service, as_lines(items) + b"\n" + as_lines([5]), partial=True).json()

        assert [told[name] for name in ("accepted", "duplicates", "refused", "n_students")] == [2, 1, 2, 2]
        assert [(item["line"], item["status"]) for item in told["items"]] == [
            (1, "accepted"),
            (2, "refused"),
            (3, "duplicate"),
            (4, "accepted"),
            (6, "refused"),
        ]
        (error,) = told["items"][1]["errors"]
        assert error["pointer"] == "/event_id"
        assert "at most 128 characters" in error["detail"]

    def test_when_every_part_is_wrong_nothing_is_stored(self, service: Service) -> None:
        before = service.traces()
        told = load(service, as_lines([{}, 5]), partial=True).json()
        assert (told["accepted"], told["refused"], len(told["items"])) == (0, 2, 2)
        assert service.traces() == before


class TestLimits:
    def test_too_many_lines_are_refused_with_the_limit(self, small: Service) -> None:
        before = small.traces()
        answer = load(small, as_lines([line("ann", 1, event_id=f"e{number}") for number in range(11)]))
        assert assert_problem(answer, 413, "batch-too-large")["limit"] == 10
        assert small.traces() == before

    def test_too_many_bytes_are_refused_with_the_limit(self, small: Service) -> None:
        problem = assert_problem(load(small, b" " * 5001), 413, "content-too-large")
        assert (problem["limit"], "5000 bytes" in problem["detail"]) == (5000, True)

    def test_a_body_that_stalls_is_given_up(self, small: Service) -> None:
        def chunks() -> Iterator[bytes]:
            yield as_lines([line("ann", 1)])
            time.sleep(1)
            yield as_lines([line("ann", 2)])

        assert_problem(load(small, chunks()), 408, "body-too-slow")

    def test_a_body_that_trickles_is_given_up(self, small: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        def chunks() -> Iterator[bytes]:
            for _ in range(20):
                yield b" " * 20
                time.sleep(0.05)

        monkeypatch.setattr("api.bodies.BLOCK_BYTES", 20)
        problem = assert_problem(load(small, chunks()), 408, "body-too-slow")
        assert "in 0.5 s" in problem["detail"]

    def test_slow_bodies_hold_nobody_else_up(self, service: Service) -> None:
        named = {"Host": "localhost", "Content-Type": "application/x-ndjson", **HEADERS}
        fields = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        head = f"POST /interactions HTTP/1.1\r\n{fields}".encode()
        url = service.client.base_url
        with ExitStack() as stack:
            slow = [
                stack.enter_context(socket.create_connection((url.host, url.port or 80))) for _ in range(41)
            ]
            for one in slow:  # one more than there are threads for everybody
                one.sendall(head + b"Content-Length: 100\r\n\r\n{")
            wait_for(lambda: service.resources.loads.n_taken == 3)
            began = time.monotonic()
            assert service.client.get("/students").status_code == 200
            answer = load(service, as_lines([line("ann", 1)]))
            assert "3 loads of this tenant" in assert_problem(answer, 503, "too-many-loads")["detail"]
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - began < 5
        wait_for(lambda: service.resources.loads.n_taken == 0)
        assert load(service, as_lines([line("ann", 1)])).status_code == 200

    def test_one_tenant_leaves_a_place_to_others(self) -> None:
        places = Places(3, TooManyLoads)
        with ExitStack() as held:
            for _ in range(2):
                held.enter_context(places.hold(1))
            with pytest.raises(TooManyLoads, match="2 loads of this tenant are under way"), places.hold(1):
                pass
            held.enter_context(places.hold(2))
            with pytest.raises(TooManyLoads, match="3 loads are under way"), places.hold(4):
                pass
        assert places.n_taken == 0
        with Places(1, TooManyLoads).hold(1):
            pass

    def test_a_line_without_end_is_given_up(self) -> None:
        blocks = [b'{"a": 1}\n', b"x" * LONGEST_LINE_BYTES, b"x"]
        lines = split_lines(blocks)
        assert next(lines) == [b'{"a": 1}']
        with pytest.raises(InteractionsRefused, match="line 2: must not be longer"):
            list(lines)

    def test_a_line_may_come_in_pieces(self) -> None:
        assert [line for lines in split_lines([b"a", b"b\nc", b"\n", b"d"]) for line in lines] == [
            b"ab",
            b"c",
            b"d",
        ]


class TestServed:
    """With a model that was really trained."""

    def test_unknown_skills_are_refused_by_line(self, trained: Trained, names: list[str]) -> None:
        known = trained.skills[0]
        items = [line(names[0], 1, known), line(names[1], 2, f"{known}x")]
        problem = assert_problem(load(trained.service, as_lines(items)), 422, "skills-unknown")
        assert problem["vocabulary_size"] == len(trained.skills)
        (error,) = problem["errors"]
        assert (error["line"], error["pointer"]) == (2, "/skill")
        assert "the nearest names are" in error["detail"]

    def test_of_a_part_unknown_skills_alone_are_refused(self, trained: Trained, names: list[str]) -> None:
        items = [line(names[0], 1, trained.skills[0]), line(names[1], 2, "knitting")]
        told = load(trained.service, as_lines(items), partial=True).json()
        assert [item["status"] for item in told["items"]] == ["accepted", "refused"]

    def test_states_follow_later_unless_at_once(self, trained: Trained, names: list[str]) -> None:
        later, at_once, other = names
        skills = trained.skills
        sent = [response(number, skills[number % 3]) for number in range(6)]
        for name, scoring in ((later, "deferred"), (at_once, "immediate")):
            lines = as_lines({"student_id": name} | one for one in sent)
            told = load(trained.service, lines, scoring=scoring).json()
            assert told["scoring"] == ("done" if scoring == "immediate" else "deferred")
        answered = send(trained.service, other, sent, mastery="all").json()

        pending = trained.service.client.get(f"/students/{later}/mastery").json()
        assert (pending["n_interactions"], pending["n_pending"]) == (0, 6)
        done = trained.service.client.get(f"/students/{at_once}/mastery").json()
        assert (done["n_interactions"], done["n_pending"]) == (6, 0)
        assert_same({"state": {}, "skills": done["skills"]}, {"state": {}, "skills": answered["skills"]})

    def test_one_more_response_takes_up_what_was_pending(self, trained: Trained, names: list[str]) -> None:
        skill = trained.skills[0]
        load(trained.service, as_lines(line(names[0], number, skill) for number in range(5)))
        answer = send(trained.service, names[0], response(7, skill)).json()
        whole = send(
            trained.service, names[1], [response(number, skill) for number in (0, 1, 2, 3, 4, 7)]
        ).json()
        assert answer["state"]["as_of"] == START.format(7)
        assert_same(answer, whole)


def test_a_worker_is_rung_for_when_a_model_serves(trained: Trained, names: list[str]) -> None:
    before = len(trained.service.messages("bulk"))
    load(trained.service, as_lines([line(names[0], 1, trained.skills[0])]))
    load(trained.service, as_lines([line(names[0], 1, trained.skills[0])]))
    assert len(trained.service.messages("bulk")) == before + 1
