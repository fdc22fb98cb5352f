"""Who is let in with which key, and that no key is ever told."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.principal import SCOPES
from api.security import refused_requests
from api.security.issue import Issued, KeyEnded, KeySucceeded, list_keys, revoke_key, rotate_key
from api.security.keyring import Keyring
from api.security.refused_requests import RefusedRequests
from api.security.tokens import Token
from api.services.refusals import KeyMisplaced, KeyMissing, KeyRefused
from db.base import utc_now
from db.engine import create_engine, create_session_factory
from db.models import ApiKey
from db.repositories import keys
from db.tenancy import EVERY_TENANT
from tests.api.conftest import open_stack
from tests.api.issued import ask, issue, operations
from tests.api.support import Service, assert_problem, run_service
from tests.stacks import STACK_NAMES

PUBLIC = {"/livez", "/readyz", "/problems/0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f"}
LACKING = {"read": "ingest", "ingest": "train", "train": "read", "admin": "train"}


@pytest.fixture(scope="module", params=STACK_NAMES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that asks for keys; one look-up is soon forgotten."""
    with (
        open_stack(request, tmp_path_factory.mktemp("keys")) as stack,
        run_service(stack, keys="on", refused_per_minute=10_000) as running,
    ):
        running.app.state.door.keyring.fresh_seconds = 0.05
        yield running


@pytest.fixture(scope="module")
def of_scope(service: Service) -> dict[str, Issued]:
    return {scope: issue(service, scope) for scope in SCOPES}


def wait_until_used(service: Service, key: Issued) -> None:
    """Noted in the background."""
    for _ in range(200):
        if any(one.last_used_at for one in list_keys(service.sessions) if one.id == key.shown.id):
            return
        time.sleep(0.01)
    raise AssertionError("the use of the key was not noted")


class TestScopes:
    def test_every_operation_asks_for_exactly_its_scope(
        self, service: Service, of_scope: dict[str, Issued]
    ) -> None:
        counted = 0
        for method, path, needed in operations(service):
            if path in PUBLIC:
                assert needed is None
                assert ask(service, None, path, method=method).status_code in (200, 404)
                continue
            assert needed in SCOPES, path
            where = f"{method} {path}"
            unknown = ask(service, None, path, method=method)
            assert (unknown.status_code, where) == (401, where)
            lacking = ask(service, of_scope[LACKING[needed]], path, method=method)
            assert (lacking.status_code, where) == (403, where)
            assert lacking.json()["scope"] == needed
            let_in = ask(service, of_scope[needed], path, method=method)
            assert let_in.status_code not in (401, 403, 405, 500), where
            counted += 1
        assert counted > 45

    def test_admin_implies_the_others(self, service: Service, of_scope: dict[str, Issued]) -> None:
        for path, method in (("/datasets", "GET"), ("/experiments", "POST"), ("/interactions", "POST")):
            assert ask(service, of_scope["admin"], path, method=method).status_code not in (401, 403)

    def test_the_document_names_the_scope_of_every_operation(self, service: Service) -> None:
        document = service.client.get("/openapi.json").json()
        assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
        for path, item in document["paths"].items():
            for operation in item.values():
                if operation["tags"] == ["system"]:
                    assert operation["security"] == []
                else:
                    assert operation["security"] == [{"key": []}], path
                    assert operation["x-scope"], path
                    assert {"401", "403", "429"} <= operation["responses"].keys()

    def test_the_quick_way_to_mastery_asks_as_well(
        self, service: Service, of_scope: dict[str, Issued]
    ) -> None:
        for query in ("", "?skill=add"):
            refused = ask(service, of_scope["train"], f"/students/ana/mastery{query}")
            assert_problem(refused, 403, "scope-missing")

    def test_a_body_is_not_read_for_a_key_that_may_not_send_it(
        self, service: Service, of_scope: dict[str, Issued]
    ) -> None:
        refused = ask(service, of_scope["read"], "/experiments", method="POST", content=b"{no json")
        assert_problem(refused, 403, "scope-missing")


class TestRefusals:
    def test_no_key(self, service: Service) -> None:
        answer = ask(service, None)
        assert_problem(answer, 401, "key-missing")
        assert answer.headers["www-authenticate"] == 'Bearer realm="ikt"'

    @pytest.mark.parametrize(
        "text", ["x", "ikt_", f"ikt_{'a' * 8}_{'b' * 43}", "ikt_tttttttt_" + "1" * 43, "é"]
    )
    def test_no_such_key(self, service: Service, text: str) -> None:
        sent = {"Authorization": f"Bearer {text}".encode("latin-1")}
        answer = ask(service, None, headers=sent)
        assert_problem(answer, 401, "key-refused")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    @pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "ikt"])
    def test_another_way_to_authenticate(self, service: Service, header: str) -> None:
        assert_problem(ask(service, None, headers={"Authorization": header}), 401, "key-refused")

    def test_a_key_without_its_scheme_is_told_what_to_write(self, service: Service) -> None:
        key = issue(service, "read")
        answer = ask(service, None, headers={"Authorization": key.token.text})
        detail = assert_problem(answer, 401, "key-refused")["detail"]
        assert "write `Authorization: Bearer <key>`" in detail
        assert key.token.text not in detail

    def test_a_revoked_key_is_refused_soon(self, service: Service) -> None:
        key = issue(service, "read")
        assert ask(service, key).status_code == 200
        revoke_key(service.sessions, key.shown.prefix)
        time.sleep(0.06)
        assert "was revoked" in assert_problem(ask(service, key), 401, "key-refused")["detail"]

    def test_an_expired_key_is_refused_at_once(self, service: Service) -> None:
        key = issue(service, "read", expires_at=utc_now() + timedelta(seconds=0.4))
        assert ask(service, key).status_code == 200
        time.sleep(0.45)
        assert "expired" in assert_problem(ask(service, key), 401, "key-refused")["detail"]

    def test_a_path_that_is_nowhere_is_not_told_to_strangers(self, service: Service) -> None:
        assert_problem(ask(service, None, "/nowhere"), 401, "key-missing")
        assert_problem(ask(service, issue(service, "read"), "/nowhere"), 404, "no-such-path")

    def test_a_large_body_without_a_key_is_answered(self, service: Service) -> None:
        answer = ask(service, None, "/datasets", method="POST", content=b"x" * 3_000_000)
        assert_problem(answer, 401, "key-missing")


class TestRotation:
    def test_both_keys_work_during_the_grace(self, service: Service) -> None:
        end = utc_now() + timedelta(days=9)
        old = issue(service, "read", "train", requests_per_minute=77, expires_at=end)
        new, ended = rotate_key(service.sessions, str(old.shown.id), grace=timedelta(seconds=0.5))
        assert ask(service, old).status_code == ask(service, new).status_code == 200
        assert (new.shown.scopes, new.shown.requests_per_minute) == (("read", "train"), 77)
        assert new.shown.expires_at is not None
        assert abs(new.shown.expires_at - end) < timedelta(minutes=1)
        assert ended.state == "valid"
        time.sleep(0.55)
        assert (ask(service, old).status_code, ask(service, new).status_code) == (401, 200)

    def test_without_grace_the_old_one_ends_at_once(self, service: Service) -> None:
        old = issue(service, "read")
        new, ended = rotate_key(service.sessions, old.shown.prefix, grace=timedelta(0))
        assert (ended.state, new.shown.state) == ("revoked", "valid")
        assert (ask(service, old).status_code, ask(service, new).status_code) == (401, 200)

    def test_a_key_has_one_successor(self, service: Service) -> None:
        """The end of the first rotation is no measure of how long a second successor should last."""
        end = utc_now() + timedelta(days=90)
        old = issue(service, "read", expires_at=end)
        new, _ = rotate_key(service.sessions, old.shown.prefix, grace=timedelta(hours=24))
        with pytest.raises(KeySucceeded, match=f"{new.shown.prefix}, which is valid; rotate that one"):
            rotate_key(service.sessions, old.shown.prefix, grace=timedelta(hours=24))
        third, ended = rotate_key(service.sessions, new.shown.prefix, grace=timedelta(hours=24))
        assert ended.prefix == new.shown.prefix
        assert third.shown.expires_at is not None
        assert abs(third.shown.expires_at - end) < timedelta(minutes=1)
        revoke_key(service.sessions, new.shown.prefix)
        with pytest.raises(KeySucceeded, match="which is revoked; make a new one"):
            rotate_key(service.sessions, old.shown.prefix, grace=timedelta(hours=24))

    def test_a_key_that_is_revoked_meanwhile_gets_no_successor(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, rotating, go_on = issue(service, "read"), Event(), Event()
        find = keys.find_key

        def find_late(session: Session, prefix: str) -> ApiKey | None:
            rotating.set()
            go_on.wait(5)
            return find(session, prefix)

        monkeypatch.setattr(keys, "find_key", find_late)
        with ThreadPoolExecutor(2) as pool:
            rotated = pool.submit(rotate_key, service.sessions, old.shown.prefix, grace=timedelta(hours=1))
            assert rotating.wait(5)
            revoked = pool.submit(revoke_key, service.sessions, old.shown.prefix)
            # It waits for the rotation, and so is no revocation of before.
            assert not wait([revoked], timeout=0.3).done
            go_on.set()
            new, _ = rotated.result()
            assert revoked.result().revoked_at is not None
        assert revoked.result().revoked_at >= new.shown.created_at
        with pytest.raises(KeyEnded):
            rotate_key(service.sessions, old.shown.prefix, grace=timedelta(hours=1))


class TestUse:
    def test_use_is_noted_once_a_minute(self, service: Service) -> None:
        key = issue(service, "read")
        ask(service, key)
        wait_until_used(service, key)
        with service.sessions.of(EVERY_TENANT)() as session:
            noted = keys.get_key(session, key.shown.prefix)[0].last_used_at
        time.sleep(0.06)
        ask(service, key)
        time.sleep(0.1)
        with service.sessions.of(EVERY_TENANT)() as session:
            assert keys.get_key(session, key.shown.prefix)[0].last_used_at == noted


class TestLostDatabase:
    def test_a_key_just_used_goes_on_for_reading(self, service: Service) -> None:
        key = issue(service, "read")
        asked = Keyring(create_session_factory(create_engine(service.stack.database_url)), fresh_seconds=0.0)
        lost = create_session_factory(create_engine("postgresql+psycopg://127.0.0.1:1/nowhere"))

        async def use() -> None:
            await asked.find(key.token, to_read=True)
            await asked.close()
            asked.sessions.bind.dispose()  # type: ignore[union-attr]
            asked.sessions = lost
            held = await asked.find(key.token, to_read=True)
            assert held.key_id == key.shown.id
            held.fresh_until = 0.0
            with pytest.raises(OperationalError):
                await asked.find(key.token, to_read=False)
            unknown = Token.make()
            with pytest.raises(OperationalError):
                await asked.find(unknown, to_read=True)

        asyncio.run(use())

    def test_it_is_told_as_elsewhere(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        lost = create_session_factory(create_engine("postgresql+psycopg://127.0.0.1:1/nowhere"))
        monkeypatch.setattr(service.app.state.door.keyring, "sessions", lost)
        answer = ask(service, Token.make().text)
        assert_problem(answer, 503, "database-unavailable")
        assert answer.headers["retry-after"]


class TestKeyring:
    def test_requests_that_come_together_ask_once(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = issue(service, "read")
        asked: list[str] = []
        find = keys.find_key

        def find_and_count(session: Session, prefix: str) -> ApiKey | None:
            asked.append(prefix)
            return find(session, prefix)

        monkeypatch.setattr(keys, "find_key", find_and_count)

        async def use() -> None:
            keyring = Keyring(service.sessions)
            await asyncio.gather(*(keyring.find(key.token, to_read=True) for _ in range(50)))
            await keyring.find(key.token, to_read=True)
            await keyring.close()

        asyncio.run(use())
        assert asked == [key.shown.prefix]

    def test_a_key_that_is_known_waits_for_no_guess(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = issue(service, "read")
        goes_on = threading.Event()
        find = keys.find_key

        def find_later(session: Session, prefix: str) -> ApiKey | None:
            if prefix != key.shown.prefix:
                goes_on.wait(10)
            return find(session, prefix)

        async def use() -> None:
            keyring = Keyring(service.sessions, fresh_seconds=0.0)
            await keyring.find(key.token, to_read=True)
            monkeypatch.setattr(keys, "find_key", find_later)
            guesses = [asyncio.create_task(keyring.find(Token.make(), to_read=True)) for _ in range(9)]
            await asyncio.sleep(0)
            try:
                found = await asyncio.wait_for(keyring.find(key.token, to_read=True), 5)
                assert found.key_id == key.shown.id
            finally:
                goes_on.set()
            await asyncio.gather(*guesses, return_exceptions=True)
            await keyring.close()

        asyncio.run(use())

    def test_the_prefix_alone_opens_nothing(self, service: Service) -> None:
        key = issue(service, "read")
        forged = Token.read(key.token.text[:-43] + "A" * 43)
        assert forged is not None

        async def use() -> None:
            with pytest.raises(KeyRefused, match="not one of this service"):
                await Keyring(service.sessions).find(forged, to_read=True)

        asyncio.run(use())


class TestSecrets:
    def test_no_key_is_told_or_logged(
        self, service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = issue(service, "read")
        secret = key.token.text[-43:]
        guess = f"ikt_{key.shown.prefix}_{'Z' * 43}"
        told = [repr(key), repr(key.token), str(key.shown.to_dict())]
        monkeypatch.setattr("api.services.experiments.list_presets", lambda: 1 / 0)
        with caplog.at_level(logging.DEBUG):
            for text, path in ((key, "/presets"), (key, "/nowhere"), (guess, "/datasets"), (key, "/sweeps")):
                told.append(ask(service, text, path).text)
            told.append(ask(service, key, "/experiments", method="POST", json={}).text)
            form = {"key": guess, "next": "/"}
            same = {"Sec-Fetch-Site": "same-origin"}
            told.append(ask(service, None, "/sign-in", method="POST", data=form, headers=same).text)
        text = "\n".join(told) + caplog.text
        assert secret not in text
        assert "Z" * 43 not in text

    def test_only_a_hash_is_stored(self, service: Service) -> None:
        key = issue(service, "read")
        with service.resources.engine.connect() as connection:
            rows = str(connection.execute(text("SELECT * FROM api_keys")).all())
        assert key.token.digest in rows
        assert key.token.text[-43:] not in rows

    def test_keys_differ(self) -> None:
        made = [Token.make() for _ in range(200)]
        assert len({one.prefix for one in made}) == len({one.text for one in made}) == 200
        assert all(Token.read(one.text) == one for one in made)


class TestTraces:
    def test_refused_keys_are_told_once_a_minute(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = Token.make()
        refused = RefusedRequests()
        moments = iter([0.0, 1.0, 2.0, 61.0, 62.0])
        monkeypatch.setattr(refused_requests, "monotonic", lambda: next(moments))
        for refusal in (
            KeyRefused(),
            KeyRefused("was revoked", kind="revoked"),
            KeyMissing(),
            KeyRefused("expired on 1 May", kind="expired"),
        ):
            refused.note_refusal("192.0.2.1", refusal, token)
        refused.note_refusal("192.0.2.2", KeyMisplaced(), None)
        said = [record.getMessage() for record in caplog.records]
        first, together, other = said
        assert first == f"keys_refused address=192.0.2.1 requests=1 reasons=unknown:1 prefixes={token.prefix}"
        assert "192.0.2.1 requests=2 reasons=revoked:1,expired:1" in together
        assert other == "keys_refused address=192.0.2.2 requests=1 reasons=misplaced:1 prefixes=-"
        refused.close()
        assert len(caplog.records) == 3
        assert token.text not in caplog.text

    def test_the_door_tells_of_them(self, service: Service, caplog: pytest.LogCaptureFixture) -> None:
        wrong = Token.make()
        service.app.state.door.refused.close()
        ask(service, None, headers={"Authorization": f"Bearer {wrong.text}"})
        assert f"requests=1 reasons=unknown:1 prefixes={wrong.prefix}" in caplog.text
        assert wrong.text not in caplog.text
