from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from liverelay.errors import ErrorCode, RefusedError, StoreError
from liverelay.store import files
from liverelay.store.records import RoomType
from liverelay.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_room_reads_back_as_made(tmp_path: Path) -> None:
    rooms = Store(tmp_path).rooms

    made = rooms.create(RoomType.CALL)

    assert rooms.get(made.room_id) == made
    assert str(uuid.UUID(made.room_id)) == made.room_id


def test_rooms_are_listed_oldest_first(tmp_path: Path) -> None:
    rooms = Store(tmp_path).rooms

    made = [rooms.create(RoomType.BROADCAST) for _ in range(10)]

    assert rooms.list() == made


def test_store_without_rooms_lists_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "missing")

    assert store.rooms.list() == []
    assert not store.directory.exists()


def test_deleted_room_is_gone(tmp_path: Path) -> None:
    rooms = Store(tmp_path).rooms
    room = rooms.create(RoomType.BROADCAST)

    rooms.delete(room.room_id)

    assert rooms.get(room.room_id) is None
    assert rooms.ids() == set()


@pytest.mark.parametrize(
    "room_id",
    ["", "x", "../secret", "8271274B-FC62-4B73-98C5-40E28B7A1B81", str(uuid.UUID(int=0)), "a\0b"],
)
def test_room_that_does_not_exist_is_refused(tmp_path: Path, room_id: str) -> None:
    rooms = Store(tmp_path).rooms

    for refused in (rooms.require, rooms.delete):
        with pytest.raises(RefusedError) as caught:
            refused(room_id)
        assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


def test_files_that_are_no_rooms_are_ignored(tmp_path: Path) -> None:
    rooms = Store(tmp_path).rooms
    room = rooms.create(RoomType.BROADCAST)
    files.write_record(rooms.directory / "notes.toml", "Mine.", {"x": 1})

    assert rooms.list() == [room]


def test_damaged_room_is_neither_listed_around_nor_deleted(tmp_path: Path) -> None:
    rooms = Store(tmp_path).rooms
    room = rooms.create(RoomType.BROADCAST)
    path = rooms.directory / f"{room.room_id}.toml"
    path.write_bytes(b"type = 'broadcast'\n")

    with pytest.raises(StoreError, match=room.room_id):
        rooms.list()
    with pytest.raises(StoreError, match=room.room_id):
        rooms.delete(room.room_id)

    assert path.read_bytes() == b"type = 'broadcast'\n"
