"""Two pages call each other, through the documented calls of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import wait_until_playing

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

CALL = """async token => {
  window.session = await lr.call({
    token, video: true, audio: true, element: video,
    localElement: document.getElementById('local'), onStateChange,
  });
  return session.state;
}"""


def test_both_sides_see_each_other(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room("call")
    caller, callee = open_tab(), open_tab()

    states = (
        caller.evaluate(CALL, room["tokens"]["caller"]),
        callee.evaluate(CALL, room["tokens"]["callee"]),
    )

    assert states == ("connected", "connected")
    wait_until_playing(caller)
    wait_until_playing(callee)
    assert caller.evaluate("document.getElementById('local').videoWidth > 0")


def test_one_side_leaves_and_returns(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    room = server.create_room("call")
    caller, callee = open_tab(), open_tab()
    caller.evaluate(CALL, room["tokens"]["caller"])
    callee.evaluate(CALL, room["tokens"]["callee"])
    wait_until_playing(caller, 0.5)

    callee.reload()
    callee.evaluate(CALL, room["tokens"]["callee"])

    wait_until_playing(caller)
    wait_until_playing(callee)
    assert caller.evaluate("states") == ["connecting", "connected"]


def test_muted_video_is_black_for_the_other_side(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room("call")
    caller, callee = open_tab(), open_tab()
    caller.evaluate(CALL, room["tokens"]["caller"])
    callee.evaluate(CALL, room["tokens"]["callee"])
    wait_until_playing(callee, 0.5)

    caller.evaluate("session.muteVideo()")

    callee.wait_for_function("brightness() < 5")


def test_muted_audio_is_silent_for_the_other_side(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room("call")
    caller, callee = open_tab(), open_tab()
    caller.evaluate(CALL, room["tokens"]["caller"])
    callee.evaluate(CALL, room["tokens"]["callee"])
    wait_until_playing(callee, 0.5)
    # The fake microphone beeps once a second.
    energy = """async () => {
      const report = [...(await session.stats()).report.values()];
      const inbound = report.find((e) => e.type === 'inbound-rtp' && e.kind === 'audio');
      return inbound?.totalAudioEnergy ?? 0;
    }"""
    callee.wait_for_function(f"async () => (await ({energy})()) > 0")

    caller.evaluate("session.muteAudio()")

    callee.wait_for_function(
        f"""async () => {{
          const before = await ({energy})();
          await new Promise((resolve) => setTimeout(resolve, 1500));
          return (await ({energy})()) - before < 1e-6;
        }}"""
    )
