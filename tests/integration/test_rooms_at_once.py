"""Rooms that are made and deleted at once, by several processes, and up to the limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from liverelay.server.sessions import SessionKind, SessionState
from liverelay.store.records import RoomType
from tests.support.server import running_api, within_a_second

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


async def test_a_full_server_refuses_a_further_room(tmp_path: Path) -> None:
    async with running_api(tmp_path, max_rooms=2) as api:
        await api.create_room()
        await api.create_room()

        answer = await api.request("POST", "/v1/rooms", json={"room_type": "call"})

    assert answer.error == (503, "unavailable", "Server has as many rooms as it may")
    assert answer.headers["Retry-After"] == "60"


async def test_rooms_that_are_being_made_count_for_the_limit(tmp_path: Path) -> None:
    async with running_api(tmp_path, max_rooms=2) as api:
        creating = (api.request("POST", "/v1/rooms", json={"room_type": "call"}) for _ in range(8))
        answers = await asyncio.gather(*creating)
        listed = await api.request("GET", "/v1/rooms")

    assert sorted(answer.status for answer in answers) == [201] * 2 + [503] * 6
    assert len(listed.json) == 2


async def test_room_that_could_not_be_made_no_longer_counts(tmp_path: Path) -> None:
    async with running_api(tmp_path, max_rooms=1) as api:
        directory = api.data_dir / "rooms"
        directory.write_text("a file")
        failed = await api.request("POST", "/v1/rooms", json={"room_type": "call"})
        directory.unlink()

        answer = await api.request("POST", "/v1/rooms", json={"room_type": "call"})

    assert (failed.status, answer.status) == (500, 201)


async def test_rooms_created_at_once_are_all_there(api: Api) -> None:
    made = await asyncio.gather(*(api.create_room() for _ in range(50)))

    listed = await api.request("GET", "/v1/rooms")
    health = await api.request("GET", "/health")

    assert {room["room_id"] for room in listed.json} == {room["id"] for room in made}
    assert health.json["rooms_active"] == 50


async def test_a_room_deleted_many_times_at_once_is_deleted_once(api: Api) -> None:
    room = await api.create_room()
    path = f"/v1/rooms/{room['id']}"

    answers = await asyncio.gather(*(api.request("DELETE", path) for _ in range(20)))

    assert sorted(answer.status for answer in answers) == [204] + [404] * 19


async def test_a_room_made_by_another_process_is_usable_at_once(api: Api) -> None:
    room = api.other_process().rooms.create(RoomType.CALL)

    shown = await api.request("GET", f"/v1/rooms/{room.room_id}")

    assert shown.json["room_type"] == "call"


async def test_a_room_made_by_another_process_is_listed_within_a_second(api: Api) -> None:
    room = api.other_process().rooms.create(RoomType.CALL)

    listed = await within_a_second(
        lambda: api.request("GET", "/v1/rooms"), lambda answer: bool(answer.json)
    )

    assert [item["room_id"] for item in listed.json] == [room.room_id]


async def test_a_room_deleted_by_another_process_is_gone_within_a_second(api: Api) -> None:
    room = await api.create_room()
    session = await api.open_session(room["tokens"]["publish"], SessionKind.PUBLISH)
    api.other_process().rooms.delete(room["id"])

    gone = await within_a_second(
        lambda: api.request("GET", f"/v1/rooms/{room['id']}"), lambda answer: answer.status != 200
    )

    assert gone.error == (404, "room_not_found", "Room does not exist")
    assert session.state is SessionState.CLOSED
