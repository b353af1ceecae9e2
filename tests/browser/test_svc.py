"""Chromium sends AV1 and VP9 in layers, and another decodes those of them that it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import (
    IS_SHOWN,
    SUBSCRIBE,
    expect_each_size,
    replace_port,
    wait_until,
    wait_until_playing,
)
from tests.support.fluency import wait_until_fluent
from tests.support.network import Conditions
from tests.support.udp_proxy import DIRECT, running_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

# Which codec and which layers is the page's to say, and not the SDK's business.
SEND_LAYERS = """async ([join, token, mimeType, scalabilityMode, width]) => {
  const create = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, init) {
    const sendEncodings = [{ scalabilityMode, maxBitrate: 1_000_000 }];
    const isVideo = track.kind === 'video';
    const transceiver = create.call(this, track, isVideo ? { ...init, sendEncodings } : init);
    if (isVideo) {
      const { codecs } = RTCRtpSender.getCapabilities('video');
      transceiver.setCodecPreferences(codecs.filter((codec) => codec.mimeType === mimeType));
      window.sender = transceiver.sender;
    }
    return transceiver;
  };
  const video = { width, height: width * 9 / 16 };
  window.session = await lr[join]({ token, element: local, video, onStateChange });
}"""
SENDS = """async ([mode, width]) => [...(await sender.getStats()).values()].some((entry) =>
  entry.type === 'outbound-rtp' && entry.scalabilityMode === mode && entry.frameWidth === width)"""
# A quarter of 20 pictures in a second, and some time to decode them.
LONGEST_PAUSE = 0.5


# One side of a call that sends no picture.
LISTEN = """async token => {
  window.session = await lr.call({ token, audio: true, element: video, onStateChange });
}"""
FRAMES_SHOWN = "video.getVideoPlaybackQuality().totalVideoFrames"


def publish(page: Page, token: str, mode: str, codec: str = "video/AV1", width: int = 1280) -> None:
    page.evaluate(SEND_LAYERS, ["publish", token, codec, mode, width])
    wait_until(page, SENDS, arg=[mode, width], seconds=40)


@pytest.mark.parametrize(
    ("codec", "mode"),
    [("video/AV1", "L3T3"), ("video/AV1", "L3T3_KEY"), ("video/VP9", "L3T3_KEY")],
)
def test_viewer_gets_the_spatial_layers_that_suit_it(
    server: LiveServer, open_tab: Callable[[], Page], codec: str, mode: str
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publish(publisher, tokens["publish"], mode, codec)

    expect_each_size(viewer, tokens["subscribe"])


def test_other_side_of_a_call_gets_all_spatial_layers(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room("call")["tokens"]
    caller, callee = open_tab(), open_tab()
    caller.evaluate(SEND_LAYERS, ["call", tokens["caller"], "video/AV1", "L2T1", 640])
    callee.evaluate(LISTEN, tokens["callee"])

    for quality, width in (("high", 640), ("low", 320)):
        callee.evaluate("quality => session.setQuality(quality)", quality)
        callee.wait_for_function(IS_SHOWN, arg=width)
    wait_until_playing(callee)


def test_viewer_on_a_slow_path_gets_fewer_pictures_of_the_same_size(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    # Small, so that Chromium need not find out first whether there is room for it.
    publish(publisher, tokens["publish"], "L1T3", width=640)
    with running_proxy(("127.0.0.1", server.port)) as proxy:
        replace_port(viewer, proxy.port)
        viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
        wait_until_fluent(publisher, viewer, 0.9, 1.1, longest_pause=LONGEST_PAUSE)

        # The picture takes 300 kbit/s, and sound is sent beside it.
        proxy.set_conditions(Conditions(rate_bps=220_000, delay=0.02))
        wait_until_fluent(publisher, viewer, 0.2, 0.75, longest_pause=LONGEST_PAUSE)

        proxy.set_conditions(DIRECT)
        wait_until_fluent(publisher, viewer, 0.9, 1.1, longest_pause=LONGEST_PAUSE)


def test_picture_goes_on_at_once_when_the_publisher_returns(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publish(publisher, tokens["publish"], "L1T3", width=320)
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
    # Frames that the publisher, who counts them from the beginning again, needs seconds for.
    viewer.wait_for_function(f"{FRAMES_SHOWN} > 150", timeout=30_000)

    publisher.reload()
    publisher.evaluate(SEND_LAYERS, ["publish", tokens["publish"], "video/AV1", "L1T3", 320])
    shown = viewer.evaluate(FRAMES_SHOWN)

    viewer.wait_for_function(f"shown => {FRAMES_SHOWN} > shown + 10", arg=shown, timeout=2000)
