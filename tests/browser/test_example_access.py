"""The example pages for people who use a keyboard, a screen reader, a phone, or a dark screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import complaints, needs_axe, tab_to
from tests.support.browser import wait_until_playing
from tests.support.example_pages import ALLOWED, go_live, open_link, studio_link, watch_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def open_studio(page: Page, server: LiveServer) -> None:
    """Open the studio and go live with the camera hidden."""
    tokens = server.create_room()["tokens"]
    token, watch = tokens["publish"], tokens["subscribe"]
    page.goto(f"{server.url}/examples/publish.html#token={token}&watch={watch}")
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("button", name="Hide camera").click()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def open_waiting(page: Page, server: LiveServer) -> None:
    """Open the page of a viewer who waits."""
    page.goto(
        f"{server.url}/examples/watch.html#token={server.create_room()['tokens']['subscribe']}"
    )
    expect(page.get_by_text("Nobody is live yet")).to_be_visible()


def open_call(page: Page, server: LiveServer) -> None:
    """Open a call that nobody else has joined."""
    tokens = server.create_room("call")["tokens"]
    token, invite = tokens["caller"], tokens["callee"]
    page.goto(f"{server.url}/examples/call.html#token={token}&invite={invite}")
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("button", name="Join the call").click()
    expect(page.get_by_text("You are in.")).to_be_visible()


def open_complaint(page: Page, server: LiveServer) -> None:
    """Open a page that shows a message."""
    page.goto(f"{server.url}/examples/watch.html")
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.fixture(
    scope="module",
    params=[open_studio, open_waiting, open_call, open_complaint],
    ids=lambda opens: opens.__name__,
)
def page(
    strict_browser: Browser, server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """Each page in turn, on a narrow phone; the tests look at it and leave it as it is."""
    with strict_browser.new_context(
        permissions=["camera", "microphone"], viewport={"width": 320, "height": 800}
    ) as context:
        opened = context.new_page()
        request.param(opened, server)
        yield opened


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_complaint(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)

    assert complaints(page) == []


def test_narrow_phone_need_not_scroll_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_keyboard_alone_goes_live(strict_browser: Browser, server: LiveServer) -> None:
    token = server.create_room()["tokens"]["publish"]
    with strict_browser.new_context(permissions=["camera", "microphone"]) as context:
        page = context.new_page()
        page.goto(f"{server.url}/examples/publish.html#token={token}")

        tab_to(page, "Turn on camera and microphone")
        page.keyboard.press("Enter")
        wait_until_playing(page, element="preview")
        expect(page.get_by_role("button", name="Go live")).to_be_focused()
        page.keyboard.press("Enter")

        expect(page.get_by_role("button", name="Stop")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Go live")).to_be_focused()


def test_keyboard_keeps_its_place_on_the_watch_page(
    strict_browser: Browser, server: LiveServer
) -> None:
    room = server.create_room()
    with strict_browser.new_context(permissions=ALLOWED) as context:
        publisher = open_link(context, server, "publish.html", **studio_link(room))
        go_live(publisher)
        page = open_link(context, server, "watch.html", **watch_link(room))
        wait_until_playing(page)

        tab_to(page, "Turn on sound")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Mute")).to_be_focused()
        server.request("DELETE", f"/v1/rooms/{room['id']}")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        tab_to(page, "Try again")
        page.keyboard.press("Enter")

        expect(page.get_by_text("This room is gone")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_be_focused()
