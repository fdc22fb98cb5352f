"""Signing in with a key, in a real browser: pages, what they write and live events go by its cookie."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.issued import issue
from tests.api.support import Service, run_service
from tests.browser.conftest import keep_screenshot
from tests.browser.test_dashboard import AXE, SERIOUS
from tests.stacks import embedded_stack

EVENTS = """async () => {
  const source = new EventSource("/experiments/0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f/events");
  return new Promise((tell) => source.addEventListener("error", () => tell(source.readyState)));
}"""
POST = """async () => (await fetch("/sweeps", {
  method: "POST", body: "{}", headers: { "Content-Type": "application/json" },
})).status"""


@pytest.fixture
def asking(tmp_path: Path, sqlite_template: Path) -> Iterator[Service]:
    """A service that asks for keys."""
    with embedded_stack(tmp_path, sqlite_template) as stack, run_service(stack, keys="on") as running:
        yield running


@pytest.fixture
def tab(browser: Browser, asking: Service) -> Iterator[Page]:
    tab = browser.new_page(base_url=str(asking.client.base_url), viewport={"width": 1200, "height": 900})
    yield tab
    tab.close()


def test_the_pages_ask_for_a_key_and_go_on_where_one_was(tab: Page, asking: Service) -> None:
    key = issue(asking, "read", "train").token.text
    tab.goto("/dashboard/sweeps?from=a-link")
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()

    tab.get_by_label("Key").fill(f"ikt_{'a' * 8}_{'b' * 43}")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("alert")).to_contain_text("not one of this service")

    tab.get_by_label("Key").fill(key)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Sweeps")).to_be_visible()
    assert tab.url.endswith("/dashboard/sweeps?from=a-link")
    assert tab.evaluate("document.cookie") == ""
    assert tab.evaluate(POST) == 422
    assert tab.evaluate(EVENTS) == 2

    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    tab.goto("/")
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_has_no_serious_barrier(tab: Page, scheme: str) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    tab.goto("/sign-in")
    tab.evaluate(AXE.read_text("utf-8"))
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]

    assert [one for one in found if one["impact"] in SERIOUS] == []
    keep_screenshot(tab, f"sign-in-{scheme}")
