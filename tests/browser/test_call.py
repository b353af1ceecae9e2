"""Two pages call each other, through the documented calls of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import CALL, wait_until, wait_until_black, wait_until_playing

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


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
    wait_until_playing(caller)

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
    wait_until_playing(callee)

    caller.evaluate("session.muteVideo()")

    wait_until_black(callee)


def test_muted_audio_is_silent_for_the_other_side(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    room = server.create_room("call")
    caller, callee = open_tab(), open_tab()
    caller.evaluate(CALL, room["tokens"]["caller"])
    callee.evaluate(CALL, room["tokens"]["callee"])
    wait_until_playing(callee)
    # The fake microphone beeps once a second; what it sends while muted has no energy.
    callee.evaluate(
        """() => {
          window.hear = async () => {
            const report = [...(await session.stats()).report.values()];
            const heard = report.find((e) => e.type === 'inbound-rtp' && e.kind === 'audio');
            const { totalAudioEnergy: energy = 0, totalSamplesDuration: seconds = 0 } = heard ?? {};
            return { energy, seconds };
          };
        }"""
    )
    wait_until(callee, "async () => (await hear()).energy > 0")

    caller.evaluate("session.muteAudio()")

    wait_until(
        callee,
        """async () => {
          const now = await hear();
          window.since ??= now;
          if (now.energy - since.energy > 1e-6) window.since = now;
          return now.seconds - since.seconds > 1.5;
        }""",
    )
