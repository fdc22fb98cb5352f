"""How a browser signs in, and what other sites can't do with its cookie."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

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
