"""Rooms on disk."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError
from liverelay.store import files
from liverelay.store.records import Room, RoomType, read_room
from liverelay.tokens import is_uuid
from liverelay.utc import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HEADER = "A LiveRelay room. Deleting this file deletes the room."


class RoomStore:
    """The rooms of one data directory, as files named after their id.

    A room never changes once it is made, so its name alone tells whether it is known already; and
    ids are drawn from 122 random bits, so two writers cannot meet and no lock is needed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def directory(self) -> Path:
        return self._directory

    def create(self, room_type: RoomType) -> Room:
        room = Room(str(uuid.uuid4()), room_type, utc_now())
        files.make_directory(self._directory)
        files.write_record(self._path(room.room_id), _HEADER, room.to_record())
        return room

    def get(self, room_id: str) -> Room | None:
        if not is_uuid(room_id):
            return None
        path = self._path(room_id)
        record = files.read_record(path)
        return None if record is None else read_room(path, record)

    def require(self, room_id: str) -> Room:
        """Return a room that must exist.

        Raises:
            RefusedError: `room_not_found`.
        """
        room = self.get(room_id)
        if room is None:
            raise RefusedError(ErrorCode.ROOM_NOT_FOUND)
        return room

    def ids(self) -> set[str]:
        """Return the ids of all rooms without reading them."""
        return {name for name in files.list_names(self._directory) if is_uuid(name)}

    def load(self) -> dict[str, Room]:
        """Return every room by its id."""
        found = (self.get(room_id) for room_id in sorted(self.ids()))
        return {room.room_id: room for room in found if room is not None}

    def list(self) -> list[Room]:
        return oldest_first(self.load().values())

    def delete(self, room_id: str) -> None:
        """Delete a room.

        Raises:
            RefusedError: `room_not_found`.
        """
        self.require(room_id)
        if not files.delete_record(self._path(room_id)):
            raise RefusedError(ErrorCode.ROOM_NOT_FOUND)

    def _path(self, room_id: str) -> Path:
        return self._directory / (room_id + files.SUFFIX)


def oldest_first(rooms: Iterable[Room]) -> list[Room]:
    """Return the order in which rooms are listed; two of one instant go by their ids."""
    return sorted(rooms, key=lambda room: (room.created_at_utc, room.room_id))
