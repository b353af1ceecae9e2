"""`/v1/events`: a snapshot, then what happens, for as long as the key is good."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from liverelay.server.sessions import Session, SessionKind
from liverelay.store.records import RoomType
from liverelay.store.store import Store
from liverelay.tokens import Claims, Role
from tests.support.events import listening
from tests.support.media_server import KEY, MediaServer, serving, within_a_second
from tests.support.openapi import check
from tests.support.peer import VIDEO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.events import EventReader

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

SCHEMAS = {
    "snapshot": "Snapshot",
    "statistics": "Statistics",
    "room.created": "RoomChange",
    "room.deleted": "RoomChange",
    "publisher.joined": "PeerChange",
    "publisher.left": "PeerChange",
    "subscriber.joined": "PeerChange",
    "subscriber.left": "PeerChange",
}


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


def events_of(server: MediaServer, key: str = KEY) -> AbstractAsyncContextManager[EventReader]:
    return listening(server.http, server.server.url, key)


def names(events: EventReader) -> list[str]:
    return [name for name, _ in events.changes()]


def check_against_document(events: EventReader) -> None:
    """Hold every event to the schema that the API's description gives for it."""
    for event in events.heard:
        check(SCHEMAS[event.name], event.data)


async def test_it_begins_with_a_snapshot_of_server_and_rooms(server: MediaServer) -> None:
    rooms = [await server.create_room(), await server.create_room("call")]

    async with events_of(server) as events:
        snapshot = await events.until("snapshot")

    listed = (await server.request("GET", "/v1/rooms")).body
    assert [room["room_id"] for room in snapshot["rooms"]] == [room["id"] for room in rooms]
    assert [{**room, **snapshot["rooms"][i]} for i, room in enumerate(listed)] == snapshot["rooms"]
    assert snapshot["server"]["version"] == "0.2.0"
    assert snapshot["server"]["rooms_active"] == 2
    assert snapshot["server"]["udp"]["port"] == server.worker.udp.port
    assert snapshot["server"]["udp"]["addresses"] == ["127.0.0.1"]
    assert "https" in {warning["check"] for warning in snapshot["server"]["warnings"]}
    assert snapshot["server"]["memory_size"] > 1_000_000
    check_against_document(events)


async def count_turns(work: Awaitable[Any]) -> tuple[int, Any]:
    """Return how often other work got its turn before this was done, and what it returned."""
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other_work = asyncio.create_task(take_turns())
    returned = await work
    other_work.cancel()
    return turns, returned


async def test_packets_get_their_turn_between_rooms(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liverelay.server.turns._LONGEST", 0.0)
    overview = server.context.overview
    for _ in range(20):
        room = await server.create_room()
        server.worker.room(room["id"])
        server.context.sessions.add(session_in(room["id"]))

    noting, _ = await count_turns(overview.note_history(1000.0, 1_770_000_000))
    describing, snapshot = await count_turns(overview.snapshot())

    told = json.loads(snapshot.data)
    assert len(told["rooms"]) == len(told["history"]["rooms"]) == 20
    # Between any two rooms, and again between any two that the server's totals are of.
    assert noting >= 40
    # The same, and between the histories of any two.
    assert describing >= 60


def session_in(room_id: str) -> Session:
    claims = Claims(sub="peer", room_id=room_id, role=Role.PUBLISH, key_id="local", exp=0, iat=0)
    return Session(room_id, SessionKind.PUBLISH, claims, 0.0)


async def test_what_changes_is_told_in_order(server: MediaServer) -> None:
    async with events_of(server) as events:
        room = await server.create_room()
        publisher = await server.publish(room["tokens"]["publish"])
        viewer = await server.watch(room["tokens"]["subscribe"])
        viewer.close()
        await events.until("subscriber.left")
        await server.request("DELETE", f"/v1/rooms/{room['id']}")
        await events.until("room.deleted")

    about_room = {"room_id": room["id"], "room_type": "broadcast"}
    about_publisher = {
        "room_id": room["id"],
        "peer_id": events.changes()[1][1]["peer_id"],
        "session_id": publisher.session_id,
        "kind": "publish",
    }
    assert events.changes()[0] == ("room.created", about_room)
    assert events.changes()[1] == ("publisher.joined", about_publisher)
    assert names(events)[2:] == [
        "subscriber.joined",
        "subscriber.left",
        "publisher.left",
        "room.deleted",
    ]
    assert events.changes()[3][1]["reason"] == "connection"
    assert events.changes()[4][1] == {**about_publisher, "reason": "room_deleted", "age_secs": 0}
    assert [event.number for event in events.heard] == list(range(1, len(events.heard) + 1))
    check_against_document(events)


async def test_peer_of_a_call_is_publisher_and_subscriber(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    async with events_of(server) as events:
        caller = await server.join("call", tokens["caller"])
        await server.request("DELETE", f"/sfu/sessions/{caller.session_id}", bearer=caller.token)
        await events.until("subscriber.left")

    assert names(events) == [
        "publisher.joined",
        "subscriber.joined",
        "publisher.left",
        "subscriber.left",
    ]
    assert {data["kind"] for _, data in events.changes()} == {"call"}
    assert events.changes()[-1][1]["reason"] == "left"


async def test_session_that_never_connected_is_not_told(server: MediaServer) -> None:
    room = await server.create_room()
    async with events_of(server) as events:
        reply = await server.offer("publish", room["tokens"]["publish"])
        path = f"/sfu/sessions/{reply.body['session_id']}"
        await server.request("DELETE", path, bearer=room["tokens"]["publish"])
        await server.create_room()
        await events.until("room.created")

    assert names(events) == ["room.created"]


async def test_changes_of_other_processes_are_told_within_a_second(server: MediaServer) -> None:
    other = Store(server.data_dir)
    async with events_of(server) as events:
        await events.until("snapshot")
        room = other.rooms.create(RoomType.CALL)
        await within_a_second(events.until("room.created"))
        other.rooms.delete(room.room_id)
        await within_a_second(events.until("room.deleted"))

    about = {"room_id": room.room_id, "room_type": "call"}
    assert events.changes() == [("room.created", about), ("room.deleted", about)]


@pytest.mark.slow
async def test_statistics_say_what_flows(server: MediaServer) -> None:
    room = await server.create_room()
    await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])

    async with events_of(server) as events:
        first = await events.until("snapshot")
        last = publisher.send_frame(is_keyframe=True)
        for _ in range(20):
            last = publisher.send_frame()
        await viewer.wait_for(VIDEO, last)
        statistics = await events.until("statistics", lambda data: flows(data, room["id"]))

    (status,) = statistics["rooms"]
    video = next(each for each in status["publications"] if each["kind"] == "video")
    assert first["server"]["inbound"]["bitrate_bps"] is None
    assert (status["publisher_count"], status["subscriber_count"]) == (1, 1)
    assert status["live_secs"] in range(30)
    assert first["rooms"][1]["live_secs"] is None
    assert video["session_id"] == publisher.session_id
    assert video["streams"][0]["ssrc"] == publisher.video.ssrc
    assert video["streams"][0]["mime_type"] == "video/VP8"
    assert video["streams"][0]["packets_received"] == 21
    assert video["streams"][0]["packets_lost"] == 0
    assert status["outbound"]["bitrate_bps"] == status["inbound"]["bitrate_bps"]
    assert statistics["server"]["outbound"] == {
        key: value for key, value in status["outbound"].items() if key != "fraction_lost"
    }
    assert statistics["server"]["cpu_fraction"] > 0
    check_against_document(events)


async def test_snapshot_has_the_past_of_server_and_rooms(server: MediaServer) -> None:
    room = await server.create_room()
    await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    overview = server.context.overview

    await overview.note_history(1000.0, 1_770_000_000)
    frame = publisher.send_frame(is_keyframe=True)
    await viewer.wait_for(VIDEO, frame)
    await overview.note_history(1005.0, 1_770_000_005)
    async with events_of(server) as events:
        history = (await events.until("snapshot"))["history"]

    rate = {"bitrate_bps": round(8 * len(frame) / 5)}
    entry = {"at": 1_770_000_005, "inbound": rate, "outbound": rate}
    assert history == {
        "interval": 5,
        "server": [{**entry, "subscribers_active": 1}],
        "rooms": {room["id"]: [{**entry, "subscriber_count": 1}]},
    }
    check_against_document(events)


async def test_past_of_a_deleted_room_is_forgotten(server: MediaServer) -> None:
    room = await server.create_room()
    await server.publish(room["tokens"]["publish"])
    for now in (1000.0, 1005.0):
        await server.context.overview.note_history(now, 1_770_000_000)

    await server.request("DELETE", f"/v1/rooms/{room['id']}")
    await server.context.overview.note_history(1010.0, 1_770_000_010)

    async with events_of(server) as events:
        assert (await events.until("snapshot"))["history"]["rooms"] == {}


async def test_as_many_rooms_as_may_have_a_past(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liverelay.server.figure_history.MAX_ROOMS", 1)
    first, second = await server.create_room(), await server.create_room()
    for room in (first, second):
        await server.publish(room["tokens"]["publish"])

    for now in (1000.0, 1005.0):
        await server.context.overview.note_history(now, 1_770_000_000)
    async with events_of(server) as events:
        history = (await events.until("snapshot"))["history"]

    assert set(history["rooms"]) == {first["id"]}
    assert len(history["server"]) == 1


async def test_past_is_kept_while_nobody_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liverelay.server.overview.HISTORY_INTERVAL", 0.001)
    monkeypatch.setattr("liverelay.server.rates._MIN_INTERVAL", 0.0)
    async with serving(tmp_path) as server:
        history = server.context.overview._history
        await server.until(lambda: history.server_json() != "[]")


def flows(statistics: Any, room_id: str) -> bool:
    """Return whether a room's rates have been measured and are not nothing."""
    rates = [r["inbound"]["bitrate_bps"] for r in statistics["rooms"] if r["room_id"] == room_id]
    return bool(rates and rates[0])


@pytest.mark.parametrize("revoked_by", ["api", "other process"])
async def test_stream_ends_when_its_key_is_revoked(server: MediaServer, revoked_by: str) -> None:
    key = (await server.request("POST", "/v1/keys", {"name": "spare"})).body["key"]
    async with events_of(server, key) as ended, events_of(server) as kept:
        await ended.until("snapshot")
        if revoked_by == "api":
            await server.request("DELETE", f"/v1/keys/{key[:8]}")
        else:
            Store(server.data_dir).keys.revoke(key[:8])

        await within_a_second(ended.end())

        await server.create_room()
        await within_a_second(kept.until("room.created"))


async def test_stream_ends_when_the_server_drains(server: MediaServer) -> None:
    room = await server.create_room()
    await server.publish(room["tokens"]["publish"])
    async with events_of(server) as events:
        await events.until("snapshot")
        draining = asyncio.create_task(server.server.drain())

        await within_a_second(events.end())

        await draining
    assert events.changes()[-1][0] == "publisher.left"
    assert events.changes()[-1][1]["reason"] == "draining"
    assert (await server.request("GET", "/v1/events")).error == (503, "unavailable")


async def test_as_many_listen_as_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liverelay.server.runner.MAX_LISTENERS", 1)
    async with serving(tmp_path) as server, events_of(server) as events:
        await events.until("snapshot")

        refused = await server.request("GET", "/v1/events")

        assert refused.error == (503, "unavailable")
        assert "Retry-After" in refused.headers


async def test_key_is_needed(server: MediaServer) -> None:
    room = await server.create_room()

    refused = await server.request("GET", "/v1/events", bearer=room["tokens"]["publish"])

    assert refused.error == (401, "api_key_invalid")


async def test_pages_of_other_sites_may_listen(server: MediaServer) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Origin": "https://app.example"}
    async with server.http.get(server.server.url + "/v1/events", headers=headers) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["X-Request-ID"]


async def test_listener_is_forgotten_when_its_client_has_gone(server: MediaServer) -> None:
    async with events_of(server) as events:
        await events.until("snapshot")
        assert len(server.context.events) == 1

    # Found out when the next statistics cannot be written.
    await server.until(lambda: not len(server.context.events))

    assert server.context.event_counters.overrun == 0
