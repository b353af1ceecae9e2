"""What is sent and played changes during a session: screen for camera, camera for camera, sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import PUBLISH, SUBSCRIBE, open_page, wait_until_playing

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

LABEL = "session.localStream.getVideoTracks()[0].label"

# A click, since Chromium shares no screen without one.
SHARE = """() => {
  const source = new Promise((resolve) => {
    session.on('sourcechange', ({ detail }) => resolve(detail.source));
  });
  return session.startScreenShare().then(() => source);
}"""

WATCH_WITH_SOUND = """
  addEventListener('click', () => video.play());
  lr.subscribe({ token: '%s', element: video })
    .then((session) => session.on('playblocked', () => console.log('playblocked')));
"""


@pytest.fixture
def live(server: LiveServer, open_tab: Callable[[], Page]) -> tuple[Page, Page]:
    """A publisher and a viewer who sees it."""
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
    wait_until_playing(viewer)
    return publisher, viewer


def test_viewer_sees_the_screen_and_then_the_camera_again(live: tuple[Page, Page]) -> None:
    publisher, viewer = live
    camera = publisher.evaluate(LABEL)
    width = viewer.evaluate("video.videoWidth")

    assert publisher.evaluate(SHARE) == "screen"
    assert publisher.evaluate(LABEL) != camera
    viewer.wait_for_function("width => video.videoWidth !== width", arg=width)
    wait_until_playing(viewer)
    publisher.evaluate("session.stopScreenShare()")

    assert publisher.evaluate(LABEL) == camera
    viewer.wait_for_function("width => video.videoWidth === width", arg=width)
    wait_until_playing(viewer)
    assert viewer.evaluate("states") == ["connecting", "connected"]


def test_screen_that_the_browser_stops_sharing_gives_way_to_the_camera(
    live: tuple[Page, Page],
) -> None:
    publisher, viewer = live
    camera = publisher.evaluate(LABEL)
    publisher.evaluate(SHARE)

    # As the browser's own button does: the track ends, and the page did not end it.
    publisher.evaluate(
        """() => {
          const [screen] = session.localStream.getVideoTracks();
          screen.stop();
          screen.dispatchEvent(new Event('ended'));
        }"""
    )

    publisher.wait_for_function("!session.isScreenShared")
    assert publisher.evaluate(LABEL) == camera
    wait_until_playing(viewer)


def test_viewer_goes_on_when_the_camera_is_switched(live: tuple[Page, Page]) -> None:
    publisher, viewer = live
    before = publisher.evaluate(LABEL)

    after = publisher.evaluate(
        f"""async () => {{
          const devices = await navigator.mediaDevices.enumerateDevices();
          const cameras = devices.filter(({{ kind }}) => kind === 'videoinput');
          await session.switchCamera(cameras.at(-1).deviceId);
          return {LABEL};
        }}"""
    )

    assert after != before
    wait_until_playing(viewer)
    assert viewer.evaluate("states") == ["connecting", "connected"]


def test_video_that_is_muted_stays_so_when_the_camera_is_switched(
    live: tuple[Page, Page],
) -> None:
    publisher, _ = live
    publisher.evaluate("session.muteVideo()")

    publisher.evaluate("session.switchCamera({ facingMode: 'user' })")

    assert publisher.evaluate("session.isVideoMuted") is True
    assert publisher.evaluate("session.localStream.getVideoTracks()[0].enabled") is False


def test_sound_before_a_click_is_reported_and_plays_after_one(
    server: LiveServer, strict_browser: Browser, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    open_tab().evaluate(PUBLISH, tokens["publish"])

    with strict_browser.new_context() as context:
        script = WATCH_WITH_SOUND % tokens["subscribe"]
        with context.expect_console_message(lambda message: message.text == "playblocked"):
            viewer = open_page(context, server, script)
        viewer.mouse.click(5, 5)

        wait_until_playing(viewer)
        assert viewer.evaluate("video.muted") is False
