"""The dashboard in a real browser, as its user meets it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.browser import PUBLISH, SUBSCRIBE, collect_problems, open_page, press

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.live_server import LiveServer

    Look = tuple[Literal["light", "dark"], int]

# The colour scheme, and the width of the window: a desk, and a phone.
LOOKS: list[Look] = [("light", 1280), ("dark", 360)]

# As small as a picture may be for the SDK to send it in several sizes. Drawn, because one camera
# has one size at a time, also for other pages.
_PUBLISH_LAYERS = """async token => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 960, height: 540 });
  const context = canvas.getContext('2d');
  setInterval(() => context.fillRect(960 * Math.random(), 540 * Math.random(), 40, 40), 100);
  window.session = await lr.publish({ token, stream: canvas.captureStream(10), onStateChange });
  return session.state;
}"""

ALLOWED = ["camera", "microphone", "clipboard-read", "clipboard-write"]


@contextmanager
def open_window(browser: Browser, look: Look) -> Iterator[BrowserContext]:
    """Open a window; at its end, no page in it may have complained of anything."""
    scheme, width = look
    context = browser.new_context(
        permissions=ALLOWED, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    problems = collect_problems(context)
    yield context
    context.close()
    assert problems == []


def log_in(page: Page, server: LiveServer, key: str | None = None) -> None:
    """Open the server's address and log in."""
    page.goto(server.url)
    page.get_by_label("API key").fill(key or server.key)
    press(page, "Log in")
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()


def open_room(page: Page, server: LiveServer, room_id: str) -> None:
    """Log in and open the page of a room."""
    log_in(page, server)
    page.get_by_role("link", name=room_id[:8]).click()
    expect(page.get_by_role("heading", name=room_id[:8])).to_be_visible()


def confirm(page: Page, action: str) -> None:
    """Say yes in the dialog that asks."""
    page.get_by_role("dialog").get_by_role("button", name=action).click()


@contextmanager
def live_room(browser: Browser, server: LiveServer, *, layers: bool = False) -> Iterator[str]:
    """Make a room, and have somebody publish to it; yield its id.

    A camera and a microphone, or a picture in three sizes without sound.
    """
    room = server.create_room()
    context = browser.new_context()
    publish = _PUBLISH_LAYERS if layers else PUBLISH
    assert open_page(context, server).evaluate(publish, room["tokens"]["publish"]) == "connected"
    yield str(room["id"])
    context.close()
    server.request("DELETE", f"/v1/rooms/{room['id']}")


@contextmanager
def watching(browser: Browser, server: LiveServer, room_id: str) -> Iterator[Page]:
    """Watch what is published in a room; yield the viewer's page."""
    context = browser.new_context()
    page = open_page(context, server)
    token = server.create_token(room_id, "subscribe")
    assert page.evaluate(SUBSCRIBE, token) == "connected"
    yield page
    context.close()
