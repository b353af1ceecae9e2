"""The example pages in a real browser, as those meet them who were sent a link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.support.browser import press, wait_until_playing

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.support.live_server import LiveServer

ALLOWED = ["camera", "microphone", "clipboard-read", "clipboard-write"]


def open_link(context: BrowserContext, server: LiveServer, name: str, **parameters: str) -> Page:
    """Open an example page in a new tab, with what its link carries."""
    page = context.new_page()
    page.goto(f"{server.url}/examples/{name}#{urlencode(parameters)}")
    return page


def turn_on_camera(page: Page) -> None:
    press(page, "Turn on camera and microphone")
    wait_until_playing(page, element="preview")


def go_live(page: Page) -> None:
    turn_on_camera(page)
    press(page, "Go live")
    expect(page.get_by_text(re.compile(r"Live \d\d:\d\d:\d\d"))).to_be_visible()


def join_call(page: Page) -> None:
    turn_on_camera(page)
    press(page, "Join the call")
    expect(page.get_by_role("button", name="Leave")).to_be_visible()


def install_clock(page: Page) -> None:
    """Take over the page's timers, so that `page.clock.run_for` spares waiting for them."""
    page.clock.install()
    page.reload()


def wait_until_still(page: Page, element: str) -> None:
    """Wait until a video has shown its last picture."""
    page.wait_for_function(
        """id => {
          const frames = document.getElementById(id).getVideoPlaybackQuality().totalVideoFrames;
          window.still = frames === window.frames ? window.still + 1 : 0;
          window.frames = frames;
          return window.still > 5;
        }""",
        arg=element,
        polling=100,
    )


def studio_link(room: dict[str, Any]) -> dict[str, str]:
    return {"token": room["tokens"]["publish"], "watch": room["tokens"]["subscribe"]}


def watch_link(room: dict[str, Any]) -> dict[str, str]:
    return {"token": room["tokens"]["subscribe"]}
