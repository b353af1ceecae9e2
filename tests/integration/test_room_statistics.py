"""`/v1/rooms/{room_id}/stats`: each stream of each session, as webrtc-stats names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.support.media_server import MediaServer, serving
from tests.support.openapi import check
from tests.support.peer import VIDEO
from tests.support.server import UNKNOWN_ROOM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def statistics(server: MediaServer, room_id: str) -> Any:
    """Return what the server says of a room, once it is held to the API's description."""
    reply = await server.request("GET", f"/v1/rooms/{room_id}/stats")
    assert reply.status == 200
    check("RoomStatistics", reply.body)
    return reply.body


async def test_each_stream_of_each_session_is_told(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    frames = [publisher.send_frame(is_keyframe=True), publisher.send_frame()]
    await viewer.wait_for(VIDEO, frames[-1])

    told = await statistics(server, room["id"])

    sending, receiving = told["sessions"]
    (inbound,) = sending["inbound_rtp"]
    outbound = next(each for each in receiving["outbound_rtp"] if each["kind"] == "video")
    assert told["room_id"] == room["id"]
    assert sending["session_id"] == publisher.session_id
    assert (sending["kind"], sending["state"], sending["outbound_rtp"]) == (
        "publish",
        "connected",
        [],
    )
    assert (inbound["kind"], inbound["mime_type"]) == ("video", "video/VP8")
    assert (inbound["ssrc"], inbound["packets_received"]) == (publisher.video.ssrc, 2)
    assert f"a=mid:{inbound['mid']}\r\n" in publisher.offer.partition("m=video")[2]
    assert f"a=mid:{outbound['mid']}\r\n" in viewer.offer.partition("m=video")[2]
    assert inbound["bytes_received"] == sum(map(len, frames)) == outbound["bytes_sent"]
    assert (outbound["ssrc"], outbound["packets_sent"]) == (viewer.ssrc_of("video"), 2)
    assert (outbound["packets_lost"], outbound["round_trip_time"]) == (None, None)
    assert receiving["inbound_rtp"] == []


async def test_peer_of_a_call_has_streams_both_ways(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    caller = await server.join("call", tokens["caller"])
    callee = await server.join("call", tokens["callee"])
    await callee.wait_for(VIDEO, caller.send_frame(is_keyframe=True))
    await caller.wait_for(VIDEO, callee.send_frame(is_keyframe=True))

    told = await statistics(server, server.context.sessions.all()[0].room_id)

    for session in told["sessions"]:
        assert [each["packets_received"] for each in session["inbound_rtp"]] == [1]
        assert {each["kind"] for each in session["outbound_rtp"]} == {"audio", "video"}


async def test_room_without_sessions_has_no_statistics(server: MediaServer) -> None:
    room = await server.create_room()

    assert await statistics(server, room["id"]) == {"room_id": room["id"], "sessions": []}


async def test_unknown_room_is_not_found(server: MediaServer) -> None:
    reply = await server.request("GET", f"/v1/rooms/{UNKNOWN_ROOM}/stats")

    assert reply.error == (404, "room_not_found")
