"""Clients as interop found them: their offers, their DTLS roles, their kinds of certificate.

The offers are recorded ones; behind them is the test's own client, with the role and the kind of
certificate of the real one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from typing_extensions import override

from tests.support.client import MediaClient
from tests.support.identity import ecdsa_identity, rsa_identity
from tests.support.media_server import MediaServer, serving
from tests.support.packets import VP8_KEYFRAME
from tests.support.peer import OutboundStream, Peer
from tests.support.sdp import offer_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from liverelay.transport.identity import Identity
    from liverelay.transport.types import Address

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

# A sequence parameter set: what an H.264 keyframe begins with.
H264_KEYFRAME = bytes.fromhex("6742c01fda0280f68400000300")


@dataclass(frozen=True)
class Publisher:
    """A publishing client; payload type and SSRC of its streams are those of its offer."""

    setup: str
    identity: Callable[[], Identity]
    video: tuple[int, int]
    audio: tuple[int, int]
    keyframe: bytes
    viewed_as: tuple[int, int]


VIEWED_AS_VP8 = (96, 111)
VIEWED_AS_H264 = (108, 111)
PUBLISHERS = {
    "gstreamer-style": Publisher(
        "actpass", rsa_identity, (96, 2769441520), (97, 2102842218), VP8_KEYFRAME, VIEWED_AS_VP8
    ),
    "ffmpeg-style": Publisher(
        "passive",
        ecdsa_identity,
        (106, 1234567890),
        (111, 3210987654),
        H264_KEYFRAME,
        VIEWED_AS_H264,
    ),
    "ffmpeg-active-style": Publisher(
        "active",
        ecdsa_identity,
        (106, 1234567890),
        (111, 3210987654),
        H264_KEYFRAME,
        VIEWED_AS_H264,
    ),
    "libdatachannel-style": Publisher(
        "actpass", ecdsa_identity, (98, 42), (111, 43), H264_KEYFRAME, VIEWED_AS_H264
    ),
    "obs-style": Publisher(
        "actpass",
        ecdsa_identity,
        (96, 2654435762),
        (111, 2654435761),
        H264_KEYFRAME,
        VIEWED_AS_H264,
    ),
    "simple-whip-client-style": Publisher(
        "actpass", rsa_identity, (96, 2), (100, 1), VP8_KEYFRAME, VIEWED_AS_VP8
    ),
    "pion-style": Publisher(
        "actpass", ecdsa_identity, (96, 1843312201), (111, 918273645), VP8_KEYFRAME, VIEWED_AS_VP8
    ),
}


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def connect_and_show(
    server: MediaServer, name: str, identity: Identity | None = None
) -> None:
    """Publish with the offer called `name` to a viewer with Chromium's; all of it arrives."""
    style = PUBLISHERS[name]
    tokens = (await server.create_room())["tokens"]
    publisher = await server.publish(
        tokens["publish"],
        recorded=offer_text(name),
        setup=style.setup,
        identity=identity or style.identity(),
    )
    viewer = await server.watch(tokens["subscribe"], recorded=offer_text("chromium-subscribe"))
    video = OutboundStream(*style.video, sequence_number=65_535, rtp_timestamp=1)
    audio = OutboundStream(*style.audio, sequence_number=65_535, rtp_timestamp=1)

    frame = publisher.send(video, style.keyframe)
    sound = publisher.send(audio, b"sound")

    shown = await viewer.wait_for(style.viewed_as[0], frame)
    heard = await viewer.wait_for(style.viewed_as[1], sound)
    assert shown.ssrc == viewer.ssrc_of("video")
    assert heard.ssrc == viewer.ssrc_of("audio")


@pytest.mark.parametrize("name", PUBLISHERS)
async def test_publisher_with_the_offer_of_a_real_client_is_seen(
    server: MediaServer, name: str
) -> None:
    await connect_and_show(server, name)


@pytest.mark.parametrize("identity", [ecdsa_identity, rsa_identity])
@pytest.mark.parametrize("name", ["gstreamer-style", "ffmpeg-style", "ffmpeg-active-style"])
async def test_either_kind_of_certificate_works_in_either_dtls_role(
    server: MediaServer, name: str, identity: Callable[[], Identity]
) -> None:
    await connect_and_show(server, name, identity())


async def test_same_small_ssrcs_in_two_rooms_do_not_meet(server: MediaServer) -> None:
    for _ in range(2):
        await connect_and_show(server, "simple-whip-client-style")


async def test_viewer_with_payload_types_of_its_own_gets_those(server: MediaServer) -> None:
    tokens = (await server.create_room())["tokens"]
    publisher = await server.publish(tokens["publish"])
    viewer = await server.watch(tokens["subscribe"], recorded=offer_text("werift-style"))

    frame, sound = publisher.send_frame(is_keyframe=True), publisher.send_sound()

    assert (await viewer.wait_for(97, frame)).ssrc == viewer.ssrc_of("video")
    assert (await viewer.wait_for(96, sound)).ssrc == viewer.ssrc_of("audio")


class LateListener(MediaClient):
    """A passive client that misses what the server sends first, as one that is not ready yet."""

    missed = 0

    @override
    def receive(self, datagram: bytes, source: Address) -> None:
        if 20 <= datagram[0] < 64 and self.missed < 2:
            self.missed += 1
        else:
            super().receive(datagram, source)


async def test_first_flight_that_is_missed_is_soon_repeated(server: MediaServer) -> None:
    """OpenSSL by itself repeats after a second, which would be what every such join costs."""
    tokens = (await server.create_room())["tokens"]
    peer = Peer("publish", tokens["publish"], setup="passive", client_type=LateListener)
    started_at = asyncio.get_running_loop().time()

    await server.connect(peer)

    assert isinstance(peer.client, LateListener)
    assert peer.client.missed == 2
    assert asyncio.get_running_loop().time() - started_at < 0.9
