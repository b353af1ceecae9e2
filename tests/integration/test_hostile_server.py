"""While a call runs, strangers and the peers themselves send what they should not.

It is counted, and nothing else happens to anyone: each test ends with media in both directions.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from liverelay.sdp.connection import IceCredentials
from liverelay.sfu.drops import DropReason as MediaDropReason
from liverelay.transport.counters import DropReason
from tests.support.media_server import MediaServer, serving
from tests.support.packets import VP8_KEYFRAME, one_byte_elements, rtp
from tests.support.peer import AUDIO, VIDEO, gaps
from tests.support.stun import binding_request, unauthenticated_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

# More than this at once might not fit the socket buffer of a server without privileges.
BURST = 100
QUIET_PERIOD = 0.5


class Call:
    """A call between two peers, and a stranger who knows the port."""

    def __init__(self, server: MediaServer, room_id: str, peers: list[Peer]) -> None:
        self.server = server
        self.room_id = room_id
        self.caller, self.callee = peers
        self.stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stranger.setblocking(False)
        self.stranger.bind(("127.0.0.1", 0))

    @property
    def dropped_media(self) -> dict[MediaDropReason, int]:
        return self.server.worker._rooms[self.room_id].drops

    def send_as_stranger(self, datagram: bytes) -> None:
        self.stranger.sendto(datagram, self.server.udp_address)

    async def until_dropped(self, reason: DropReason, count: int = 1) -> None:
        await self.server.until(lambda: self.server.counters.dropped[reason] >= count)

    async def until_media_dropped(self, reason: MediaDropReason, count: int = 1) -> None:
        await self.server.until(lambda: self.dropped_media[reason] >= count)

    async def assert_goes_on(self) -> None:
        """Send a little both ways; all of it arrives, in order and with nothing in between."""
        for sender, receiver in (
            (self.caller, self.callee),
            (self.callee, self.caller),
        ):
            await send_in_step(sender, receiver)
            assert set(gaps(receiver.received(VIDEO))) == {1}
            assert receiver.heard == {sender.name}
        assert self.server.counters.connected == 2
        assert await self.server.counts(self.room_id) == (2, 2)
        with pytest.raises(BlockingIOError):
            self.stranger.recv(1)


async def send_in_step(sender: Peer, receiver: Peer) -> None:
    """Wait for each packet before the next, so that all of them count as in order."""
    for is_keyframe in (True, False, False):
        await receiver.wait_for(VIDEO, sender.send_frame(is_keyframe=is_keyframe))
        await receiver.wait_for(AUDIO, sender.send_sound())


@pytest_asyncio.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    async with serving(tmp_path) as server:
        room = await server.create_room("call")
        peers = [
            await server.join("call", room["tokens"][name], name=name)
            for name in ("caller", "callee")
        ]
        running = Call(server, room["id"], peers)
        await running.assert_goes_on()
        yield running
        running.stranger.close()


RTP = rtp(VP8_KEYFRAME, ssrc=0x1111)
REPORT = struct.pack("!BBHI", 0x80, 201, 1, 7)
STRANGERS = [
    (DropReason.EMPTY, b""),
    (DropReason.UNKNOWN_KIND, b"\0"),
    (DropReason.UNKNOWN_KIND, b"\xff" * 1400),
    (DropReason.STUN_MALFORMED, b"\0\1" + bytes(18)),
    (DropReason.STUN_UNAUTHENTICATED, unauthenticated_request("a:b")),
    (DropReason.STUN_UNKNOWN_UFRAG, binding_request(IceCredentials("nobody", "p" * 24))),
    (DropReason.DTLS_MALFORMED, b"\x16\xfe\xfd" + b"\xff" * 30),
    (DropReason.DTLS_STRANGER, b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28"),
    (DropReason.SRTP_STRANGER, RTP),
    (DropReason.SRTP_STRANGER, REPORT),
]


@pytest.mark.parametrize(
    ("reason", "datagram"),
    STRANGERS,
    ids=[f"{reason}-{i}" for i, (reason, _) in enumerate(STRANGERS)],
)
async def test_flood_of_strangers_is_counted(
    call: Call, reason: DropReason, datagram: bytes
) -> None:
    for _ in range(BURST):
        call.send_as_stranger(datagram)

    await call.until_dropped(reason, BURST)
    await call.assert_goes_on()


async def test_check_with_the_wrong_integrity_is_counted(call: Call) -> None:
    remote = call.caller.client.remote
    assert remote is not None
    credentials = IceCredentials(remote.ufrag, remote.pwd)

    call.send_as_stranger(binding_request(credentials, pwd="guess" * 5, nominate=True))

    await call.until_dropped(DropReason.STUN_WRONG_INTEGRITY)
    await call.assert_goes_on()


async def test_client_hellos_of_strangers_are_forgotten(call: Call) -> None:
    hello = b"\x16\xfe\xff" + bytes(8) + b"\0\x40" + bytes(64)

    for _ in range(BURST):
        call.send_as_stranger(hello)

    await call.until_dropped(DropReason.DTLS_STRANGER, BURST - 4)
    await call.assert_goes_on()


async def test_replayed_media_is_counted_whoever_sends_it(call: Call) -> None:
    captured = call.caller.client.send_rtp(
        rtp(
            b"captured-00000",
            payload_type=AUDIO,
            sequence_number=call.caller.audio.sequence_number,
            rtp_timestamp=call.caller.audio.rtp_timestamp,
            ssrc=call.caller.audio.ssrc,
        )
    )
    await call.callee.wait_for(AUDIO, b"captured-00000")
    call.callee.client.rtp.pop()
    call.caller.audio.sequence_number += 1

    call.send_as_stranger(captured)
    call.caller.client.send(captured)
    await call.until_dropped(DropReason.SRTP_STRANGER)
    await call.until_dropped(DropReason.SRTP_REPLAYED)

    await call.assert_goes_on()


async def test_garbage_under_the_address_of_a_peer_is_counted(call: Call) -> None:
    """A forged source is the peer's own address, so its own socket can stand in for the forger."""
    source = random.Random(20261123)
    tampered = bytearray(call.caller.client.send_rtp(rtp(b"x", payload_type=AUDIO, ssrc=0x3333)))
    tampered[-1] ^= 1

    for datagram in (bytes(tampered), RTP + bytes(16), REPORT + bytes(24), b"", b"\x80"):
        call.caller.client.send(datagram)
    for _ in range(BURST):
        call.caller.client.send(source.randbytes(source.randrange(1, 1400)))

    await call.until_dropped(DropReason.SRTP_UNAUTHENTICATED, 3)
    await call.until_dropped(DropReason.EMPTY)
    call.callee.client.rtp[:] = [p for p in call.callee.client.rtp if not p.endswith(b"x")]
    await call.assert_goes_on()


async def test_random_datagrams_of_a_stranger_harm_nobody(call: Call) -> None:
    source = random.Random(3)

    for _ in range(5):
        for _ in range(BURST):
            call.send_as_stranger(source.randbytes(source.randrange(0, 1400)))
        await call.assert_goes_on()


TRUNCATED = {
    "header that promises more": struct.pack("!BBHI", 0x80, 200, 40, 1),
    "sender report without its body": struct.pack("!BBHI", 0x80, 200, 1, 1),
    "report blocks that are not there": struct.pack("!BBHI", 0x9F, 201, 1, 1),
    "NACK without a media SSRC": struct.pack("!BBHI", 0x81, 205, 1, 1),
    "PLI without a media SSRC": struct.pack("!BBHI", 0x81, 206, 1, 1),
    "second packet cut off": REPORT + b"\x81\xce\0\2",
    "SDES without an end": struct.pack("!BBHI", 0x81, 202, 2, 1) + b"\1\xff\0\0",
    "BYE of 31 sources": struct.pack("!BBHI", 0x9F, 203, 1, 1),
}


@pytest.mark.parametrize("name", TRUNCATED)
async def test_truncated_rtcp_under_the_right_keys_is_counted(call: Call, name: str) -> None:
    before = call.dropped_media[MediaDropReason.MALFORMED_RTCP]

    call.caller.client.send_rtcp(TRUNCATED[name])

    await call.until_media_dropped(MediaDropReason.MALFORMED_RTCP, before + 1)
    await call.assert_goes_on()


async def test_random_rtcp_under_the_right_keys_harms_nobody(call: Call) -> None:
    source = random.Random(11)

    for _ in range(BURST):
        body = source.randbytes(4 * source.randrange(1, 30))
        head = bytes((0x80 | source.randrange(32), source.randrange(192, 224)))
        call.caller.client.send_rtcp(head + struct.pack("!H", len(body) // 4) + body)

    await call.assert_goes_on()


async def test_random_rtp_under_the_right_keys_harms_nobody(call: Call) -> None:
    """Its payload types are none that were agreed, so that none of it is anybody's media."""
    source = random.Random(12)

    for number in range(BURST):
        extension = one_byte_elements((source.randrange(1, 15), source.randbytes(4)))
        call.caller.client.send_rtp(
            rtp(
                source.randbytes(source.randrange(0, 900)),
                payload_type=source.randrange(32, 64),
                sequence_number=number,
                ssrc=0x9999,
                extension=extension if number % 2 else None,
            )
        )

    await call.until_media_dropped(MediaDropReason.UNKNOWN_SSRC, BURST)
    await call.assert_goes_on()


async def test_peer_with_wild_ssrcs_is_bounded(call: Call) -> None:
    """Whoever invents streams loses their own; the other side of the call notices nothing else."""
    for ssrc in range(100):
        call.caller.client.send_rtp(rtp(b"", payload_type=VIDEO, ssrc=0x5000 + ssrc, padding=8))

    await call.until_dropped(DropReason.SRTP_TOO_MANY_SSRCS, 30)
    await send_in_step(call.callee, call.caller)

    assert await call.server.counts(call.room_id) == (2, 2)


async def test_keyframe_requests_of_a_flood_become_one_in_each_quiet_period(call: Call) -> None:
    media_ssrc = call.callee.ssrc_of("video")
    before, started_at = len(call.caller.plis), asyncio.get_running_loop().time()

    for _ in range(5):
        for _ in range(BURST):
            call.callee.send_pli(media_ssrc)
        await call.caller.wait_for_pli(before + 1)
    # The last of the flood is owed, and comes when the quiet period is over.
    await call.caller.wait_for_pli(len(call.caller.plis) + 1)

    elapsed = asyncio.get_running_loop().time() - started_at
    assert len(call.caller.plis) - before <= 1 + elapsed / QUIET_PERIOD
    await call.assert_goes_on()


async def test_retransmissions_to_a_flood_of_nacks_are_bounded(call: Call) -> None:
    await send_in_step(call.caller, call.callee)
    newest = call.callee.received(VIDEO)[-1]

    for _ in range(BURST):
        call.callee.send_nack(newest.ssrc, newest.sequence_number - 2, 0xFFFF)
        call.callee.send_nack(newest.ssrc + 1, newest.sequence_number, 0xFFFF)
        call.callee.send_nack(call.caller.video.ssrc, 1, 0xFFFF)
    await call.assert_goes_on()

    repairs = call.callee.received(97)
    assert 0 < len(repairs) <= 3 * 9


HOSTILE_REPORTS: dict[str, Callable[[Peer], bytes]] = {
    "sender report from the end of time": lambda peer: struct.pack(
        "!BBHIQIII", 0x80, 200, 6, peer.video.ssrc, (1 << 64) - 1, 0xFFFFFFFF, 1 << 31, 1 << 31
    ),
    "receiver report of total loss": lambda peer: struct.pack(
        "!BBHIIIIIII",
        *(0x81, 201, 7, 1, peer.ssrc_of("video")),
        *(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
    ),
    "goodbye to the other's stream": lambda peer: struct.pack(
        "!BBHI", 0x81, 203, 1, peer.ssrc_of("video")
    ),
    "estimate of no bandwidth": lambda peer: struct.pack(
        "!BBHII4sII", 0x8F, 206, 5, 1, 0, b"REMB", 0x01000000, peer.ssrc_of("video")
    ),
    "keyframe request for the whole world": lambda _: (
        struct.pack("!BBHII", 0x84, 206, 42, 1, 0)
        + b"".join(struct.pack("!II", ssrc, 0) for ssrc in range(20))
    ),
}


@pytest.mark.parametrize("name", HOSTILE_REPORTS)
async def test_reports_that_make_no_sense_harm_nobody(call: Call, name: str) -> None:
    for _ in range(BURST):
        call.callee.client.send_rtcp(HOSTILE_REPORTS[name](call.callee))

    await call.assert_goes_on()


async def test_goodbye_to_ones_own_stream_does_not_keep_it_from_coming_back(call: Call) -> None:
    call.caller.client.send_rtcp(struct.pack("!BBHI", 0x81, 203, 1, call.caller.video.ssrc))

    await call.assert_goes_on()
