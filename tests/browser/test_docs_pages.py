"""The documentation for people who search, use a keyboard or a phone, or like a dark screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import complaints, needs_axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

PAGES = ["", "quickstart", "http-api", "performance"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a window that fails the test if the page's script or its policy complains."""
    errors: list[str] = []
    said: list[ConsoleMessage] = []
    context = browser.new_context()
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: said.append(message))
    yield opened
    context.close()
    assert errors == []
    assert [message.text for message in said if message.type == "error"] == []


def test_search_leads_to_the_section(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/docs/")

    page.keyboard.press("/")
    page.keyboard.type("screen camera share")
    page.get_by_role("link", name="Devices").first.click()

    expect(page).to_have_url(f"{server.url}/docs/sdk#devices")


def test_search_can_be_used_by_keyboard(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/docs/sdk")
    found = page.locator("#found a")

    page.get_by_label("Search the documentation").fill("nothingofthiskind")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.get_by_label("Search the documentation").fill("health")
    expect(found.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")

    expect(found.first).to_be_hidden()


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_on_a_phone(page: Page, server: LiveServer, name: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})

    page.goto(f"{server.url}/docs/{name}")

    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_contents_open_on_a_phone(page: Page, server: LiveServer) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{server.url}/docs/")
    contents = page.get_by_role("navigation", name="Documentation")
    expect(contents).to_be_hidden()

    page.get_by_role("button", name="Contents").click()
    contents.get_by_role("link", name="HTTP API").click()

    expect(page.get_by_role("heading", name="The HTTP API")).to_be_visible()


def test_code_is_copied(page: Page, server: LiveServer) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.url}/docs/quickstart")

    page.locator(".code", has_text="liverelay serve").get_by_role("button").first.click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "liverelay serve" in page.evaluate("navigator.clipboard.readText()")


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible(
    page: Page, server: LiveServer, name: str, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)

    page.goto(f"{server.url}/docs/{name}")

    assert complaints(page) == []
