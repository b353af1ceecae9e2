"""Whatever strangers send is counted, and a connected peer notices nothing of it."""

from __future__ import annotations

import random
import socket
import struct
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from liverelay.sdp.connection import IceCredentials
from liverelay.transport.counters import DropReason
from tests.support.client import MediaClient, RemoteEndpoint
from tests.support.loopback import LoopbackServer, RecordingSink
from tests.support.stun import binding_request, unauthenticated_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from liverelay.transport.peer_transport import PeerTransport

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

RTP = struct.pack("!BBHII", 0x80, 96, 1, 3000, 1234) + b"payload"
RECEIVER_REPORT = struct.pack("!BBHI", 0x80, 201, 1, 7)
STUN_REST = bytes.fromhex("0000 2112a442") + bytes(12)


class Scene:
    """A server, one connected peer, and a stranger's socket."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.client, self.sink = MediaClient(), RecordingSink()
        self.transport: PeerTransport
        self.remote: RemoteEndpoint
        self._sequence_number = 100
        self._stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stranger.setblocking(False)
        self._stranger.bind(("127.0.0.1", 0))

    async def connect(self) -> None:
        fingerprint = self.client.identity.fingerprint()
        self.transport, self.remote = self.server.open(self.sink, [fingerprint])
        self.client.connect(self.remote)
        await self.client.connected
        await self.sink.connected.wait()

    def send_as_stranger(self, datagram: bytes) -> None:
        self._stranger.sendto(datagram, self.server.address)

    async def expect_drop(self, reason: DropReason, count: int = 1) -> None:
        while self.server.mux.counters.dropped[reason] < count:
            self.server.received.clear()
            await self.server.received.wait()

    async def assert_peer_is_well(self) -> None:
        self._sequence_number += 1
        inbound, outbound = len(self.sink.rtp), len(self.client.rtcp)
        self.client.send_rtp(struct.pack("!BBHII", 0x80, 96, self._sequence_number, 3000, 1234))
        await self.sink.wait_for(rtp=inbound + 1)
        self.transport.send_rtcp(RECEIVER_REPORT)
        await self.client.wait_for(rtcp=outbound + 1)

    def assert_stranger_was_not_answered(self) -> None:
        with pytest.raises(BlockingIOError):
            self._stranger.recv(1)

    def close(self) -> None:
        self.client.close()
        self._stranger.close()


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    async with LoopbackServer() as server:
        scene = Scene(server)
        await scene.connect()
        yield scene
        scene.close()


STRANGERS = {
    DropReason.EMPTY: [b""],
    DropReason.UNKNOWN_KIND: [b"\0", b"\x16", b"\x80", b"\xff" * 40, b"GET / HTTP/1.1\r\n"],
    DropReason.STUN_MALFORMED: [b"\0\1", bytes(20), b"\0\1\0\0" + bytes(16)],
    DropReason.STUN_UNAUTHENTICATED: [unauthenticated_request(), unauthenticated_request("a:b")],
    DropReason.STUN_UNKNOWN_UFRAG: [binding_request(IceCredentials("nobody", "p" * 24))],
    # An indication and a response, which nobody asked for.
    DropReason.STUN_UNEXPECTED: [b"\0\x11" + STUN_REST, b"\1\1" + STUN_REST],
    DropReason.DTLS_MALFORMED: [b"\x16\xfe", b"\x16" + bytes(50), b"\x16\xfe\xfd" + b"\xff" * 30],
    DropReason.DTLS_STRANGER: [b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28", b"\x30" * 40],
    DropReason.SRTP_STRANGER: [RTP, RECEIVER_REPORT, b"\x80\xc8", b"\x80\x60"],
}


@pytest.mark.parametrize(
    ("reason", "datagram"),
    [(reason, datagram) for reason, datagrams in STRANGERS.items() for datagram in datagrams],
    ids=[f"{r}-{i}" for r, datagrams in STRANGERS.items() for i in range(len(datagrams))],
)
async def test_datagram_of_a_stranger_is_counted_and_not_answered(
    scene: Scene, reason: DropReason, datagram: bytes
) -> None:
    scene.send_as_stranger(datagram)
    await scene.expect_drop(reason)
    await scene.assert_peer_is_well()

    scene.assert_stranger_was_not_answered()


async def test_check_with_the_wrong_integrity_is_counted_and_not_answered(scene: Scene) -> None:
    credentials = IceCredentials(scene.remote.ufrag, scene.remote.pwd)

    scene.send_as_stranger(binding_request(credentials, pwd="guess" * 5, nominate=True))
    await scene.expect_drop(DropReason.STUN_WRONG_INTEGRITY)
    await scene.assert_peer_is_well()

    scene.assert_stranger_was_not_answered()


async def test_random_datagrams_harm_nobody(scene: Scene) -> None:
    source = random.Random(20261123)

    for _ in range(20):
        for _ in range(20):  # fewer than the socket's buffer holds
            datagram = source.randbytes(source.randrange(1, 80))
            scene.send_as_stranger(datagram)
            scene.client.send(datagram)
        await scene.assert_peer_is_well()

    assert not scene.sink.closed.is_set()
    scene.assert_stranger_was_not_answered()


@pytest.mark.parametrize(
    ("reason", "datagram"),
    [
        (DropReason.EMPTY, b""),
        (DropReason.UNKNOWN_KIND, b"\x80"),
        (DropReason.SRTP_MALFORMED, b"\x80\x60"),
        (DropReason.SRTP_MALFORMED, b"\x80\xc9\0\1"),
        (DropReason.SRTP_MALFORMED, RECEIVER_REPORT[:7]),
        (DropReason.SRTP_UNAUTHENTICATED, RTP + bytes(16)),
        (DropReason.SRTP_UNAUTHENTICATED, RECEIVER_REPORT + bytes(24)),
        (DropReason.SRTP_OVERSIZE, RTP + bytes(2036)),
        (DropReason.DTLS_MALFORMED, b"\x17\xfe\xfd"),
    ],
)
async def test_damaged_datagram_from_the_peers_address_is_counted(
    scene: Scene, reason: DropReason, datagram: bytes
) -> None:
    scene.client.send(datagram)
    await scene.expect_drop(reason)
    await scene.assert_peer_is_well()


@pytest.mark.parametrize("content_type", [20, 21, 22, 23, 25, 63])
async def test_dtls_garbage_from_the_peers_address_does_not_end_the_session(
    scene: Scene, content_type: int
) -> None:
    scene.client.send(bytes([content_type]) + b"\xfe\xfd" + bytes(8) + b"\0\2\2\x28")
    await scene.assert_peer_is_well()

    assert not scene.sink.closed.is_set()


async def test_replayed_rtp_and_rtcp_are_counted(scene: Scene) -> None:
    rtp, rtcp = scene.client.send_rtp(RTP), scene.client.send_rtcp(RECEIVER_REPORT)
    await scene.sink.wait_for(rtp=1, rtcp=1)

    scene.client.send(rtp)
    scene.client.send(rtcp)
    await scene.expect_drop(DropReason.SRTP_REPLAYED, 2)
    await scene.assert_peer_is_well()

    assert len(scene.sink.rtcp) == 1


async def test_captured_packet_from_another_source_is_a_strangers(scene: Scene) -> None:
    datagram = scene.client.send_rtp(RTP)
    await scene.sink.wait_for(rtp=1)

    scene.send_as_stranger(datagram)
    await scene.expect_drop(DropReason.SRTP_STRANGER)
    await scene.assert_peer_is_well()


async def test_check_of_another_session_does_not_take_a_living_peers_address(scene: Scene) -> None:
    _, other = scene.server.open(RecordingSink(), [scene.client.identity.fingerprint()])

    scene.client.send(binding_request(IceCredentials(other.ufrag, other.pwd), nominate=True))
    await scene.expect_drop(DropReason.STUN_ADDRESS_IN_USE)
    await scene.assert_peer_is_well()


async def test_ssrcs_beyond_the_bound_are_counted(scene: Scene) -> None:
    for ssrc in range(70):
        scene.client.send_rtp(struct.pack("!BBHII", 0x80, 96, 1, 3000, ssrc))
    await scene.expect_drop(DropReason.SRTP_TOO_MANY_SSRCS, 6)

    assert len(scene.sink.rtp) == 64
