"""libwebrtc, the engine of Chromium, publishes and watches through a whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from liverelay.sfu.drops import DropReason
from tests.support.aiortc_client import aiortc_peer
from tests.support.libwebrtc import HEIGHT, WIDTH, libwebrtc_peer
from tests.support.media_server import MediaServer, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio, pytest.mark.timeout(60)]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def test_viewer_decodes_what_libwebrtc_publishes(server: MediaServer) -> None:
    tokens = (await server.create_room())["tokens"]
    async with (
        libwebrtc_peer(server, "publish", tokens["publish"]),
        libwebrtc_peer(server, "subscribe", tokens["subscribe"]) as viewer,
    ):
        pictures, sounds = await viewer.watch(30), await viewer.listen(30)

        width, height = pictures[-1]
        assert width * HEIGHT == height * WIDTH
        assert all(sounds)


async def test_libwebrtc_that_is_asked_for_transport_cc_reports_on_all_its_packets(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    tokens = room["tokens"]
    async with (
        libwebrtc_peer(server, "publish", tokens["publish"]),
        libwebrtc_peer(server, "subscribe", tokens["subscribe"], has_remb=False) as viewer,
    ):
        assert len(await viewer.watch(60)) == 60
        assert all(await viewer.listen(30))

        media = server.worker.room(room["id"])
        (_, watching) = media._sessions.values()
        departures = watching.departures
        assert departures is not None
        sent = departures._next_number
        await server.until(lambda: departures.packets_received >= sent)
        assert departures.packets_lost == 0
        assert media.available_outgoing_bitrate(watching.session_id)
        assert not media.drops[DropReason.MALFORMED_RTCP]


async def test_libwebrtc_calls_libwebrtc(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    async with (
        libwebrtc_peer(server, "call", tokens["caller"]) as caller,
        libwebrtc_peer(server, "call", tokens["callee"]) as callee,
    ):
        for peer in (caller, callee):
            assert len(await peer.watch(10)) == 10
            assert len(await peer.listen(10)) == 10


async def test_viewer_of_simulcast_is_given_its_best_layer(server: MediaServer) -> None:
    tokens = (await server.create_room())["tokens"]
    async with (
        libwebrtc_peer(server, "publish", tokens["publish"], is_simulcast=True),
        libwebrtc_peer(server, "subscribe", tokens["subscribe"]) as viewer,
    ):
        pictures: list[tuple[int, int]] = []
        # Of so small a picture libwebrtc sends two encodings: a quarter, and a half.
        while (WIDTH // 2, HEIGHT // 2) not in pictures:
            pictures += await viewer.watch(10)

        # The smaller came first, until the larger had begun.
        assert pictures == sorted(pictures)


async def test_aiortc_watches_libwebrtc_and_the_reverse(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    async with (
        libwebrtc_peer(server, "call", tokens["caller"]) as caller,
        aiortc_peer(server, "call", tokens["callee"]) as callee,
    ):
        assert len(await caller.watch(10)) == 10
        assert len(await callee.watch(10)) == 10
