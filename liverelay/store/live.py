"""How many peers are in which room, from running servers to commands on the same store.

Each server keeps one small file up to date and holds a lock beside it for as long as it runs, so
a file whose lock is free belongs to a server that was killed, and its numbers are void.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from typing import TYPE_CHECKING, TypeAlias

from liverelay.errors import StoreError
from liverelay.store import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Room id -> (publishers, subscribers); rooms without peers are left out.
LiveCounts: TypeAlias = "Mapping[str, tuple[int, int]]"

_SUFFIX = ".json"
_LOCK_SUFFIX = ".lock"


class LivePublisher:
    """One running server's numbers, in a file of its own."""

    def __init__(self, directory: Path) -> None:
        """Create the file and take its lock.

        Raises:
            StoreError: The directory cannot be written.
        """
        import filelock

        files.make_directory(directory)
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = directory / (name + _SUFFIX)
        self._lock = filelock.FileLock(directory / (name + _LOCK_SUFFIX), mode=0o600)
        self._published: LiveCounts | None = None
        try:
            self._lock.acquire(timeout=0)
        except OSError as error:
            raise StoreError(f"{directory}: cannot be locked: {error.strerror}") from None

    def publish(self, counts: LiveCounts) -> None:
        """Write `counts` if they have changed.

        Raises:
            StoreError: The disk does not take it.
        """
        if counts != self._published:
            text = json.dumps({room_id: list(pair) for room_id, pair in counts.items()})
            files.write_whole(self._path, text.encode(), is_durable=False)
            self._published = counts

    def close(self) -> None:
        for path in (self._path, self._path.with_suffix(_LOCK_SUFFIX)):
            with contextlib.suppress(OSError):
                path.unlink()
        self._lock.release()


def read_live_counts(directory: Path) -> LiveCounts:
    """Return the sum over all servers that run on this store; void files are removed."""
    total: dict[str, tuple[int, int]] = {}
    for path in directory.glob("*" + _SUFFIX):
        if _is_void(path):
            for leftover in (path, path.with_suffix(_LOCK_SUFFIX)):
                with contextlib.suppress(OSError):
                    leftover.unlink()
            continue
        with contextlib.suppress(OSError, ValueError):
            for room_id, (publishers, subscribers) in _parse(path.read_bytes()).items():
                before = total.get(room_id, (0, 0))
                total[room_id] = (before[0] + publishers, before[1] + subscribers)
    return total


def _parse(raw: bytes) -> LiveCounts:
    """Return what a server wrote.

    Raises:
        ValueError: It is something else.
    """
    match json.loads(raw):
        case dict() as rooms:
            return {room_id: _pair(counts) for room_id, counts in rooms.items()}
        case _:
            raise ValueError("not an object")


def _pair(counts: object) -> tuple[int, int]:
    match counts:
        case [int(publishers), int(subscribers)]:
            return publishers, subscribers
        case _:
            raise ValueError("not two numbers")


def _is_void(path: Path) -> bool:
    import filelock

    lock = filelock.FileLock(path.with_suffix(_LOCK_SUFFIX), mode=0o600)
    try:
        with lock.acquire(timeout=0):
            return True
    except (filelock.Timeout, OSError):
        return False
