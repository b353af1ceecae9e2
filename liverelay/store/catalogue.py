"""A server's view of the store: in memory, and never more than a moment behind the disk.

Other processes create and delete keys and rooms under a running server. What a server does not know
it looks up on the disk at once, so a room made elsewhere can be used immediately; what has gone is
found by comparing directories, which `scan` does off the event loop and `apply` takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.errors import ErrorCode, RefusedError
from liverelay.store import keys
from liverelay.store.rooms import oldest_first
from liverelay.tokens import LOCAL_KEY_ID

if TYPE_CHECKING:
    from pathlib import Path

    from liverelay.store.records import ApiKey, Room, RoomType
    from liverelay.store.store import Store

# A file system may stamp two changes with one time if they are closer than its clock ticks (4 ms on
# Linux, 2 s at worst elsewhere), so a directory that changed this recently is compared once more.
_SETTLING_TIME_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Scan:
    """What `Catalogue.scan` found on disk; None where a directory has not changed."""

    rooms: dict[str, Room] | None
    gone_rooms: frozenset[str]
    keys: dict[str, ApiKey] | None


@dataclass(frozen=True, slots=True)
class Removed:
    """What stopped existing: ids of rooms, `key_id`s of keys."""

    rooms: frozenset[str]
    keys: frozenset[str]


class Catalogue:
    """The rooms and keys that a server answers from.

    All methods but `scan` belong to the event loop's thread.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rooms: dict[str, Room] = {}
        self._keys: dict[str, ApiKey] = {}
        self._stamps: dict[Path, int] = {}

    @property
    def room_count(self) -> int:
        return len(self._rooms)

    def load(self, now_ns: int) -> None:
        """Read everything; `now_ns` is the wall clock in nanoseconds, as file times are.

        Raises:
            StoreError: A file is damaged.
        """
        self.apply(self.scan(now_ns))

    def list_rooms(self) -> list[Room]:
        return oldest_first(self._rooms.values())

    def create_room(self, room_type: RoomType) -> Room:
        room = self._store.rooms.create(room_type)
        self._rooms[room.room_id] = room
        return room

    def require_room(self, room_id: str) -> Room:
        """Return a room that must exist.

        Raises:
            RefusedError: `room_not_found`.
        """
        room = self._rooms.get(room_id)
        if room is None:
            room = self._store.rooms.require(room_id)
            self._rooms[room_id] = room
        return room

    def delete_room(self, room_id: str) -> None:
        """Delete a room here and on disk.

        Raises:
            RefusedError: `room_not_found`.
        """
        self._rooms.pop(room_id, None)
        self._store.rooms.delete(room_id)

    def list_keys(self) -> list[ApiKey]:
        return self._store.keys.list()

    def create_key(self, name: str) -> str:
        """Store a new key and return it in full.

        Raises:
            RefusedError: `invalid_request`, the name cannot be used.
        """
        key, record = self._store.keys.create(name)
        self._keys[record.key_id] = record
        return key

    def revoke_key(self, key_id: str) -> None:
        """Make a key invalid here and on disk.

        Raises:
            RefusedError: `not_found`.
        """
        self._keys[key_id] = self._store.keys.revoke(key_id)

    def require_key(self, presented: str) -> ApiKey:
        """Return the live key that `presented` is.

        Raises:
            RefusedError: `api_key_invalid`.
        """
        if keys.is_api_key(presented):
            record = self._find_key(presented[: keys.KEY_ID_LENGTH])
            if record is not None and record.is_live and keys.matches(presented, record):
                return record
        raise RefusedError(ErrorCode.API_KEY_INVALID)

    def is_live_key(self, key_id: str) -> bool:
        """Return whether tokens made with `key_id` may be used."""
        if key_id == LOCAL_KEY_ID:
            return True
        record = self._find_key(key_id)
        return record is not None and record.is_live

    def scan(self, now_ns: int) -> Scan:
        """Compare the disk with what is known; reads files, so not for the event loop.

        Raises:
            StoreError: A file is damaged.
        """
        rooms, gone = None, frozenset[str]()
        if self._has_changed(self._store.rooms.directory, now_ns):
            # Known first: a room made between the two lines must not look deleted.
            known = frozenset(self._rooms)
            names = self._store.rooms.ids()
            gone = known - names
            found = (self._store.rooms.get(room_id) for room_id in names - known)
            rooms = {room.room_id: room for room in found if room is not None}
        changed = self._has_changed(self._store.keys.directory, now_ns)
        return Scan(rooms, gone, self._store.keys.load() if changed else None)

    def apply(self, scan: Scan) -> Removed:
        """Take over what `scan` found and return what has gone since the last time."""
        gone_rooms = scan.gone_rooms & self._rooms.keys()
        for room_id in gone_rooms:
            del self._rooms[room_id]
        self._rooms.update(scan.rooms or {})
        gone_keys = frozenset[str]()
        if scan.keys is not None:
            live = {key_id for key_id, key in scan.keys.items() if key.is_live}
            gone_keys = frozenset(
                key_id for key_id, key in self._keys.items() if key.is_live and key_id not in live
            )
            self._keys = scan.keys
        return Removed(gone_rooms, gone_keys)

    def _find_key(self, key_id: str) -> ApiKey | None:
        record = self._keys.get(key_id)
        if record is None:
            record = self._store.keys.get(key_id)
            if record is not None:
                self._keys[key_id] = record
        return record

    def _has_changed(self, directory: Path, now_ns: int) -> bool:
        try:
            stamp = directory.stat().st_mtime_ns
        except FileNotFoundError:
            stamp = 0
        if self._stamps.get(directory) == stamp:
            return False
        settled = not 0 <= now_ns - stamp < _SETTLING_TIME_NS
        self._stamps[directory] = stamp if settled else -1
        return True
