"""The dashboard for people who use a keyboard, a screen reader, a phone, or a dark screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import complaints_by_scheme, tab_to
from tests.support.browser import press
from tests.support.dashboard import LOOKS, live_room, log_in, open_room, open_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def live(browser: Browser, server: LiveServer) -> Iterator[str]:
    """The id of a room to which somebody publishes."""
    with live_room(browser, server) as room_id:
        yield room_id


@pytest.fixture(params=LOOKS, ids=["light-desk", "dark-phone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with open_window(browser, request.param) as context:
        yield context.new_page()


def test_no_view_has_a_fault_light_or_dark(page: Page, server: LiveServer, live: str) -> None:
    page.goto(server.url)
    found = {"log in": complaints_by_scheme(page)}
    open_room(page, server, live)
    expect(page.get_by_role("region", name="Published streams")).to_contain_text("opus")
    press(page, "Create link")
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    found["room"] = complaints_by_scheme(page)
    press(page, "Delete room")
    found["question"] = complaints_by_scheme(page)
    page.keyboard.press("Escape")
    for name in ("API keys", "Server", "Rooms"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        found[name] = complaints_by_scheme(page)

    assert {view: said for view, said in found.items() if said} == {}


def test_what_comes_and_goes_has_no_fault_light_or_dark(
    empty_server: LiveServer, page: Page
) -> None:
    rooms = [empty_server.create_room()["id"] for _ in range(12)]
    log_in(page, empty_server)
    page.get_by_label("Find a room").fill("nothing of this kind")
    expect(page.get_by_text("No room matches.")).to_be_visible()
    found = {"no such room": complaints_by_scheme(page)}
    for room_id in rooms:
        empty_server.request("DELETE", f"/v1/rooms/{room_id}")
    expect(page.get_by_label("Find a room")).to_be_hidden()
    expect(page.get_by_role("heading", name="No rooms yet")).to_be_visible()
    found["no rooms"] = complaints_by_scheme(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="API keys").click()
    page.get_by_label("What is the new key for?").fill("a shop")
    press(page, "Create key")
    expect(page.get_by_label("New API key")).to_be_visible()
    found["new key"] = complaints_by_scheme(page)

    assert {view: said for view, said in found.items() if said} == {}


def test_menu_is_one_line_on_the_narrowest_phone(page: Page, server: LiveServer) -> None:
    page.set_viewport_size({"width": 320, "height": 640})

    log_in(page, server)

    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    lines = """link => {
      const text = document.createRange();
      text.selectNodeContents(link.firstChild);
      return text.getClientRects().length;
    }"""
    assert [link.evaluate(lines) for link in links.all()] == [1] * 4
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_keyboard_alone_makes_and_deletes_a_room(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    tab_to(page, "API key")
    page.keyboard.type(server.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    tab_to(page, "New call")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Call"))).to_be_visible()

    tab_to(page, "Delete room")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete room")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").filter(has_text="is deleted")).to_be_visible()


def test_theme_is_chosen_and_kept_for_all_pages(page: Page, server: LiveServer) -> None:
    log_in(page, server)
    darkness = """() => {
      const [red] = getComputedStyle(document.body).backgroundColor.match(/\\d+/);
      return Number(red) < 128 ? 'dark' : 'light';
    }"""
    before = page.evaluate(darkness)
    chosen = {"light": "dark", "dark": "light"}[before]
    other = page.context.new_page()
    other.goto(f"{server.url}/docs/")
    assert other.evaluate(darkness) == before

    press(page, f"Use the {chosen} theme")
    assert page.evaluate(darkness) == chosen
    other.wait_for_function(f"chosen => ({darkness})() === chosen", arg=chosen)

    for address in ("dashboard/", "docs/http-api", "examples/watch.html"):
        page.goto(f"{server.url}/{address}")
        assert page.evaluate(darkness) == chosen
    page.goto(f"{server.url}/dashboard/")
    expect(page.get_by_role("button", name=f"Use the {before} theme")).to_be_visible()
