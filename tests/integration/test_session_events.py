"""`/sfu/sessions/{session_id}/events`: who speaks, for the pages in the room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from liverelay.rtp.extensions import AUDIO_LEVEL_URI
from tests.support.events import listening
from tests.support.media_server import KEY, MediaServer, serving
from tests.support.openapi import check
from tests.support.packets import one_byte_elements, rtp
from tests.support.peer import write_offer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.events import EventReader
    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

NOBODY: dict[str, object] = {"speaking": [], "dominant": None}


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


def events_of(server: MediaServer, peer: Peer) -> AbstractAsyncContextManager[EventReader]:
    path = f"/sfu/sessions/{peer.session_id}/events"
    return listening(server.http, server.server.url, peer.token, path)


async def publish(server: MediaServer, token: str) -> Peer:
    """Connect a publisher that says how loud its sound is."""
    codec = "a=rtpmap:111"
    offer = write_offer("publish").replace(codec, f"a=extmap:1 {AUDIO_LEVEL_URI}\r\n{codec}")
    return await server.publish(token, recorded=offer)


def speak(publisher: Peer, level: int = 20) -> None:
    stream = publisher.audio
    level_element = one_byte_elements((1, bytes((level,))))
    publisher.client.send_rtp(
        rtp(payload_type=stream.payload_type, ssrc=stream.ssrc, extension=level_element)
    )


async def test_viewer_is_told_who_speaks(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await publish(server, room["tokens"]["publish"])
    viewer = await server.join("subscribe", room["tokens"]["subscribe"])

    async with events_of(server, viewer) as events:
        assert await events.until("speakers") == NOBODY
        speak(publisher)
        speaking: Any = await events.until("speakers")
        (publisher_id,) = {peer["peer_id"] for peer in speaking["speaking"]}
        assert speaking["dominant"] == publisher_id
        assert speaking["speaking"][0]["audio_level"] == pytest.approx(0.1)
        # It sends nothing more.
        assert await events.until("speakers") == NOBODY

    for event in events.heard:
        check("Speakers", event.data)


async def test_newcomer_is_told_at_once_who_speaks(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await publish(server, room["tokens"]["publish"])
    viewer = await server.join("subscribe", room["tokens"]["subscribe"])
    speak(publisher)
    media = server.worker.room(room["id"])
    await server.until(lambda: media.speakers.dominant is not None)

    async with events_of(server, viewer) as events:
        first: Any = await events.until("speakers")

    assert len(first["speaking"]) == 1


async def test_events_end_with_the_session(server: MediaServer) -> None:
    room = await server.create_room()
    await publish(server, room["tokens"]["publish"])
    viewer = await server.join("subscribe", room["tokens"]["subscribe"])

    async with events_of(server, viewer) as events:
        path = f"/sfu/sessions/{viewer.session_id}"
        await server.request("DELETE", path, bearer=viewer.token)
        await events.end()

    reply = await server.request("GET", f"{path}/events", bearer=viewer.token)
    assert reply.error == (404, "not_found")


async def test_second_listener_of_a_session_takes_the_place_of_the_first(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    publisher = await publish(server, room["tokens"]["publish"])

    async with events_of(server, publisher) as first, events_of(server, publisher) as second:
        await first.end()
        await second.until("speakers")
        speak(publisher)
        assert len((await second.until("speakers"))["speaking"]) == 1


async def test_events_are_for_the_sessions_own_token(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await publish(server, room["tokens"]["publish"])
    path = f"/sfu/sessions/{publisher.session_id}/events"

    other = await server.request("GET", path, bearer=room["tokens"]["subscribe"])
    key = await server.request("GET", path)

    assert other.error == (404, "not_found")
    assert key.error == (401, "token_invalid")


async def test_room_shows_who_speaks(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await publish(server, room["tokens"]["publish"])
    speak(publisher)
    media = server.worker.room(room["id"])
    await server.until(lambda: media.speakers.dominant is not None)

    async with listening(server.http, server.server.url, KEY) as events:
        snapshot: Any = await events.until("snapshot")

    assert len(snapshot["rooms"][0]["speakers"]["speaking"]) == 1
