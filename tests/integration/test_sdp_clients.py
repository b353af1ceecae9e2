"""Real clients take our answers to their own offers."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription

from liverelay.rtp.types import Mid, PayloadType
from liverelay.sdp.answer import Purpose, answer
from liverelay.sdp.offer import parse_offer
from liverelay.sdp.parameters import Codec, MediaKind
from tests.support.browsers import FIREFOX, chromium_page, firefox_page
from tests.support.chromium import CHROMIUM
from tests.support.record_offers import OFFER_SCRIPT, SCENES
from tests.support.sdp import LOCAL, OPUS, answer_to, offer_names, publication, purpose_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from liverelay.sdp.parameters import ReceiveParameters
    from tests.support.browsers import Page

SETTLE_SCRIPT = """window.pc.setRemoteDescription({type: 'answer', sdp: %s}).then(() => ({
  state: window.pc.signalingState,
  directions: Object.fromEntries(window.pc.getTransceivers()
    .filter(each => each.currentDirection && each.currentDirection !== 'stopped')
    .map(each => [each.receiver.track.kind, each.currentDirection])),
  streams: [...new Set(window.pc.getReceivers().map(each => each.track.kind))],
  sent: Object.fromEntries(window.pc.getTransceivers().filter(each => each.sender.track)
    .map(each => [each.sender.track.kind,
      each.sender.getParameters().codecs.map(codec => codec.mimeType)])),
}))"""

H265 = Codec(PayloadType(116), "H265", 90000)

SENDRECV = {"audio": "sendrecv", "video": "sendrecv"}
DIRECTIONS = {
    "publish": {"audio": "sendonly", "video": "sendonly"},
    "subscribe": {"audio": "recvonly", "video": "recvonly"},
    "call": SENDRECV,
    "video-first": SENDRECV,
    "audio-only": {"audio": "sendrecv"},
    "simulcast": {"audio": "sendonly", "video": "sendonly"},
    "data-channel": SENDRECV,
    "red-first": {"audio": "sendonly"},
    "stopped-audio": {"video": "sendrecv"},
}


async def settle(
    page: Page, scene: str, publications: Sequence[ReceiveParameters] = (), hidden: str = ""
) -> dict[str, Any]:
    """Let the page offer, answer it, and return what the page made of the answer.

    `hidden` are formats that we do not get to see in the offer's media lines.
    """
    offer = await page.evaluate(OFFER_SCRIPT % SCENES[scene])
    seen = parse_offer(offer.replace(hidden, "") if hidden else offer)
    sdp = answer(seen, LOCAL, purpose_of(scene), publications=publications).sdp
    result: dict[str, Any] = await page.evaluate(SETTLE_SCRIPT % json.dumps(sdp))
    await page.evaluate("window.pc.close()")
    return result


@pytest.mark.browser
@pytest.mark.timeout(120)
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
@pytest.mark.asyncio
async def test_chromium_takes_the_answer_to_each_of_its_offers() -> None:
    async with chromium_page() as page:
        results = {scene: await settle(page, scene) for scene in SCENES}

    assert {scene: result["directions"] for scene, result in results.items()} == DIRECTIONS
    assert {result["state"] for result in results.values()} == {"stable"}
    assert results["publish"]["sent"]["video"] == ["video/VP8", "video/rtx"]
    assert results["publish"]["sent"]["audio"] == ["audio/opus", "audio/red"]


@pytest.mark.browser
@pytest.mark.timeout(60)
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")
@pytest.mark.asyncio
async def test_chromium_takes_an_answer_that_leaves_out_a_section() -> None:
    published = [publication(MediaKind.AUDIO, OPUS), publication(MediaKind.VIDEO, H265)]
    async with chromium_page() as page:
        unplayable = await settle(page, "subscribe", published)
        rejected = await settle(page, "call", hidden=" 111 63 9 0 8")

    assert unplayable["directions"] == {"audio": "recvonly", "video": "inactive"}
    assert rejected["directions"] == {"video": "sendrecv"}


@pytest.mark.browser
@pytest.mark.timeout(180)
@pytest.mark.skipif(not FIREFOX.exists(), reason="Firefox is not installed")
@pytest.mark.asyncio
async def test_firefox_takes_the_answer_to_each_of_its_offers() -> None:
    scenes = [scene for scene in SCENES if scene != "red-first"]
    async with firefox_page() as page:
        results = {scene: await settle(page, scene) for scene in scenes}

    assert {scene: result["directions"] for scene, result in results.items()} == {
        scene: DIRECTIONS[scene] for scene in scenes
    }
    assert {result["state"] for result in results.values()} == {"stable"}


@asynccontextmanager
async def aiortc_peer(direction: str) -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection()
    for kind in ("audio", "video"):
        connection.addTransceiver(kind, direction=direction)
    connection.createDataChannel("chat")
    await connection.setLocalDescription(await connection.createOffer())
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.network
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("direction", "purpose"),
    [
        ("sendonly", Purpose.PUBLISH),
        ("recvonly", Purpose.SUBSCRIBE),
        ("sendrecv", Purpose.CALL),
    ],
)
async def test_aiortc_takes_the_answer_to_its_offer(direction: str, purpose: Purpose) -> None:
    async with aiortc_peer(direction) as connection:
        sdp = answer(parse_offer(connection.localDescription.sdp), LOCAL, purpose).sdp

        await connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

        assert connection.signalingState == "stable"
        assert [each.currentDirection for each in connection.getTransceivers()] == [direction] * 2


@pytest.mark.network
@pytest.mark.asyncio
@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "sendrecv"])
async def test_libwebrtc_takes_the_answer_to_its_offer(direction: str) -> None:
    webrtc = pytest.importorskip("webrtc", reason="the wrtc package is not installed")
    connection = webrtc.RTCPeerConnection()
    for kind in ("audio", "video"):
        connection.add_transceiver(kind, webrtc.RTCRtpTransceiverInit(direction=direction))
    await connection.set_local_description(await connection.create_offer())
    sdp = answer(parse_offer(connection.local_description.sdp), LOCAL, Purpose.CALL).sdp

    await connection.set_remote_description(
        webrtc.RTCSessionDescription(webrtc.RTCSessionDescriptionInit(type="answer", sdp=sdp))
    )

    directions = [str(each.current_direction) for each in connection.get_transceivers()]
    connection.close()
    assert directions == [direction] * 2


@pytest.mark.parametrize("name", offer_names())
def test_aiortc_reads_in_the_answer_what_we_meant(name: str) -> None:
    result = answer_to(name)

    read = SessionDescription.parse(result.sdp)

    sent = {each.mid: each for each in result.agreed.send}
    for media in read.media:
        if media.port and media.kind in {"audio", "video"}:
            assert media.ice is not None
            assert media.ice.iceLite
            assert media.ice_candidates_complete
            assert [each.ip for each in media.ice_candidates] == ["10.99.0.1", "fd00::1"]
            assert media.rtcp_mux
            assert media.direction in {"sendonly", "recvonly", "sendrecv"}
        if media.rtp.muxId in sent:
            assert media.ssrc[0].ssrc == sent[Mid(media.rtp.muxId)].ssrc
            assert media.ssrc[0].cname == "relay-cname"
    accepted = [media.rtp.muxId for media in read.media if media.port]
    assert read.group[0].items == accepted
