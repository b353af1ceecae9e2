"""Makes the pictures of the dashboard in docs/images: `python -m tests.docs.screenshot`.

A real server, a real publisher and real viewers, in Chromium. The page's clock runs faster than
ours, so that its plots are full after two minutes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.browser import (
    open_browser,
    open_page,
    open_playwright,
    press,
    wait_until_playing,
)
from tests.support.dashboard import log_in
from tests.support.live_server import start_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.support.live_server import LiveServer

IMAGES = Path(__file__).parents[2] / "docs" / "images"

_SIZE: ViewportSize = {"width": 1280, "height": 860}
_SCALE = 1.25

# Seconds: each real one is so many of the page's, less than what its plots show as a gap.
_LEAP = 5
_LOOKS = 105

_VIEWERS = 7

# A picture with little noise, since a camera's makes a file ten times as large.
_PUBLISH = """async token => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const context = canvas.getContext('2d');
  const hill = (colour, base, height, length, shift) => {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(0, 720);
    for (let x = 0; x <= 1280; x += 8) {
      context.lineTo(x, base - height * Math.sin((x + shift) / length));
    }
    context.lineTo(1280, 720);
    context.fill();
  };
  const draw = (time) => {
    const sky = context.createLinearGradient(0, 0, 0, 560);
    sky.addColorStop(0, '#2b2d6e');
    sky.addColorStop(0.55, '#b5588f');
    sky.addColorStop(1, '#ffb36b');
    context.fillStyle = sky;
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = '#ffe6b3';
    context.beginPath();
    context.arc(850, 350 + 12 * Math.sin(time / 3000), 76, 0, 2 * Math.PI);
    context.fill();
    hill('#6b3f7f', 470, 62, 250, time / 90);
    hill('#46306b', 550, 48, 170, 700 + time / 60);
    hill('#241d47', 630, 40, 210, 200 + time / 35);
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  stream.addTrack(canvas.captureStream(25).getVideoTracks()[0]);
  window.session = await lr.publish({ token, stream });
}"""
_SUBSCRIBE = """async token => {
  window.session = await lr.subscribe({ token, element: video });
}"""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        open_playwright() as playwright,
        open_browser(playwright) as browser,
    ):
        server = start_server(Path(directory), "--public-address", "127.0.0.1")
        try:
            _take_pictures(browser, server)
        finally:
            server.stop()


def _take_pictures(browser: Browser, server: LiveServer) -> None:
    server.create_room("call")
    room = server.create_room()
    crowd = browser.new_context()
    open_page(crowd, server).evaluate(_PUBLISH, room["tokens"]["publish"])
    window = browser.new_context(viewport=_SIZE, device_scale_factor=_SCALE, color_scheme="light")
    page = window.new_page()
    page.clock.install()
    log_in(page, server)
    page.get_by_role("link", name=room["id"][:8]).click()
    _let_time_pass(page, crowd, server, room["tokens"]["subscribe"])
    press(page, "Preview")
    wait_until_playing(page, element="preview")
    # Two more looks at what each peer sends and gets, a period of RoomStatistics apart, since time
    # has leapt for the rates of those before.
    page.wait_for_timeout(7000)
    _save(page, "dashboard.png")
    page.emulate_media(color_scheme="dark")
    _save(page, "dashboard-dark.png")


def _let_time_pass(page: Page, crowd: BrowserContext, server: LiveServer, token: str) -> None:
    """Fill the plots, while viewers come."""
    for look in range(_LOOKS):
        if look % (_LOOKS // _VIEWERS) == 1:
            open_page(crowd, server).evaluate(_SUBSCRIBE, token)
        page.wait_for_timeout(1000)
        page.clock.fast_forward(_LEAP * 1000)


def _save(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / name)
    print(f"{name}: {(IMAGES / name).stat().st_size // 1000} kB")  # noqa: T201


if __name__ == "__main__":
    main()
