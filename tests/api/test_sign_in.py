"""How a browser signs in, and what other sites can't do with its cookie."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from api.cli.main import app as ikt
from api.settings import ApiSettings
from tests.api.conftest import open_stack
from tests.api.issued import ask, issue
from tests.api.support import Service, assert_problem, run_service
from tests.stacks import STACK_NAMES, embedded_stack

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module", params=STACK_NAMES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        open_stack(request, tmp_path_factory.mktemp("sign-in")) as stack,
        run_service(stack, keys="on") as running,
    ):
        yield running


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    """Without a key, with cookies."""
    with httpx.Client(base_url=service.client.base_url, trust_env=False, timeout=60) as client:
        yield client


def sign_in(browser: httpx.Client, key: str, onward: str = "/", **headers: str) -> httpx.Response:
    return browser.post("/sign-in", data={"key": key, "next": onward}, headers=headers or OWN)


class TestSigningIn:
    def test_the_cookie_opens_what_the_key_does(self, service: Service, browser: httpx.Client) -> None:
        key = issue(service, "read", "train")
        assert browser.get("/presets").status_code == 401

        answer = sign_in(browser, f" {key.token.text} ", "/dashboard/sweeps?x=1")

        assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/sweeps?x=1")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        assert browser.get("/presets").status_code == 200
        assert "Sign out" in browser.get("/").text

    def test_over_https_the_cookie_stays_there(self, service: Service, browser: httpx.Client) -> None:
        key = issue(service, "read").token.text
        answer = sign_in(browser, key, **OWN, **{"X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["set-cookie"]

    @pytest.mark.parametrize("said", [{}, {"Origin": "https://ikt.example"}])
    def test_behind_a_proxy_that_is_not_trusted_the_cookie_stays_there(
        self, service: Service, browser: httpx.Client, said: dict[str, str]
    ) -> None:
        """It looks like plain http; what the browser says, it says over https alone."""
        key = issue(service, "read").token.text
        answer = sign_in(browser, key, **(said or OWN), Host="ikt.example")
        assert answer.status_code == 303
        assert "Secure" in answer.headers["set-cookie"]

    def test_over_plain_http_nobody_is_signed_in_and_told_why(
        self, service: Service, browser: httpx.Client
    ) -> None:
        """By another name than this machine's: a browser would drop the cookie."""
        key, there = issue(service, "read").token.text, {"Host": "ikt.example:8000"}
        page = browser.get("/sign-in", headers=there)
        assert (page.status_code, "plain http" in page.text) == (200, True)
        assert "plain http" not in browser.get("/sign-in").text
        answer = sign_in(browser, key, **there, Origin="http://ikt.example:8000")
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        assert "https://" in answer.text
        assert key not in answer.text

    @pytest.mark.parametrize("key", ["", "x", f"ikt_{'a' * 8}_{'b' * 43}", "<script>"])
    def test_a_wrong_key_is_told_on_the_page(self, browser: httpx.Client, key: str) -> None:
        answer = sign_in(browser, key, '"><script>')
        assert answer.status_code == 401
        assert 'role="alert"' in answer.text
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers
        assert "form-action 'self'" in answer.headers["content-security-policy"]

    @pytest.mark.parametrize(
        "onward", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/\n/x"]
    )
    def test_it_leads_to_no_other_site(self, service: Service, browser: httpx.Client, onward: str) -> None:
        assert sign_in(browser, issue(service, "read").token.text, onward).headers["location"] == "/"

    def test_other_sites_sign_nobody_in(self, service: Service, browser: httpx.Client) -> None:
        key = issue(service, "read").token.text
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example"},
            {"X-Nothing": "1"},
        ):
            assert_problem(sign_in(browser, key, **headers), 403, "foreign-page")

    def test_a_long_form_is_refused(self, browser: httpx.Client) -> None:
        assert_problem(sign_in(browser, "x" * 10_000), 413, "content-too-large")


class TestCookie:
    def test_other_sites_write_nothing(self, service: Service, browser: httpx.Client) -> None:
        sign_in(browser, issue(service, "train").token.text)
        for headers in ({"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:1"}, {}):
            answer = browser.post("/experiments", json={}, headers=headers)
            assert_problem(answer, 403, "foreign-page")
        assert browser.post("/experiments", json={}, headers=OWN).status_code == 422
        origin = {"Origin": str(service.client.base_url).rstrip("/")}
        assert browser.post("/experiments", json={}, headers=origin).status_code == 422

    def test_a_header_counts_before_the_cookie(self, service: Service, browser: httpx.Client) -> None:
        sign_in(browser, issue(service, "read").token.text)
        assert browser.get("/presets", headers={"Authorization": "Bearer nothing"}).status_code == 401

    def test_other_cookies_are_nothing(self, service: Service) -> None:
        for cookie in ("a=b", "ikt_key", "ikt_key=", 'ikt_key="', ";;=;"):
            assert ask(service, None, headers={"Cookie": cookie}).status_code == 401


class TestPages:
    def test_pages_are_open_and_hold_nothing(self, browser: httpx.Client) -> None:
        for path in ("/", "/dashboard", "/dashboard/experiments", "/dashboard/assets/style.css", "/sign-in"):
            assert browser.get(path).status_code == 200, path
        assert "Sign out" not in browser.get("/").text

    def test_the_form_has_no_script_and_keeps_where_to_go(self, browser: httpx.Client) -> None:
        answer = browser.get("/sign-in", params={"next": "/dashboard/skills"})
        assert 'value="/dashboard/skills"' in answer.text
        assert "<script" not in answer.text

    def test_signing_out_forgets_the_key(self, service: Service, browser: httpx.Client) -> None:
        sign_in(browser, issue(service, "read").token.text)
        assert_problem(
            browser.post("/sign-out", headers={"Origin": "https://evil.example"}), 403, "foreign-page"
        )
        assert browser.get("/presets").status_code == 200
        assert browser.post("/sign-out", headers=OWN).headers["location"] == "/sign-in"
        assert browser.get("/presets").status_code == 401


def test_without_keys_there_is_nothing_to_sign_in_to(tmp_path: Path, sqlite_template: Path) -> None:
    with embedded_stack(tmp_path, sqlite_template) as stack, run_service(stack) as keyless:
        for method in ("GET", "POST"):
            answer = keyless.client.request(method, "/sign-in", headers=OWN)
            assert (answer.status_code, answer.headers["location"]) == (303, "/")


class TestProxies:
    @pytest.fixture
    def forwarded(self) -> dict[str, str]:
        return {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}

    def test_one_that_is_trusted_is_believed(
        self, tmp_path: Path, sqlite_template: Path, forwarded: dict[str, str]
    ) -> None:
        own = {"Host": "ikt.example", "Origin": "http://ikt.example"}
        for trusted, status in (("10.0.0.0/8, 127.0.0.0/8", 303), ("10.0.0.1", 403), ("", 403)):
            folder = tmp_path / (trusted[:8].replace("/", "") or "nobody")
            folder.mkdir()
            with (
                embedded_stack(folder, sqlite_template) as stack,
                run_service(stack, keys="on", trusted_proxies=trusted) as asking,
            ):
                key = issue(asking, "read").token.text
                with httpx.Client(base_url=asking.client.base_url, trust_env=False) as browser:
                    assert sign_in(browser, key, **own, **forwarded).status_code == status

    @pytest.mark.parametrize("named", ["*", "proxy", "10.0.0.1/8", "127.0.0.1 10.0.0.1", "[::1]"])
    def test_what_is_no_network_is_refused(self, named: str) -> None:
        with pytest.raises(ValidationError, match=r"name addresses or networks of proxies"):
            ApiSettings(trusted_proxies=f"127.0.0.1,{named}")

    @pytest.mark.parametrize("processes", ["1", "2"])
    def test_the_server_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: str
    ) -> None:
        told: dict[str, Any] = {}
        monkeypatch.setattr("uvicorn.run", lambda *_, **options: told.update(options))
        for name, value in (("DATA_DIR", str(tmp_path)), ("HOST", "127.0.0.1"), ("FREEZE_HEAP", "0")):
            monkeypatch.setenv(f"IKT_{name}", value)
        monkeypatch.setenv("IKT_TRUSTED_PROXIES", "172.18.0.1, ::1")
        assert CliRunner().invoke(ikt, ["api", "--processes", processes]).exit_code == 0
        assert (told["workers"], told["forwarded_allow_ips"]) == (int(processes), "172.18.0.1,::1")
