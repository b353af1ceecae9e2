"""Loss between publishers and the server, on real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from aiortc.rtp import RtcpPsfbPacket, unpack_remb_fci

from tests.support.aiortc_client import AiortcPeer, aiortc_peer
from tests.support.libwebrtc import libwebrtc_peer
from tests.support.media_server import MediaServer, serving
from tests.support.network import Conditions
from tests.support.udp_proxy import running_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio, pytest.mark.timeout(60)]

LOSSY = Conditions(loss=0.1, delay=0.02)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def inbound_video(server: MediaServer, room_id: str) -> dict[str, Any]:
    """Return what the API tells of the video that a room receives."""
    told = (await server.request("GET", f"/v1/rooms/{room_id}/stats")).body
    streams = [stream for session in told["sessions"] for stream in session["inbound_rtp"]]
    return next(stream for stream in streams if stream["kind"] == "video")


def record_estimates(publisher: AiortcPeer) -> list[int]:
    """Return a list that fills with the bitrates of the REMBs that `publisher` gets."""
    estimates: list[int] = []
    for sender in publisher.connection.getSenders():
        handle = sender._handle_rtcp_packet

        async def record(packet: Any, handle: Any = handle) -> None:
            if isinstance(packet, RtcpPsfbPacket) and packet.fmt == 15:
                estimates.append(unpack_remb_fci(packet.fci)[0])
            await handle(packet)

        sender._handle_rtcp_packet = record  # type: ignore[method-assign]
    return estimates


async def test_losses_of_libwebrtc_are_repaired(server: MediaServer) -> None:
    room = await server.create_room()
    tokens = room["tokens"]
    with running_proxy(server.udp_address) as proxy:
        async with (
            libwebrtc_peer(server, "publish", tokens["publish"], port=proxy.port),
            libwebrtc_peer(server, "subscribe", tokens["subscribe"]) as viewer,
        ):
            await viewer.watch(5)
            proxy.to_server.conditions = LOSSY
            stream = await inbound_video(server, room["id"])
            while stream["packets_lost"] < 15:
                await viewer.watch(10)
                stream = await inbound_video(server, room["id"])

            # All but what is lost just now.
            assert stream["retransmitted_packets_received"] >= stream["packets_lost"] - 5
            assert stream["nack_count"] > 0
            assert stream["pli_count"] <= 1


async def test_losses_of_aiortc_are_repaired_and_its_bitrate_is_advised(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    tokens = room["tokens"]
    with running_proxy(server.udp_address) as proxy:
        async with (
            aiortc_peer(server, "publish", tokens["publish"], port=proxy.port) as publisher,
            aiortc_peer(server, "subscribe", tokens["subscribe"]) as viewer,
        ):
            estimates = record_estimates(publisher)
            await viewer.watch(5)
            proxy.to_server.conditions = LOSSY
            while len(estimates) < 3:
                await viewer.watch(10)

            stream = await inbound_video(server, room["id"])
            assert stream["packets_lost"] > 0
            assert stream["retransmitted_packets_received"] > 0
            assert all(100_000 <= bitrate_bps <= 2_000_000 for bitrate_bps in estimates)
