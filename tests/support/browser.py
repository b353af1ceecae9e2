"""Real Chromium, with a fake camera, on a page that has the SDK and a video element."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.support.chromium import CHROMIUM, PERMISSIVE_FLAGS, STRICT_FLAGS
from tests.support.udp_proxy import with_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Route

    from tests.support.live_server import LiveServer

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed (Debian: apt-get install chromium)"
)

# Each resolves to the session's state; `session` is then a global of the page.
PUBLISH = """async token => {
  window.session = await lr.publish({ token, video: { height: 480 }, audio: true, onStateChange });
  return session.state;
}"""
# Without a size of its own an element is as large as what it is sent.
IS_SHOWN = "width => video.videoWidth === width"
SUBSCRIBE = """async token => {
  window.session = await lr.subscribe({ token, element: video, onStateChange });
  return session.state;
}"""
CALL = """async token => {
  window.session = await lr.call({
    token, video: { height: 480 }, audio: true, element: video, localElement: local, onStateChange,
  });
  return session.state;
}"""

# Chromium's own line for each refusal of the server; what a page makes of it is for its tests.
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

# The mean brightness of a picture, 0 to 255.
_BRIGHTNESS = """id => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 24 });
  const context = canvas.getContext('2d');
  context.drawImage(document.getElementById(id), 0, 0, 32, 24);
  const { data } = context.getImageData(0, 0, 32, 24);
  return data.reduce((sum, value, i) => (i % 4 === 3 ? sum : sum + value), 0) / (32 * 24 * 3);
}"""

_PAGE = """<!doctype html>
<meta charset="utf-8"><title>SDK test</title>
<script src="/static/liverelay.js"></script>
<video id="video" autoplay playsinline></video><video id="local" autoplay playsinline muted></video>
<script>
const states = [];
const video = document.getElementById('video');
const local = document.getElementById('local');
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
</script>
"""


@contextmanager
def open_playwright() -> Iterator[Playwright]:
    """Open playwright; one at a time, and for as many browsers as are needed."""
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def open_browser(playwright: Playwright, *, permissive: bool = True) -> Iterator[Browser]:
    flags = PERMISSIVE_FLAGS if permissive else STRICT_FLAGS
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(flags))
    yield browser
    browser.close()


def open_page(context: BrowserContext, server: LiveServer, script: str = "") -> Page:
    """Open the test page in a new tab; `lr`, `video`, `states` and `caught` are its globals.

    Args:
        context: The window.
        server: Where the page comes from.
        script: Run by the page itself. What `Page.evaluate` runs counts as a click of the user.
    """
    page = context.new_page()

    def serve(route: Route) -> None:
        route.fulfill(content_type="text/html", body=f"{_PAGE}<script>{script}</script>")

    page.route("**/sdk-test", serve)
    page.goto(server.url + "/sdk-test")
    return page


def replace_port(page: Page, port: int) -> None:
    """Lead the page's media to `port` of the host that the server announces, from now on."""

    def answer(route: Route) -> None:
        if route.request.method not in {"POST", "PATCH"}:
            route.fallback()
            return
        response = route.fetch()
        if response.status != 200:
            route.fulfill(response=response)
            return
        body = response.json()
        route.fulfill(response=response, json={**body, "sdp": with_port(body["sdp"], port)})

    page.route(re.compile(r"/sfu/(publish|subscribe|call|sessions/[^/]+)$"), answer)


def collect_problems(context: BrowserContext) -> list[str]:
    """Return a list that gets every console error (so also what the CSP blocks) and exception."""
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _REFUSED.match(message.text):
            problems.append(message.text)

    context.on("console", on_console)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    return problems


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def wait_until(page: Page, predicate: str, *, arg: object = None, seconds: float = 10.0) -> None:
    """Wait until an asynchronous JavaScript predicate resolves to something true.

    `Page.wait_for_function` does not wait for the promise and takes it for a yes.
    """
    page.evaluate(
        f"""async ([arg, seconds]) => {{
          const holds = {predicate};
          const deadline = performance.now() + seconds * 1000;
          while (!(await holds(arg))) {{
            if (performance.now() > deadline) throw new Error(`never came true: ${{holds}}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }}
        }}""",
        [arg, seconds],
    )


def wait_until_black(page: Page, *, element: str = "video") -> None:
    """Wait until a video shows black, which is what muted video looks like."""
    page.wait_for_function(f"id => ({_BRIGHTNESS})(id) < 5", arg=element)


def wait_until_bright(page: Page, *, element: str = "video") -> None:
    """Wait until a video shows a picture again."""
    page.wait_for_function(f"id => ({_BRIGHTNESS})(id) > 30", arg=element)


def wait_until_playing(page: Page, seconds: float = 0.5, *, element: str = "video") -> None:
    """Wait until a video shows pictures and its time goes on by `seconds` from now.

    A `<video>` goes on by the clock whether or not new pictures come, so both are waited for.
    """
    page.evaluate(
        """id => {
          const video = document.getElementById(id);
          window.start = {
            time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames,
          };
        }""",
        element,
    )
    page.wait_for_function(
        """([id, seconds]) => {
          const video = document.getElementById(id);
          const frames = video.getVideoPlaybackQuality().totalVideoFrames - window.start.frames;
          return frames > 5 && video.currentTime > window.start.time + seconds;
        }""",
        arg=[element, seconds],
        timeout=15_000,
    )


def expect_each_size(viewer: Page, token: str) -> None:
    """Watch video of 320, 640 and 1,280 pixels, and get what is asked for and what is shown."""
    viewer.evaluate(SUBSCRIBE, token)
    viewer.wait_for_function(IS_SHOWN, arg=1280)
    for quality, width in (("low", 320), ("medium", 640), ("high", 1280)):
        viewer.evaluate("quality => session.setQuality(quality)", quality)
        viewer.wait_for_function(IS_SHOWN, arg=width)
        wait_until_playing(viewer)

    viewer.evaluate("session.setQuality('auto'); video.style.width = '300px'")
    viewer.wait_for_function(IS_SHOWN, arg=320)
    viewer.evaluate("video.style.width = '1000px'")
    viewer.wait_for_function(IS_SHOWN, arg=1280)
    wait_until_playing(viewer)
