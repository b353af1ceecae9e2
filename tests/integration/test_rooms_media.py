"""What peers of one room get from each other, through a whole server on real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.media_server import MediaServer, serving
from tests.support.peer import AUDIO, VIDEO, gaps, steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.peer import Peer

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path) as running:
        yield running


async def show(publisher: Peer, *viewers: Peer, frames: int = 5) -> None:
    """Send frames, the first of them a keyframe, and wait until every viewer has the last."""
    last = publisher.send_frame(is_keyframe=True)
    for _ in range(frames - 1):
        last = publisher.send_frame()
    for viewer in viewers:
        await viewer.wait_for(VIDEO, last)


async def test_viewer_gets_what_is_published(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])

    frames = [publisher.send_frame(is_keyframe=True), publisher.send_frame()]
    sounds = [publisher.send_sound(), publisher.send_sound()]
    await viewer.wait_for(AUDIO, sounds[-1])
    await viewer.wait_for(VIDEO, frames[-1])

    assert [packet.payload for packet in viewer.received(VIDEO)] == frames
    assert [packet.payload for packet in viewer.received(AUDIO)] == sounds
    assert {packet.ssrc for packet in viewer.received(VIDEO)} == {viewer.ssrc_of("video")}
    assert {packet.ssrc for packet in viewer.received(AUDIO)} == {viewer.ssrc_of("audio")}
    assert publisher.client.rtp == []


async def test_viewer_that_joins_late_causes_a_keyframe_request(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    first = await server.watch(room["tokens"]["subscribe"])
    await show(publisher, first)
    before = len(publisher.plis)

    late = await server.watch(room["tokens"]["subscribe"])
    await publisher.wait_for_pli(before + 1)
    await show(publisher, late)

    assert set(publisher.plis) == {publisher.video.ssrc}


async def test_both_sides_of_a_call_get_the_other_ones_media_only(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    caller = await server.join("call", tokens["caller"], name="caller")
    callee = await server.join("call", tokens["callee"], name="callee")

    await show(caller, callee)
    await show(callee, caller)

    assert caller.heard == {"callee"}
    assert callee.heard == {"caller"}


async def test_call_split_over_two_connections_never_returns_ones_own_media(
    server: MediaServer,
) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    sending = await server.publish(tokens["caller"], name="caller")
    other = await server.join("call", tokens["callee"], name="callee")
    receiving = await server.watch(tokens["caller"])

    await show(sending, other)
    await show(other, receiving)

    assert receiving.heard == {"callee"}
    assert other.heard == {"caller"}


async def test_viewer_stays_connected_while_the_publisher_leaves_and_returns(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    first = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    await show(first, viewer)

    await server.request("DELETE", f"/sfu/sessions/{first.session_id}", bearer=first.token)
    await server.until_counts(room["id"], (0, 1))
    again = await server.publish(
        room["tokens"]["publish"], name="again", sequence_number=7, rtp_timestamp=99
    )
    await show(again, viewer)

    video = viewer.received(VIDEO)
    assert len(video) == 10
    assert set(gaps(video)) == {1}
    assert min(steps(video)) > 0


async def test_viewers_go_on_with_another_publisher_that_takes_over(server: MediaServer) -> None:
    room = await server.create_room()
    first = await server.publish(room["tokens"]["publish"], name="first")
    viewers = [await server.watch(room["tokens"]["subscribe"]) for _ in range(3)]
    await show(first, *viewers)

    first.close()
    await server.until_counts(room["id"], (0, 3))
    token = await server.create_token(room["id"], "publish")
    other = await server.publish(token, name="other", sequence_number=30_000, rtp_timestamp=5)
    await show(other, *viewers)
    sound = other.send_sound()

    for viewer in viewers:
        await viewer.wait_for(AUDIO, sound)
        video = viewer.received(VIDEO)
        assert {packet.sender for packet in video[5:]} == {"other"}
        assert set(gaps(video)) == {1}
        assert min(steps(video)) > 0


async def test_reloaded_publisher_takes_over_from_its_own_older_session(
    server: MediaServer,
) -> None:
    room = await server.create_room()
    old = await server.publish(room["tokens"]["publish"], name="old")
    viewer = await server.watch(room["tokens"]["subscribe"])
    await show(old, viewer)

    new = await server.publish(room["tokens"]["publish"], name="new", sequence_number=100)
    await old.client.closed
    await show(new, viewer)

    video = viewer.received(VIDEO)
    assert set(gaps(video)) == {1}
    assert min(steps(video)) > 0
    assert await server.counts(room["id"]) == (1, 1)


async def test_either_side_of_a_call_may_reload(server: MediaServer) -> None:
    tokens = (await server.create_room("call"))["tokens"]
    caller = await server.join("call", tokens["caller"], name="caller")
    callee = await server.join("call", tokens["callee"], name="callee")
    await show(caller, callee)
    await show(callee, caller)

    again = await server.join("call", tokens["callee"], name="again", sequence_number=9)
    await show(again, caller)
    await show(caller, again)

    assert set(gaps(caller.received(VIDEO))) == {1}
    assert min(steps(caller.received(VIDEO))) > 0


async def test_media_flows_over_ipv6(tmp_path: Path) -> None:
    async with serving(tmp_path, public_address=("::1",)) as server:
        room = await server.create_room()
        publisher = await server.publish(room["tokens"]["publish"], ip="::1")
        viewer = await server.watch(room["tokens"]["subscribe"], ip="::1")

        await show(publisher, viewer)

        assert len(viewer.received(VIDEO)) == 5


async def test_peers_of_both_address_families_share_a_room(tmp_path: Path) -> None:
    async with serving(tmp_path, public_address=("127.0.0.1", "::1")) as server:
        room = await server.create_room()
        publisher = await server.publish(room["tokens"]["publish"])
        viewers = [
            await server.watch(room["tokens"]["subscribe"], ip=ip) for ip in ("127.0.0.1", "::1")
        ]

        await show(publisher, *viewers)

        assert [len(viewer.received(VIDEO)) for viewer in viewers] == [5, 5]


async def test_rooms_do_not_hear_each_other(server: MediaServer) -> None:
    rooms = [await server.create_room() for _ in range(2)]
    publishers = [
        await server.publish(room["tokens"]["publish"], name=name)
        for room, name in zip(rooms, ("one", "two"), strict=True)
    ]
    viewers = [await server.watch(room["tokens"]["subscribe"]) for room in rooms]

    for publisher, viewer in zip(publishers, viewers, strict=True):
        await show(publisher, viewer)

    assert [viewer.heard for viewer in viewers] == [{"one"}, {"two"}]


async def test_fault_of_one_room_is_not_that_of_another(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [await server.create_room() for _ in range(2)]
    for room in rooms:
        await server.publish(room["tokens"]["publish"])
    worker, (other, failing) = server.worker, [room["id"] for room in rooms]
    looked_at: list[float] = []
    monkeypatch.setattr(worker._rooms[other], "handle_timeout", looked_at.append)
    monkeypatch.setattr(worker._rooms[failing], "handle_timeout", lambda now: now / 0)

    for room_id in (other, failing):
        worker._deadlines.set(room_id, 0.0)
    with pytest.raises(ZeroDivisionError):
        worker._on_alarm(asyncio.get_running_loop().time())
    await server.until(lambda: bool(looked_at))

    assert len(looked_at) == 1
