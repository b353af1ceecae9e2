"""Chromium sends three sizes of its camera, and another gets the one that suits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import (
    IS_SHOWN,
    SUBSCRIBE,
    expect_each_size,
    wait_until,
    wait_until_playing,
)
from tests.support.fluency import record, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

# The connection is the page's to change: how a publisher stops a layer is not the SDK's business.
PUBLISH_HD = """async token => {
  const create = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (...parameters) {
    const transceiver = create.apply(this, parameters);
    if (transceiver.sender.track?.kind === 'video') window.sender = transceiver.sender;
    return transceiver;
  };
  const video = { width: 1280, height: 720 };
  window.session = await lr.publish({ token, video, onStateChange });
}"""
# Frames in two temporal layers, and the extension that describes them.
SEND_LAYERS_OF_AV1 = """() => {
  const create = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, init) {
    if (track.kind !== 'video') return create.call(this, track, init);
    for (const encoding of init.sendEncodings) encoding.scalabilityMode = 'L1T2';
    const transceiver = create.call(this, track, init);
    const { codecs } = RTCRtpSender.getCapabilities('video');
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === 'video/AV1'));
    return transceiver;
  };
}"""
SENT_SIZES = """async sizes => {
  const sent = [...(await sender.getStats()).values()]
    .filter(({ type, framesPerSecond }) => type === 'outbound-rtp' && framesPerSecond > 0)
    .map(({ frameWidth }) => frameWidth);
  return sizes.every((size) => sent.includes(size));
}"""
STOP_LARGEST = """async () => {
  const parameters = sender.getParameters();
  parameters.encodings[2].active = false;
  await sender.setParameters(parameters);
}"""


@pytest.mark.parametrize("prepare", ["() => {}", SEND_LAYERS_OF_AV1], ids=["VP8", "AV1"])
def test_viewer_gets_the_size_that_suits_it(
    server: LiveServer, open_tab: Callable[[], Page], prepare: str
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(prepare)
    publisher.evaluate(PUBLISH_HD, tokens["publish"])
    wait_until(publisher, SENT_SIZES, arg=[320, 640, 1280], seconds=30)

    expect_each_size(viewer, tokens["subscribe"])


def test_viewer_falls_back_when_its_size_is_sent_no_more(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH_HD, tokens["publish"])
    wait_until(publisher, SENT_SIZES, arg=[320, 640, 1280], seconds=30)
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
    viewer.wait_for_function(IS_SHOWN, arg=1280)
    record(viewer)
    viewer.wait_for_function("recorded.frames[1280] > 10")

    publisher.evaluate(STOP_LARGEST)
    viewer.wait_for_function(IS_SHOWN, arg=640)
    wait_until_playing(viewer)

    # For so long the last picture of the one size stood before the first of the other.
    seen = recorded(viewer)
    assert set(seen.frames) == {1280, 640}
    assert seen.longest_pause <= 1.0
