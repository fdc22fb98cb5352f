"""Nothing of one tenant is seen or touched by another, whatever is asked and whatever is known of it."""

import copy
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.crossing import Attempt, Unforeseen, attempts, cursors, shown
from tests.api.support import Service, events_csv, run_service
from tests.api.tenants import Tenant, open_tenant
from tests.api.training import Trained

CHANGING = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"\b[0-9a-f]{32,}\b", "<hash>"),
)
GROWING = {"audit_entries", "student_tokens"}
"""What tells of requests is written a little later, of their own ones too."""
NAMING = ("set_cohort", "record_interactions", "load_interactions", "record_statements")
"""Operations that give things of one's own the name that they are sent."""
REFUSED_TO_OWNERS = {
    "get_problem_kind nowhere None": 404,  # there are none of that name
    "get_cohort_mastery query student_id student": 409,  # a single student is no group
}
NO_THINGS = {"get_liveness", "get_readiness", "get_problem_kind", "list_presets"}
"""Operations that tell everybody the same."""


@pytest.fixture(scope="module")
def keyed(trained: Trained) -> Iterator[Service]:
    """The trained one's stack again, by a service that asks everybody for a key."""
    with run_service(trained.service.stack, keys="on") as service:
        yield service


@pytest.fixture(scope="module")
def ours(keyed: Service, trained: Trained) -> Tenant:
    return open_tenant(keyed, trained, f"north-{uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def theirs(keyed: Service, trained: Trained) -> Tenant:
    return open_tenant(keyed, trained, f"south-{uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def document(trained: Trained) -> dict[str, Any]:
    found: dict[str, Any] = trained.service.client.get("/openapi.json").raise_for_status().json()
    return found


@pytest.fixture(autouse=True)
def _theirs_unchanged(theirs: Tenant) -> Iterator[None]:
    """Whatever a test does as us, nothing of theirs may be another afterwards."""
    rows, files = theirs.rows(), files_of(theirs)
    assert all(rows[table] for table in rows.keys() - {"epoch_metrics", "calibrations"} - GROWING)
    yield
    after = theirs.rows()
    for table in rows:
        if table in GROWING:
            assert {*rows[table]} <= {*after[table]}, table
        else:
            assert after[table] == rows[table], table
    assert files.items() <= files_of(theirs).items()


def files_of(tenant: Tenant) -> dict[str, str]:
    """Every artifact that has a thing of theirs in its name."""
    folder = Path(tenant.service.stack.artifacts_url)
    names = [value for value in tenant.things.values() if len(value) == 36]
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(name in str(path) for name in names)
    }


class TestEveryOperation:
    def test_answers_about_anothers_things_as_about_none(
        self, keyed: Service, trained: Trained, theirs: Tenant, document: dict[str, Any]
    ) -> None:
        """Every operation, every kind of thing in every place: the words differ in the identifier alone."""
        ours = open_tenant(keyed, trained, f"east-{uuid4().hex[:6]}")
        tried = [one for one in attempts(document, ours.things) if one.kind not in (None, "cursor")]
        differing = []
        # From some on there are things of the same names.
        tried.sort(key=lambda one: NAMING.index(one.operation) if one.operation in NAMING else -1)
        for attempt in tried:
            identifier, unknown = theirs.things[str(attempt.kind)], attempt.unknown()
            about_theirs = ours.ask(**attempt.request(identifier))
            about_none = ours.ask(**attempt.request(unknown))
            if told(about_theirs, identifier) != told(about_none, unknown):
                differing.append((str(attempt), about_theirs.text[:400], about_none.text[:400]))
            assert_silent(attempt, about_theirs, theirs, identifier)
        assert not differing, "\n".join(map(repr, differing))
        assert len(tried) >= 60

    def test_finds_them_for_their_own(self, theirs: Tenant, document: dict[str, Any]) -> None:
        """Or else the answers above would prove nothing."""
        for attempt in attempts(document, theirs.things):
            if attempt.method != "GET" or attempt.kind == "cursor":
                continue
            answer = theirs.ask(**attempt.request(theirs.things.get(str(attempt.kind), "")))
            expected = REFUSED_TO_OWNERS.get(str(attempt), 200)
            assert answer.status_code == expected, (str(attempt), answer.text)
            if attempt.kind is not None:
                assert len(answer.content) > 20, (str(attempt), answer.text)

    def test_lists_nothing_of_anothers(self, ours: Tenant, theirs: Tenant, document: dict[str, Any]) -> None:
        for attempt in attempts(document, ours.things):
            if attempt.method == "GET":
                answer = ours.ask(**attempt.request(ours.things.get(str(attempt.kind), "")) | {"params": {}})
                if attempt.operation not in NO_THINGS:
                    assert_silent(attempt, answer, theirs, "")

    def test_goes_on_at_anothers_cursor_with_ones_own(
        self, ours: Tenant, theirs: Tenant, document: dict[str, Any]
    ) -> None:
        n_pages = 0
        for path in cursors(document):
            listing = path.replace("{student_id}", theirs.things["student"])
            cursor = theirs.ask("GET", listing, params={"limit": 1}).raise_for_status().json()["next_cursor"]
            own = path.replace("{student_id}", ours.things["student"])
            answer = ours.ask("GET", own, params={"cursor": cursor, "limit": 50})
            assert answer.status_code == 200, (path, answer.text)
            assert theirs.name not in answer.text, (path, answer.text)
            n_pages += cursor is not None
        assert n_pages >= 8


def told(answer: httpx.Response, identifier: str) -> tuple[int, str | None, str]:
    """What an answer says, whichever identifier it is about and whenever it was given."""
    text = shown(answer.text, identifier)
    for pattern, name in CHANGING:
        text = re.sub(pattern, name, text)
    return answer.status_code, answer.headers.get("content-type"), text


def assert_silent(attempt: Attempt, answer: httpx.Response, theirs: Tenant, sent: str) -> None:
    """Nothing of theirs stands in it but what was sent."""
    text = shown(answer.text, sent)
    for kind, identifier in theirs.things.items():
        if kind != "skill":
            assert identifier not in text, (str(attempt), kind)
    assert theirs.name not in text, str(attempt)


class TestUnforeseen:
    """An operation that nobody has tried fails the test."""

    @pytest.mark.parametrize(
        "operation",
        [
            {
                "operationId": "get_teacher",
                "parameters": [{"name": "teacher_id", "in": "path", "required": True}],
            },
            {"operationId": "list_students", "parameters": [{"name": "teacher_id", "in": "query"}]},
            {"operationId": "add_teacher", "requestBody": {}},
        ],
    )
    def test_is_told(self, ours: Tenant, document: dict[str, Any], operation: dict[str, Any]) -> None:
        grown = copy.deepcopy(document)
        grown["paths"]["/teachers/{teacher_id}"] = {"post": operation}
        with pytest.raises(Unforeseen, match="takes"):
            list(attempts(grown, ours.things))


class TestEqualNames:
    """Two tenants choose the same names, and neither notices."""

    def test_students_events_and_cohorts(self, ours: Tenant, theirs: Tenant, trained: Trained) -> None:
        student, cohort = theirs.things["other_student"], theirs.things["other_cohort"]
        path, skill = f"/students/{student}", trained.skills[0]
        before = theirs.ask("GET", f"{path}/mastery")
        body = {"event_id": theirs.things["event"], "skill": skill, "correct": True}
        sent = ours.ask("POST", f"{path}/interactions", json=body).raise_for_status().json()
        assert (sent["accepted"], sent["duplicates"], sent["state"]["n_interactions"]) == (1, 0, 1)
        members = ours.ask("PUT", f"/cohorts/{cohort}/students", json={"student_ids": [student]})
        assert members.json()["n_students"] == 1
        ours_now, theirs_now = (one.ask("GET", f"{path}/mastery") for one in (ours, theirs))
        assert theirs_now.content == before.content
        assert (ours_now.json()["n_interactions"], theirs_now.json()["n_interactions"]) == (1, 2)
        assert ours_now.headers["etag"] != theirs_now.headers["etag"]
        ours.ask("DELETE", f"/cohorts/{cohort}").raise_for_status()
        ours.ask("DELETE", path).raise_for_status()
        assert ours.ask("GET", f"{path}/mastery").status_code == 404
        assert theirs.ask("GET", f"{path}/mastery").content == before.content

    def test_content_of_datasets(self, ours: Tenant, theirs: Tenant) -> None:
        files = {"file": ("classroom.csv", events_csv(theirs.things["content"]))}
        first = ours.ask("POST", "/datasets", files=files)
        again = ours.ask("POST", "/datasets", files=files)
        assert again.status_code == 200
        assert again.json()["id"] == first.json()["id"] != theirs.things["dataset"]
        ours.ask("DELETE", f"/datasets/{first.json()['id']}").raise_for_status()
        assert theirs.ask("GET", f"/datasets/{theirs.things['dataset']}").status_code == 200

    def test_idempotency_keys(self, ours: Tenant, theirs: Tenant) -> None:
        key = {"Idempotency-Key": theirs.things["other_idempotency_key"]}
        body = {"dataset_id": ours.things["dataset"], "preset": "small-dynamic", "name": "once"}
        answers = [ours.ask("POST", "/cross-validations", json=body, headers=key) for _ in range(2)]
        answers += [ours.ask("POST", "/experiments", json=body, headers=key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202] * 4, answers[0].text
        ids = [answer.json()["id"] for answer in answers]
        assert (ids[0], ids[2]) == (ids[1], ids[3])
        assert theirs.things["experiment"] not in ids
