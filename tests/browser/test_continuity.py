"""The picture goes on, whatever a publisher changes and wherever anyone is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import (
    CALL,
    PUBLISH,
    SUBSCRIBE,
    replace_port,
    wait_until,
    wait_until_playing,
)
from tests.support.network import Conditions
from tests.support.udp_proxy import DIRECT, running_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

# A drawing of that size, always moving, and a tone that can be stopped.
PUBLISH_DRAWING = """async token => {
  window.canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const drawing = canvas.getContext('2d');
  setInterval(() => {
    drawing.fillStyle = `hsl(${performance.now() / 10 % 360} 100% 50%)`;
    drawing.fillRect(0, 0, canvas.width, canvas.height);
  }, 33);
  const sound = new AudioContext();
  window.tone = new GainNode(sound, { gain: 0.5 });
  const oscillator = new OscillatorNode(sound, { frequency: 300 });
  const output = sound.createMediaStreamDestination();
  oscillator.connect(tone).connect(output);
  oscillator.start();
  const [video] = canvas.captureStream(30).getTracks();
  const stream = new MediaStream([video, ...output.stream.getTracks()]);
  window.session = await lr.publish({ token, stream, onStateChange });
}"""

PREFER = """type => {
  const [kind] = type.split('/');
  const { prototype } = RTCPeerConnection;
  const { addTransceiver } = prototype;
  prototype.addTransceiver = function (...args) {
    const transceiver = addTransceiver.apply(this, args);
    if (transceiver.receiver.track.kind === kind) {
      const { codecs } = RTCRtpSender.getCapabilities(kind);
      const isPreferred = ({ mimeType }) => mimeType === type;
      transceiver.setCodecPreferences([
        ...codecs.filter(isPreferred), ...codecs.filter((codec) => !isPreferred(codec)),
      ]);
    }
    return transceiver;
  };
}"""

# How many packets of sound have come, and how many frames were thrown away.
HEARD = """async () => {
  const entries = [...(await session.stats()).report.values()];
  const sound = entries.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
  return [sound?.packetsReceived ?? 0, sound?.packetsDiscarded ?? 0];
}"""
HAS_HEARD = f"async least => (await ({HEARD})())[0] >= least"

# Resolves to the numbers of the streams that are received, by kind.
RECEIVED = """async () => {
  const { report } = await session.stats();
  return [...report.values()]
    .filter(({ type }) => type === 'inbound-rtp')
    .map(({ kind, ssrc, packetsLost }) => ({ kind, ssrc, packetsLost }));
}"""


def connected_once(page: Page) -> bool:
    return bool(page.evaluate("states") == ["connecting", "connected"])


def test_picture_grows_and_shrinks_with_the_publishers(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH_DRAWING, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
    wait_until_playing(viewer)
    before = viewer.evaluate(RECEIVED)

    for width, height in ((640, 480), (240, 320)):
        publisher.evaluate(
            "size => Object.assign(canvas, size)", {"width": width, "height": height}
        )
        viewer.wait_for_function(
            "([width, height]) => video.videoWidth * height === video.videoHeight * width"
            " && video.videoWidth >= width / 2",
            arg=[width, height],
        )
        wait_until_playing(viewer)

    assert connected_once(viewer)
    assert viewer.evaluate(RECEIVED) == before


def test_viewer_goes_on_when_the_publisher_returns_with_other_codecs_first(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
    wait_until_playing(viewer)
    before = [(each["kind"], each["ssrc"]) for each in viewer.evaluate(RECEIVED)]

    publisher.reload()
    publisher.evaluate(PREFER, "video/VP9")
    publisher.evaluate(PUBLISH, tokens["publish"])

    wait_until_playing(viewer)
    assert connected_once(viewer)
    assert [(each["kind"], each["ssrc"]) for each in viewer.evaluate(RECEIVED)] == before


@pytest.mark.parametrize("moving", ["publisher", "viewer"])
def test_picture_goes_on_when_one_side_moves_to_another_address(
    moving: str, server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    pages = {"publisher": open_tab(), "viewer": open_tab()}
    with running_proxy(("127.0.0.1", server.port)) as proxy:
        replace_port(pages[moving], proxy.port)
        pages["publisher"].evaluate(PUBLISH, tokens["publish"])
        pages["viewer"].evaluate(SUBSCRIBE, tokens["subscribe"])
        wait_until_playing(pages["viewer"])

        for _ in range(2):
            proxy.rebind()
            wait_until_playing(pages["viewer"], seconds=4.0)

    assert connected_once(pages["publisher"])
    assert connected_once(pages["viewer"])


def test_call_goes_on_when_one_side_moves_to_another_address(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room("call")["tokens"]
    caller, callee = open_tab(), open_tab()
    with running_proxy(("127.0.0.1", server.port)) as proxy:
        replace_port(caller, proxy.port)
        caller.evaluate(CALL, tokens["caller"])
        callee.evaluate(CALL, tokens["callee"])
        wait_until_playing(caller)
        wait_until_playing(callee)

        proxy.rebind()

        wait_until_playing(callee, seconds=4.0)
        wait_until_playing(caller)
    assert connected_once(caller)
    assert connected_once(callee)


def test_page_whose_network_was_away_comes_back_by_itself(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    with running_proxy(("127.0.0.1", server.port)) as proxy:
        replace_port(publisher, proxy.port)
        publisher.evaluate(PUBLISH, tokens["publish"])
        viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
        wait_until_playing(viewer)

        proxy.set_conditions(Conditions(loss=1.0))
        publisher.wait_for_function("session.state === 'connecting'")
        proxy.set_conditions(DIRECT)

        publisher.wait_for_function("session.state === 'connected'")
        wait_until_playing(viewer)
    assert connected_once(viewer)


def test_page_is_told_who_speaks(server: LiveServer, open_tab: Callable[[], Page]) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH_DRAWING, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])

    viewer.evaluate(
        """() => {
          window.heard = [];
          session.on('speaking', ({ detail }) => heard.push(detail));
        }"""
    )
    viewer.wait_for_function("heard.length === 1")
    publisher.evaluate("session.muteAudio()")
    viewer.wait_for_function("heard.length === 2")
    publisher.evaluate("session.unmuteAudio()")
    viewer.wait_for_function("heard.length === 3")

    heard = viewer.evaluate("heard")
    assert [each["speaking"] for each in heard] == [True, False, True]
    assert heard[0]["dominant"] is True
    assert 0.05 < heard[0]["audioLevel"] <= 1
    assert len({each["peerId"] for each in heard}) == 1


@pytest.mark.parametrize("codec", ["audio/opus", "audio/red"])
def test_sound_with_redundancy_reaches_the_viewer_with_it(
    server: LiveServer, open_tab: Callable[[], Page], codec: str
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    for page in (publisher, viewer):
        page.evaluate(PREFER, codec)
    publisher.evaluate(PUBLISH_DRAWING, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])

    wait_until(viewer, HAS_HEARD, arg=100)

    received, discarded = viewer.evaluate(HEARD)
    # Each packet brings the one before once more, which has been heard by then.
    repeated = received if codec == "audio/red" else 0
    assert abs(discarded - repeated) < 0.2 * received


def test_sound_is_protected_against_loss_from_end_to_end(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    publisher.evaluate(PUBLISH_DRAWING, tokens["publish"])
    viewer.evaluate(SUBSCRIBE, tokens["subscribe"])

    for page, direction in ((publisher, "outbound-rtp"), (viewer, "inbound-rtp")):
        wait_until(
            page,
            """async (direction) => {
              const entries = [...(await session.stats()).report.values()];
              const isSound = ({ type, kind }) => type === direction && kind === 'audio';
              const sound = entries.find(isSound);
              const codec = entries.find(({ id }) => id === sound?.codecId);
              return codec?.sdpFmtpLine?.includes('useinbandfec=1');
            }""",
            arg=direction,
        )
