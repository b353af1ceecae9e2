"""Real Chromium, with a fake camera, on a page that has the SDK and a video element."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Route

    from tests.support.live_server import LiveServer

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
]

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed (Debian: apt-get install chromium)"
)

_PAGE = """<!doctype html>
<meta charset="utf-8"><title>SDK test</title>
<script src="/static/liverelay.js"></script>
<video id="video" autoplay playsinline></video><video id="local" autoplay playsinline muted></video>
<script>
const states = [];
const video = document.getElementById('video');
const lr = new LiveRelay(location.origin);
const onStateChange = (state) => states.push(state);
const caught = async (promise) => {
  try { await promise; return null; } catch (error) {
    return {
      isLiveRelayError: error instanceof LiveRelayError, code: error.code, message: error.message,
      httpStatus: error.httpStatus ?? null, serverCode: error.serverCode ?? null,
    };
  }
};
// The mean brightness of the picture, 0 to 255; black while video is muted.
const brightness = () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 24 });
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 32, 24);
  const { data } = context.getImageData(0, 0, 32, 24);
  return data.reduce((sum, value, i) => (i % 4 === 3 ? sum : sum + value), 0) / (32 * 24 * 3);
};
</script>
"""


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def open_page(context: BrowserContext, server: LiveServer) -> Page:
    """Open the test page in a new tab; `lr`, `video`, `states` and `caught` are its globals."""
    page = context.new_page()

    def serve(route: Route) -> None:
        route.fulfill(content_type="text/html", body=_PAGE)

    page.route("**/sdk-test", serve)
    page.goto(server.url + "/sdk-test")
    return page


def wait_until_playing(page: Page, seconds: float = 1.0) -> None:
    """Wait until the video has decoded frames and its time goes on by `seconds` from now."""
    page.evaluate("window.start = video.currentTime")
    page.wait_for_function(
        "seconds => video.videoWidth > 0 && video.currentTime > window.start + seconds",
        arg=seconds,
        timeout=15_000,
    )
