"""aiortc's own client publishes real media to twenty viewers of a whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.aiortc_client import HEIGHT, WIDTH, AiortcPeer, aiortc_peer
from tests.support.media_server import serving
from tests.support.peer import AUDIO, RATES, VIDEO, gaps, payload_of, steps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio, pytest.mark.timeout(90)]

# Payload type towards the probes, and the kind of media that it is.
KINDS = {VIDEO: "video", AUDIO: "audio"}
PROBES = 19


def is_served(viewer: Peer) -> bool:
    """Return whether it has seconds of both kinds, and a report on each."""
    return all(
        len(viewer.received(payload_type)) > 60 and viewer.sender_reports(viewer.ssrc_of(kind))
        for payload_type, kind in KINDS.items()
    )


def assert_complete(publisher: AiortcPeer, viewer: Peer, payload_type: int) -> None:
    """From its first packet on the viewer has all that was sent, in order, numbered in order."""
    sent = [
        payload_of(packet) for packet in publisher.sent_rtp(publisher.ssrc_of(KINDS[payload_type]))
    ]
    received = viewer.received(payload_type)
    start = sent.index(received[0].payload)
    assert [packet.payload for packet in received] == sent[start : start + len(received)]
    assert set(gaps(received)) == {1}
    assert min(steps(received)) >= 0
    assert {packet.ssrc for packet in received} == {viewer.ssrc_of(KINDS[payload_type])}


def timestamp_offset(publisher: AiortcPeer, viewer: Peer, payload_type: int) -> int:
    """Return by how much the viewer's timestamps are ahead of the publisher's."""
    first = viewer.received(payload_type)[0]
    sent = publisher.sent_rtp(publisher.ssrc_of(KINDS[payload_type]))
    original = next(packet for packet in sent if payload_of(packet) == first.payload)
    return first.rtp_timestamp - int.from_bytes(original[4:8], "big")


def clock_distances(publisher: AiortcPeer, viewer: Peer, payload_type: int) -> list[list[float]]:
    """Return for each report to the viewer its seconds off the line of each of the publisher's."""
    kind, rate = KINDS[payload_type], RATES[payload_type]
    offset = timestamp_offset(publisher, viewer, payload_type)
    theirs = publisher.sent_sender_reports(publisher.ssrc_of(kind))
    return [
        [
            (report.ntp_time - ntp_time) / 2**32
            - signed(report.rtp_timestamp - offset - rtp_timestamp) / rate
            for ntp_time, rtp_timestamp in theirs
        ]
        for report in viewer.sender_reports(viewer.ssrc_of(kind))
    ]


def assert_in_sync(publisher: AiortcPeer, viewer: Peer) -> None:
    """All reports, of sound and picture, tell the publisher's time moved by one distance."""
    reports = [each for kind in KINDS for each in clock_distances(publisher, viewer, kind)]
    assert any(
        all(min(abs(each - distance) for each in distances) < 0.001 for distances in reports)
        for distance in reports[0]
    ), reports


def signed(difference: int) -> int:
    return (difference + 0x80000000) % (1 << 32) - 0x80000000


async def test_each_of_twenty_viewers_gets_everything_in_order_and_in_sync(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        tokens = (await server.create_room())["tokens"]
        async with (
            aiortc_peer(server, "publish", tokens["publish"]) as publisher,
            aiortc_peer(server, "subscribe", tokens["subscribe"]) as decoding,
        ):
            probes = [await server.watch(tokens["subscribe"]) for _ in range(PROBES)]

            pictures = await decoding.watch(30)
            sounds = await decoding.listen(30)
            await server.until(lambda: all(map(is_served, probes)))

            assert {(picture.width, picture.height) for picture in pictures} == {(WIDTH, HEIGHT)}
            assert len({picture.pts for picture in pictures}) == 30
            assert len({sound.pts for sound in sounds}) == 30
            for probe in probes:
                for payload_type in KINDS:
                    assert_complete(publisher, probe, payload_type)
                assert_in_sync(publisher, probe)
            assert server.counters.unsent_full == server.counters.unsent_failed == 0


async def test_two_aiortc_clients_call_each_other(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        tokens = (await server.create_room("call"))["tokens"]
        async with (
            aiortc_peer(server, "call", tokens["caller"]) as caller,
            aiortc_peer(server, "call", tokens["callee"]) as callee,
        ):
            pictures = [await peer.watch(10) for peer in (caller, callee)]

            assert [len(each) for each in pictures] == [10, 10]
