"""A server's view of the store: in memory, and never more than a moment behind the disk.

Other processes create and delete keys and rooms under a running server. What a server does not know
it looks up on the disk at once, so a room made elsewhere can be used immediately; what has gone is
found by comparing directories, which `scan` does off the event loop and `apply` takes over.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from liverelay.errors import ErrorCode, RefusedError, StoreError
from liverelay.store import keys
from liverelay.store.rooms import oldest_first
from liverelay.tokens import LOCAL_KEY_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from liverelay.store.records import ApiKey, Room, RoomType
    from liverelay.store.store import Store

    # A room, and whether it exists now.
    RoomChange: TypeAlias = tuple[Room, bool]

T = TypeVar("T")

# A file system may stamp two changes with one time if they are closer than its clock ticks (4 ms on
# Linux, 2 s at worst elsewhere), so a directory that changed this recently is compared once more.
_SETTLING_TIME_NS = 2_000_000_000


# The stamp of a directory that must be compared again whatever its time says; file times are later.
_UNSETTLED = -1


@dataclass(frozen=True, slots=True)
class Scan:
    """What `Catalogue.scan` found on disk, as differences from what was known when it began.

    `keys` may hold known ones too. `damaged` are files and directories that could not be read; what
    was known of them is in none of the other fields, so it stays in force.
    """

    rooms: Mapping[str, Room]
    gone_rooms: frozenset[str]
    keys: Mapping[str, ApiKey]
    gone_keys: frozenset[str]
    damaged: tuple[StoreError, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """What stopped existing: ids of rooms, `key_id`s of keys."""

    rooms: frozenset[str]
    keys: frozenset[str]


class Catalogue:
    """The rooms and keys that a server answers from.

    The methods that write to the disk, and `scan`, may run in any thread: what they change in
    memory is one entry at a time, at once. All others belong to the event loop's thread.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rooms: dict[str, Room] = {}
        self._keys: dict[str, ApiKey] = {}
        self._stamps: dict[Path, int] = {}
        # Bounded by its reader, who empties it four times a second.
        self._changes: deque[RoomChange] = deque()

    @property
    def room_count(self) -> int:
        return len(self._rooms)

    def load(self, now_ns: int) -> None:
        """Read everything; `now_ns` is the wall clock in nanoseconds, as file times are.

        Raises:
            StoreError: A file is damaged, or a directory cannot be read.
        """
        scan = self.scan(now_ns)
        if scan.damaged:
            raise scan.damaged[0]
        self.apply(scan)
        self._changes.clear()

    def take_changes(self) -> list[RoomChange]:
        """Return which rooms have come and gone since the last call, in order."""
        return [self._changes.popleft() for _ in range(len(self._changes))]

    def list_rooms(self) -> list[Room]:
        return oldest_first(self._rooms.values())

    def create_room(self, room_type: RoomType) -> Room:
        room = self._store.rooms.create(room_type)
        self._add_room(room)
        return room

    def find_room(self, room_id: str) -> Room | None:
        """Return a room if it is known, without a look at the disk."""
        return self._rooms.get(room_id)

    def require_room(self, room_id: str) -> Room:
        """Return a room that must exist.

        Raises:
            RefusedError: `room_not_found`.
        """
        room = self._rooms.get(room_id)
        if room is None:
            room = self._store.rooms.require(room_id)
            self._add_room(room)
        return room

    def delete_room(self, room_id: str) -> None:
        """Delete a room here and on disk.

        Raises:
            RefusedError: `room_not_found`.
        """
        try:
            self._store.rooms.delete(room_id)
        except RefusedError:
            self._remove_room(room_id)
            raise
        self._remove_room(room_id)

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
        """Compare the disk with what is known; reads files, so not for the event loop."""
        damaged: list[StoreError] = []
        # Known first: what is made between these lines and the listings must not look deleted.
        known_rooms, known_keys = frozenset(self._rooms), dict(self._keys)
        rooms: dict[str, Room] = {}
        gone_rooms = frozenset[str]()
        with self._comparing(self._store.rooms.directory, now_ns, damaged) as has_changed:
            if has_changed:
                names = self._store.rooms.ids()
                gone_rooms = known_rooms - names
                rooms = _read_all(names - known_rooms, self._store.rooms.get, damaged)
        keys: dict[str, ApiKey] = {}
        gone_keys = frozenset[str]()
        with self._comparing(self._store.keys.directory, now_ns, damaged) as has_changed:
            if has_changed:
                names = self._store.keys.ids()
                keys = _read_all(names, self._store.keys.get, damaged)
                gone_keys = frozenset(
                    key_id
                    for key_id, known in known_keys.items()
                    if known.is_live and (key_id not in names or _is_revoked(keys.get(key_id)))
                )
        return Scan(rooms, gone_rooms, keys, gone_keys, tuple(damaged))

    def apply(self, scan: Scan) -> Removed:
        """Take over what `scan` found and return what has gone since the last time."""
        # Each entry is taken out by one call, because another thread may be deleting it too.
        gone_rooms = frozenset(room_id for room_id in scan.gone_rooms if self._remove_room(room_id))
        for room in scan.rooms.values():
            self._add_room(room)
        gone = {key_id: self._keys.pop(key_id, None) for key_id in scan.gone_keys}
        gone_keys = frozenset(key_id for key_id, key in gone.items() if key and key.is_live)
        for key_id, key in scan.keys.items():
            # A key revoked here while the scan read its file must not come back to life.
            if not _is_revoked(self._keys.get(key_id)):
                self._keys[key_id] = key
        return Removed(gone_rooms, gone_keys)

    def _add_room(self, room: Room) -> None:
        if self._rooms.setdefault(room.room_id, room) is room:
            self._changes.append((room, True))

    def _remove_room(self, room_id: str) -> bool:
        """Forget a room and return whether it was known."""
        room = self._rooms.pop(room_id, None)
        if room is not None:
            self._changes.append((room, False))
        return room is not None

    def _find_key(self, key_id: str) -> ApiKey | None:
        record = self._keys.get(key_id)
        if record is None:
            record = self._store.keys.get(key_id)
            if record is not None:
                self._keys[key_id] = record
        return record

    @contextmanager
    def _comparing(self, directory: Path, now_ns: int, damaged: list[StoreError]) -> Iterator[bool]:
        """Tell whether `directory` needs comparing, and remember afterwards whether it was done.

        It was not if the directory cannot be read, or if anything in it turned out damaged: the
        file may be repaired in place, which does not change the directory's time.
        """
        try:
            # Before the reading: what changes during it shows the next time.
            stamp = directory.stat().st_mtime_ns
        except OSError:
            stamp = 0
        if self._stamps.get(directory) == stamp:
            yield False
            return
        self._stamps[directory] = _UNSETTLED
        damaged_before = len(damaged)
        try:
            yield True
        except StoreError as error:
            # Each by itself: rooms that cannot be read must not keep a revoked key alive.
            damaged.append(error)
        settled = not 0 <= now_ns - stamp < _SETTLING_TIME_NS
        if settled and len(damaged) == damaged_before:
            self._stamps[directory] = stamp


def _is_revoked(key: ApiKey | None) -> bool:
    return key is not None and not key.is_live


def _read_all(
    names: Iterable[str], get: Callable[[str], T | None], damaged: list[StoreError]
) -> dict[str, T]:
    """Return the records of `names` that are there, and add the failures to `damaged`."""
    found: dict[str, T] = {}
    for name in sorted(names):
        try:
            record = get(name)
        except StoreError as error:
            damaged.append(error)
            continue
        if record is not None:
            found[name] = record
    return found
