"""What a server keeps of peers that have left: nothing."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pylibsrtp
import pytest
from aiortc import RTCDtlsTransport
from OpenSSL import SSL

from liverelay.server.joined_session import JoinedSession
from liverelay.sfu.publication import Publication
from liverelay.sfu.room import RoomMedia
from liverelay.sfu.subscription import Subscription
from liverelay.transport.peer_transport import PeerTransport
from tests.support.media_server import MediaServer, serving
from tests.support.peer import VIDEO

if TYPE_CHECKING:
    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio, pytest.mark.timeout(300)]

JOINS = 300
VIEWERS = 4
# The last half may cost this much for what is remembered on purpose (why a session ended: 200
# bytes each) and for the allocator's own moods.
MEMORY_BOUND = 1 << 20
# What leaks does so each time. A heap in which other tests have been may grow once more.
MOST_HALVES = 4

KINDS = (
    JoinedSession,
    PeerTransport,
    Publication,
    RoomMedia,
    RTCDtlsTransport,
    SSL.Connection,
    Subscription,
    pylibsrtp.Session,
)


def living() -> Counter[str]:
    gc.collect()
    return reachable_or_not()


def reachable_or_not() -> Counter[str]:
    """Return how many there are of each kind, with those that only a collection would free."""
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, KINDS))


def open_files() -> Counter[str]:
    """Return what the file descriptors of this process lead to, by kind of thing."""
    kinds: Counter[str] = Counter()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            kinds[os.readlink(descriptor).partition(":")[0]] += 1
        except FileNotFoundError:  # the one that lists the directory
            continue
    return kinds


def resident_size() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def visit(server: MediaServer, way_out: int) -> int:
    """Fill a room, show a frame to everyone, empty the room again; return how many joined."""
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewers = [await server.watch(room["tokens"]["subscribe"]) for _ in range(VIEWERS)]
    frame = publisher.send_frame(is_keyframe=True)
    for viewer in viewers:
        await viewer.wait_for(VIDEO, frame)
    peers = [publisher, *viewers]
    await WAYS_OUT[way_out % len(WAYS_OUT)](server, room["id"], peers)
    await server.until(lambda: len(server.worker) == 0)
    if way_out % len(WAYS_OUT) != 2:
        await server.request("DELETE", f"/v1/rooms/{room['id']}")
    for peer in peers:
        peer.close()
    server.peers.clear()
    return len(peers)


async def leave_by_request(server: MediaServer, _room_id: str, peers: list[Peer]) -> None:
    for peer in peers:
        await server.request("DELETE", f"/sfu/sessions/{peer.session_id}", bearer=peer.token)


async def leave_by_dtls(_server: MediaServer, _room_id: str, peers: list[Peer]) -> None:
    for peer in peers:
        peer.close()


async def leave_by_deletion(server: MediaServer, room_id: str, _peers: list[Peer]) -> None:
    await server.request("DELETE", f"/v1/rooms/{room_id}")


WAYS_OUT = (leave_by_request, leave_by_dtls, leave_by_deletion)


async def settled(server: MediaServer, tasks: int) -> None:
    """Wait for the tasks of what has been closed."""
    await server.until(lambda: len(asyncio.all_tasks()) <= tasks)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc to count with")
async def test_three_hundred_joins_and_leaves_leave_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await visit(server, 0)
        tasks = len(asyncio.all_tasks())
        objects, files, sizes = living(), open_files(), [resident_size()]

        for half in range(MOST_HALVES):
            joined = 0
            while joined < JOINS // 2:
                joined += await visit(server, half + joined // (1 + VIEWERS))
            await settled(server, tasks)
            gc.collect()
            sizes.append(resident_size())
            if half >= 1 and sizes[-1] - sizes[-2] < MEMORY_BOUND:
                break

        assert server.counters.connected >= JOINS
        assert len(asyncio.all_tasks()) <= tasks
        assert not living() - objects
        assert not open_files() - files
        assert sizes[-1] - sizes[-2] < MEMORY_BOUND, sizes
        assert len(server.context.sessions) == 0
        assert not server.worker._rooms
        assert not server.worker._transports


async def test_ended_session_is_freed_without_the_garbage_collector(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await visit(server, 0)
        tasks = len(asyncio.all_tasks())
        objects = living()
        gc.disable()
        try:
            for way_out in range(len(WAYS_OUT)):
                await visit(server, way_out)
            await settled(server, tasks)

            assert not reachable_or_not() - objects
        finally:
            gc.enable()


async def test_living_session_is_seen_by_the_count(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        room = await server.create_room()
        before = living()

        await server.publish(room["tokens"]["publish"])

        found = living() - before
        assert {kind: found[kind] for kind in ("JoinedSession", "PeerTransport", "RoomMedia")} == {
            "JoinedSession": 1,
            "PeerTransport": 1,
            "RoomMedia": 1,
        }
        assert found["Session"] >= 2


async def test_offers_that_never_connect_leave_nothing_when_their_room_goes(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server:
        await server.offer("publish", (await server.create_room())["tokens"]["publish"])
        objects = living()

        for _ in range(20):
            room = await server.create_room()
            await server.offer("publish", room["tokens"]["publish"])
            for _ in range(5):
                await server.offer("subscribe", room["tokens"]["subscribe"])
            await server.request("DELETE", f"/v1/rooms/{room['id']}")

        assert not living() - objects
        assert len(server.worker) == 1
