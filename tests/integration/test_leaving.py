"""All the ways in which a session ends, and the numbers while it does, through a whole server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from liverelay.store.store import Store
from tests.support.media_server import KEY, MediaServer, serving, within_a_second
from tests.support.peer import VIDEO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Any

    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def fill(server: MediaServer) -> tuple[dict[str, Any], list[Peer]]:
    """Return a room, its publisher and its viewer."""
    room = await server.create_room()
    tokens = room["tokens"]
    return room, [await server.publish(tokens["publish"]), await server.watch(tokens["subscribe"])]


async def all_closed(peers: list[Peer]) -> None:
    for peer in peers:
        await peer.client.closed


def assert_nobody_is_left(server: MediaServer) -> None:
    assert len(server.context.sessions) == 0
    assert len(server.worker) == 0


async def test_deleting_the_session_ends_it_at_once(server: MediaServer) -> None:
    room, (publisher, viewer) = await fill(server)
    path = f"/sfu/sessions/{viewer.session_id}"

    replies = [await server.request("DELETE", path, bearer=viewer.token) for _ in range(2)]
    counts = await server.counts(room["id"])
    await within_a_second(viewer.client.closed)

    assert [(reply.status, reply.body) for reply in replies] == [(204, None)] * 2
    assert counts == (1, 0)
    assert server.is_connected(publisher)


async def test_session_is_nobody_elses_to_delete(server: MediaServer) -> None:
    room, (publisher, viewer) = await fill(server)
    other = await server.create_token(room["id"], "publish")
    path = f"/sfu/sessions/{publisher.session_id}"

    replies = [
        await server.request("DELETE", path, bearer=token)
        for token in (other, viewer.token, "eyJ.x.y", KEY)
    ]

    assert [reply.error for reply in replies] == [
        (404, "not_found"),
        (404, "not_found"),
        (401, "token_invalid"),
        (401, "token_invalid"),
    ]
    assert server.is_connected(publisher)


async def test_dtls_close_of_the_peer_ends_its_session(server: MediaServer) -> None:
    room, peers = await fill(server)

    for peer in peers:
        peer.close()
    await within_a_second(server.until_counts(room["id"], (0, 0)))

    assert_nobody_is_left(server)


async def test_deleting_the_room_ends_its_sessions(server: MediaServer) -> None:
    room, peers = await fill(server)
    _, others = await fill(server)

    await server.request("DELETE", f"/v1/rooms/{room['id']}")
    await within_a_second(all_closed(peers))
    reply = await server.offer("publish", room["tokens"]["publish"])

    assert reply.error == (404, "room_not_found")
    assert [server.is_connected(peer) for peer in others] == [True, True]


async def test_room_deleted_by_another_process_ends_its_sessions(server: MediaServer) -> None:
    room, peers = await fill(server)
    _, others = await fill(server)

    Store(server.data_dir).rooms.delete(room["id"])
    await within_a_second(all_closed(peers))

    assert [server.is_connected(peer) for peer in others] == [True, True]
    assert (await server.request("GET", f"/v1/rooms/{room['id']}")).status == 404


async def key_and_its_peers(server: MediaServer) -> tuple[str, list[Peer]]:
    """Return the id of a second key, and a publisher and viewer with tokens of that key."""
    key = (await server.request("POST", "/v1/keys", {"name": "second"})).body["key"]
    reply = await server.request("POST", "/v1/rooms", {"room_type": "broadcast"}, bearer=key)
    tokens = reply.body["tokens"]
    peers = [await server.publish(tokens["publish"]), await server.watch(tokens["subscribe"])]
    return key[:8], peers


async def test_revoking_a_key_ends_the_sessions_of_its_tokens(server: MediaServer) -> None:
    key_id, peers = await key_and_its_peers(server)
    _, others = await fill(server)

    await server.request("DELETE", f"/v1/keys/{key_id}")
    await within_a_second(all_closed(peers))
    reply = await server.offer("publish", peers[0].token)

    assert reply.error == (401, "token_invalid")
    assert [server.is_connected(peer) for peer in others] == [True, True]


async def test_key_revoked_by_another_process_ends_the_sessions_of_its_tokens(
    server: MediaServer,
) -> None:
    key_id, peers = await key_and_its_peers(server)
    _, others = await fill(server)

    Store(server.data_dir).keys.revoke(key_id)
    await within_a_second(all_closed(peers))

    assert [server.is_connected(peer) for peer in others] == [True, True]


async def kick(server: MediaServer, room_id: str, role: str) -> int:
    peers = (await server.request("GET", f"/v1/rooms/{room_id}/peers")).body
    peer = next(peer for peer in peers if peer["role"] == role)
    reply = await server.request("DELETE", f"/v1/rooms/{room_id}/peers/{peer['peer_id']}")
    return reply.status


async def test_kicked_peer_is_out_and_must_not_come_back_by_itself(server: MediaServer) -> None:
    room, (publisher, viewer) = await fill(server)

    status = await kick(server, room["id"], "subscribe")
    await within_a_second(viewer.client.closed)
    reply = await server.offer("subscribe", viewer.token, previous_session_id=viewer.session_id)

    assert status == 204
    assert reply.error == (409, "session_ended")
    assert server.is_connected(publisher)
    assert await server.counts(room["id"]) == (1, 0)


async def test_replaced_publisher_must_not_take_its_place_back(server: MediaServer) -> None:
    room = await server.create_room()
    old = await server.publish(room["tokens"]["publish"])
    new = await server.publish(room["tokens"]["publish"])

    reply = await server.offer("publish", old.token, previous_session_id=old.session_id)

    assert reply.error == (409, "session_ended")
    assert server.is_connected(new)


async def test_peer_that_lost_its_connection_may_come_back(server: MediaServer) -> None:
    room, (_, viewer) = await fill(server)
    viewer.close()
    await server.until_counts(room["id"], (1, 0))

    reply = await server.offer("subscribe", viewer.token, previous_session_id=viewer.session_id)

    assert reply.status == 200


async def test_publisher_whose_answer_was_lost_may_ask_again(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])

    replies = [
        await server.offer("publish", publisher.token, previous_session_id=publisher.session_id)
        for _ in range(3)
    ]

    assert [reply.status for reply in replies] == [200] * 3
    assert await server.counts(room["id"]) == (0, 0)


async def test_previous_session_of_somebody_else_says_nothing(server: MediaServer) -> None:
    room, (_, viewer) = await fill(server)
    await kick(server, room["id"], "subscribe")
    token = await server.create_token(room["id"], "subscribe")

    replies = [
        await server.offer("subscribe", token, previous_session_id=previous)
        for previous in (viewer.session_id, "unknown", 7, None, ["x"])
    ]

    assert [reply.status for reply in replies] == [200] * 5


async def test_counts_are_true_from_the_first_join_to_the_last_leave(server: MediaServer) -> None:
    room, call = await server.create_room(), await server.create_room("call")
    seen = [await numbers(server, room, call)]
    publisher = await server.publish(room["tokens"]["publish"])
    seen.append(await numbers(server, room, call))
    viewers = [await server.watch(room["tokens"]["subscribe"]) for _ in range(2)]
    seen.append(await numbers(server, room, call))
    caller = await server.join("call", call["tokens"]["caller"])
    seen.append(await numbers(server, room, call))
    for peer in (publisher, viewers[0], caller):
        await server.request("DELETE", f"/sfu/sessions/{peer.session_id}", bearer=peer.token)
    seen.append(await numbers(server, room, call))
    await server.request("DELETE", f"/v1/rooms/{room['id']}")
    health = (await server.request("GET", "/health")).body

    assert seen == [
        ((0, 0), (0, 0), (2, 0)),
        ((1, 0), (0, 0), (2, 0)),
        ((1, 2), (0, 0), (2, 2)),
        ((1, 2), (1, 1), (2, 3)),
        ((0, 1), (0, 0), (2, 1)),
    ]
    assert (health["rooms_active"], health["subscribers_active"]) == (1, 0)


async def numbers(server: MediaServer, *rooms: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    """Return publishers and subscribers of each room, then the totals of `/health`."""
    health = (await server.request("GET", "/health")).body
    counted = [await server.counts(room["id"]) for room in rooms]
    return (*counted, (health["rooms_active"], health["subscribers_active"]))


async def test_peer_that_has_not_connected_is_not_counted(server: MediaServer) -> None:
    room = await server.create_room()

    await server.offer("publish", room["tokens"]["publish"])

    assert await server.counts(room["id"]) == (0, 0)
    peers = (await server.request("GET", f"/v1/rooms/{room['id']}/peers")).body
    assert peers[0]["sessions"][0]["state"] == "connecting"


async def test_draining_server_closes_its_sessions_and_takes_no_more(server: MediaServer) -> None:
    room, peers = await fill(server)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.server.drain())
        await within_a_second(all_closed(peers))
        replies = [
            await server.offer("publish", room["tokens"]["publish"]),
            await server.offer("subscribe", room["tokens"]["subscribe"]),
        ]

    assert [reply.error for reply in replies] == [(503, "unavailable")] * 2
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in replies)
    assert_nobody_is_left(server)


async def test_closing_the_server_tells_its_peers(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        _, peers = await fill(server)

        await server.server.close()

        await within_a_second(all_closed(peers))


async def test_media_stops_with_the_session(server: MediaServer) -> None:
    room, (publisher, viewer) = await fill(server)
    frame = publisher.send_frame(is_keyframe=True)
    await viewer.wait_for(VIDEO, frame)
    other = await server.watch(room["tokens"]["subscribe"])

    await server.request("DELETE", f"/sfu/sessions/{viewer.session_id}", bearer=viewer.token)
    last = publisher.send_frame(is_keyframe=True)
    await other.wait_for(VIDEO, last)

    assert [packet.payload for packet in viewer.received(VIDEO)] == [frame]
