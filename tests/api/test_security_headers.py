"""What every answer tells browsers, whoever gives it, and whose pages may call."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from api.app import create_app
from api.page_policy import page_policy
from api.security_headers import DEFAULTS
from api.settings import ApiSettings

ELSEWHERE = "https://school.example"
KEPT = {"X-Content-Type-Options", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """An application without a database, which fails wherever it needs one."""
    app = create_app(ApiSettings(data_dir=tmp_path_factory.mktemp("app"), cors_origins=(ELSEWHERE,)))
    yield app
    app.state.resources.close()


def ask(app: FastAPI, method: str, path: str, **headers: str) -> httpx.Response:
    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(answer())


class TestEveryAnswer:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/livez", 200),
            ("GET", "/openapi.json", 200),
            ("GET", "/nowhere", 404),
            ("PUT", "/livez", 405),
            ("POST", "/experiments", 415),
            ("GET", "/students/ana/mastery", 503),
            ("OPTIONS", "/experiments", 405),
        ],
    )
    def test_says_all_of_it(self, app: FastAPI, method: str, path: str, status: int) -> None:
        answer = ask(app, method, path)

        assert answer.status_code == status
        assert {name: answer.headers.get(name) for name in DEFAULTS} == DEFAULTS

    def test_nobody_foresaw_says_it_too(self, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("unforeseen")

        monkeypatch.setattr("api.routes.system.all_problem_types", fail)
        answer = ask(app, "GET", "/problems/internal")

        assert answer.status_code == 500
        assert {name: answer.headers.get(name) for name in DEFAULTS} == DEFAULTS

    @pytest.mark.parametrize("path", ["/", "/docs", "/dashboard/students/ana"])
    def test_pages_have_a_policy_of_their_own(self, app: FastAPI, path: str) -> None:
        answer = ask(app, "GET", path)
        policy = dict(part.strip().split(" ", 1) for part in page_policy().split(";"))

        assert answer.headers.get_list("content-security-policy") == [page_policy()]
        assert answer.headers["cache-control"] == "no-cache"
        assert {name: answer.headers[name] for name in KEPT} == {name: DEFAULTS[name] for name in KEPT}
        assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
        assert "unsafe-inline" not in page_policy()
        assert "unsafe-eval" not in page_policy()
        # The library's own style element was found in it, besides the empty one.
        assert len(re.findall("sha256", policy["style-src"])) == 2
        assert "http" not in page_policy()

    def test_pages_hold_no_script_and_no_style(self, app: FastAPI) -> None:
        page = ask(app, "GET", "/").text

        assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", page) == []
        assert re.findall(r"(?:src|href)=\"(?!/[^/])[^\"#]+\"", page) == []


class TestOtherOrigins:
    def test_one_that_is_named_may_call(self, app: FastAPI) -> None:
        asked = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST"}
        asked["Access-Control-Request-Headers"] = "authorization, content-type, idempotency-key"
        preflight = ask(app, "OPTIONS", "/experiments", **asked)
        answer = ask(app, "GET", "/livez", Origin=ELSEWHERE)

        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, ELSEWHERE)
        assert answer.headers["access-control-allow-origin"] == ELSEWHERE
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["vary"] == "Origin"

    def test_any_other_may_not(self, app: FastAPI) -> None:
        answer = ask(app, "GET", "/livez", Origin="https://other.example")
        assert "access-control-allow-origin" not in answer.headers

    def test_none_may_unless_some_are_named(self, tmp_path: Path) -> None:
        app = create_app(ApiSettings(data_dir=tmp_path))
        answer = ask(app, "GET", "/livez", Origin=ELSEWHERE)
        app.state.resources.close()

        assert not [name for name in answer.headers if name.startswith("access-control")]

    @pytest.mark.parametrize("origin", ["*", "school.example", f"{ELSEWHERE}/", "https://*.example", "null"])
    def test_what_is_no_origin_is_refused(self, origin: str) -> None:
        with pytest.raises(ValidationError, match="cors_origins"):
            ApiSettings(cors_origins=(origin,))

    def test_they_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IKT_CORS_ORIGINS", json.dumps([ELSEWHERE, "http://localhost:5173"]))
        assert ApiSettings().cors_origins == (ELSEWHERE, "http://localhost:5173")
