"""The pages in a real browser: they show what the API says, live, to everybody, and ask nobody else."""

from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import Shown, keep_screenshot

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
FIRST_VIEW_BYTES = 100_000
SMALL = {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32}
PAGES = (
    "experiments",
    "experiment",
    "comparison",
    "sweeps",
    "sweep",
    "students",
    "student",
    "skills",
    "reference",
)


def path_of(name: str, shown: Shown) -> str:
    first, second = shown.experiments
    return {
        "experiments": "/",
        "experiment": f"/dashboard/experiments/{first}",
        "comparison": f"/dashboard/comparison?baseline={first}&candidate={second}",
        "sweeps": "/dashboard/sweeps",
        "sweep": f"/dashboard/sweeps/{shown.sweep}",
        "students": "/dashboard/students",
        "student": f"/dashboard/students/{quote(shown.student, safe='')}",
        "skills": "/dashboard/skills",
        "reference": "/docs",
    }[name]


def open_page(page: Page, name: str, shown: Shown) -> None:
    """And wait until it is all there, charts too."""
    page.goto(path_of(name, shown))
    settle(page)


def settle(page: Page) -> None:
    expect(page.locator("main:not([aria-busy]) h1")).to_be_visible()
    page.wait_for_function(
        "[...document.querySelectorAll('.chart')].every((place) => place.querySelector('.main-svg'))"
    )


class TestEveryPage:
    @pytest.mark.parametrize("name", PAGES)
    def test_asks_nobody_else(self, page: Page, shown: Shown, name: str) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        open_page(page, name, shown)

        elsewhere = [url for url in asked if urlsplit(url).scheme not in ("data", "blob")]
        assert {urlsplit(url).netloc for url in elsewhere} == {urlsplit(shown.url).netloc}
        keep_screenshot(page, name)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("name", PAGES)
    def test_has_no_serious_barrier(self, page: Page, shown: Shown, name: str, scheme: str) -> None:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        open_page(page, name, shown)
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]

        assert [one for one in found if one["impact"] in SERIOUS] == []

    @pytest.mark.parametrize("name", PAGES)
    def test_fits_a_narrow_window(self, page: Page, shown: Shown, name: str) -> None:
        page.set_viewport_size({"width": 400, "height": 800})
        open_page(page, name, shown)

        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        keep_screenshot(page, f"{name}-narrow")

    def test_a_comparison_to_keep_needs_nothing_else(self, page: Page, shown: Shown) -> None:
        page.goto(
            f"{path_of('comparison', shown).replace('/dashboard/comparison', '/comparisons')}&format=html"
        )
        heading = page.get_by_role("heading", level=1)

        expect(heading).to_be_visible()
        # Its policy lets its own style through: without it the page would keep a browser's margins.
        assert page.evaluate("getComputedStyle(document.body).paddingTop") != "0px"

    def test_runs_no_script_that_stands_in_it(self, browser: Browser, shown: Shown) -> None:
        tab = browser.new_page(base_url=shown.url)
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.goto("/")
        tab.evaluate(
            "document.head.append(Object.assign(document.createElement('script'), {text: 'var slipped = 1'}))"
        )

        assert tab.evaluate("typeof slipped") == "undefined"
        assert any("Content Security Policy" in text for text in complaints)
        tab.close()

    def test_the_first_view_is_light(self, browser: Browser, shown: Shown) -> None:
        page, sizes = browser.new_page(base_url=shown.url), dict[str, int]()

        def weigh(request: Request) -> None:
            sizes[request.url] = sum(
                request.sizes()[part] for part in ("responseBodySize", "responseHeadersSize")
            )

        page.on("requestfinished", weigh)
        page.goto("/")
        page.wait_for_load_state("networkidle")

        assert sum(sizes.values()) <= FIRST_VIEW_BYTES
        assert not any("plotly" in url for url in sizes)
        page.close()

    def test_an_unchanged_file_is_not_sent_again(self, shown: Shown) -> None:
        path = "/dashboard/charts/plotly.min.js"
        etag = shown.client.get(path).headers["etag"]

        again = shown.client.get(path, headers={"If-None-Match": etag})
        assert again.status_code == 304
        assert again.headers["cache-control"] == "no-cache"

    def test_everything_is_reached_by_keyboard(self, page: Page, shown: Shown) -> None:
        open_page(page, "experiments", shown)
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        reached = set()
        for _ in range(30):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate("document.activeElement.textContent.trim() || document.activeElement.ariaLabel")
            )
        assert {"Experiments", "Skills", "New experiment", "pointwise", "Compare pointwise"} <= reached


class TestExperiments:
    def test_one_is_submitted_followed_and_told(self, page: Page, shown: Shown) -> None:
        open_page(page, "experiments", shown)
        page.get_by_role("button", name="New experiment").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Train")).to_be_enabled()
        dialog.get_by_label("Preset").select_option("small-dynamic")
        dialog.get_by_label("Name, or nothing").fill("from the page")
        settings = "\n".join(f"model.{name}={value}" for name, value in SMALL.items())
        dialog.get_by_label("Settings to replace").fill(f"{settings}\ntraining.epochs=4")
        dialog.get_by_role("button", name="Train").click()
        expect(dialog).to_be_hidden()

        page.get_by_role("link", name="from the page").click()
        curve = page.locator(".chart[aria-label^='AUC on held-out'] .js-line")
        expect(curve.first).to_be_attached(timeout=60_000)
        expect(page.locator(".head .state")).to_have_text("succeeded", timeout=60_000)
        expect(page.get_by_role("heading", name="Audit")).to_be_visible()
        epochs = page.evaluate("document.querySelector('.chart').data[0].x")
        assert epochs == [1, 2, 3, 4]

    def test_a_refused_setting_is_told_in_the_dialog(self, page: Page, shown: Shown) -> None:
        open_page(page, "experiments", shown)
        page.get_by_role("button", name="New experiment").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Train")).to_be_enabled()
        dialog.get_by_label("Settings to replace").fill("loss.lambda_target")
        dialog.get_by_role("button", name="Train").click()

        expect(dialog.get_by_role("alert")).to_contain_text("write section.name=value")

    def test_a_running_one_is_stopped(self, page: Page, shown: Shown) -> None:
        config = {
            "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32},
            "training": {"epochs": 2000},
        }
        experiment = shown.submit(
            "/experiments", {"preset": "small-dynamic", "config": config, "fold": 0, "name": "endless"}
        )
        page.goto("/")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Stop endless").click()
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="endless"))

        expect(row.locator(".state")).to_have_text("cancelled", timeout=60_000)
        assert shown.client.get(f"/experiments/{experiment}").json()["status"] == "cancelled"

    def test_two_are_compared(self, page: Page, shown: Shown) -> None:
        open_page(page, "experiments", shown)
        for name in ("Compare <i>mean</i>", "Compare pointwise"):
            page.get_by_role("checkbox", name=name).check()
        page.get_by_role("link", name="Compare 2").click()
        settle(page)

        expect(page.get_by_role("heading", level=1)).to_have_text("<i>mean</i> against pointwise")
        expect(page.get_by_role("row").filter(has_text="loss.ability_alignment")).to_contain_text("pointwise")
        expect(page.get_by_role("link", name="Markdown")).to_be_visible()
        legend = page.locator(".chart .legendtext")
        assert set(legend.all_text_contents()) == {"<i>mean</i>", "pointwise"}

    def test_a_name_filters(self, page: Page, shown: Shown) -> None:
        open_page(page, "experiments", shown)
        page.get_by_label("Name contains").fill("<i>")

        expect(page.locator("tbody tr")).to_have_count(1)


class TestStudents:
    def test_a_student_is_found_and_shown(self, page: Page, shown: Shown) -> None:
        mastery = shown.client.get(f"/students/{quote(shown.student, safe='')}/mastery").json()
        open_page(page, "students", shown)
        page.get_by_role("link", name=shown.student).click()
        settle(page)

        expect(page.get_by_role("heading", level=1)).to_have_text(shown.student)
        expect(page.locator("tbody tr")).to_have_count(5)
        levels = [skill["level"] for skill in mastery["skills"] if skill["evidence"]]
        assert sorted(page.locator("tbody .state").all_text_contents()) == sorted(levels)
        drawn = page.evaluate("document.querySelector('.chart').data.map((t) => [t.name, t.x.length])")
        ticks = [count for name, count in drawn if name in ("right", "wrong")]
        assert ticks == [26, 14]

    def test_skills_have_curves(self, page: Page, shown: Shown) -> None:
        open_page(page, "skills", shown)
        before = page.evaluate("document.querySelectorAll('.chart')[1].data.length")
        page.get_by_role("checkbox").first.uncheck()

        page.wait_for_function(f"document.querySelectorAll('.chart')[1].data.length === {before - 1}")


class TestSweeps:
    def test_the_front_can_be_asked_of_other_metrics(self, page: Page, shown: Shown) -> None:
        open_page(page, "sweeps", shown)
        page.get_by_role("row").nth(1).get_by_role("link").click()
        settle(page)
        page.get_by_label("Up").select_option("ece")

        expect(page.locator(".chart[aria-label*='ECE']")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(2)


class TestTrouble:
    def test_a_comparison_of_nothing_says_what_to_do(self, page: Page) -> None:
        page.goto("/dashboard/comparison")
        expect(page.get_by_role("status")).to_contain_text("Tick two or more")
