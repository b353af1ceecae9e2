"""What running servers tell commands on the same store: where they are, and who is in which room.

Each server keeps one small file up to date and holds a lock beside it for as long as it runs, so
a file whose lock is free belongs to a server that was killed, and what it says is void.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A running server: its URL for this machine, and who is in its rooms."""

    url: str
    counts: LiveCounts


class LivePublisher:
    """What one running server tells, in a file of its own."""

    def __init__(self, directory: Path, url: str) -> None:
        """Take the lock of a file; `url` is where this machine reaches the server.

        Raises:
            StoreError: The directory cannot be written.
        """
        import filelock

        files.make_directory(directory)
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = directory / (name + _SUFFIX)
        self._lock = filelock.FileLock(directory / (name + _LOCK_SUFFIX), mode=0o600)
        self._url = url
        self._published: LiveCounts | None = None
        try:
            self._lock.acquire(timeout=0)
        except OSError as error:
            raise StoreError(f"{directory}: cannot be locked: {error.strerror}") from None

    def has_published(self, counts: LiveCounts) -> bool:
        """Return whether these are the ones that were written last."""
        return counts == self._published

    def publish(self, counts: LiveCounts) -> None:
        """Write `counts`.

        Raises:
            StoreError: The disk does not take it.
        """
        rooms = {room_id: list(pair) for room_id, pair in counts.items()}
        text = json.dumps({"url": self._url, "rooms": rooms})
        files.write_whole(self._path, text.encode(), is_durable=False)
        self._published = counts

    def close(self) -> None:
        for path in (self._path, self._path.with_suffix(_LOCK_SUFFIX)):
            with contextlib.suppress(OSError):
                path.unlink()
        self._lock.release()


def read_live_servers(directory: Path) -> list[LiveServer]:
    """Return the servers that run on this store; void files are removed, damaged ones left."""
    servers: list[LiveServer] = []
    for path in sorted(directory.glob("*" + _SUFFIX)):
        if _is_void(path):
            for leftover in (path, path.with_suffix(_LOCK_SUFFIX)):
                with contextlib.suppress(OSError):
                    leftover.unlink()
            continue
        with contextlib.suppress(OSError, ValueError):
            servers.append(_parse(path.read_bytes()))
    return servers


def read_live_counts(directory: Path) -> LiveCounts:
    """Return the sum over all servers that run on this store."""
    total: dict[str, tuple[int, int]] = {}
    for server in read_live_servers(directory):
        for room_id, (publishers, subscribers) in server.counts.items():
            before = total.get(room_id, (0, 0))
            total[room_id] = (before[0] + publishers, before[1] + subscribers)
    return total


def _parse(raw: bytes) -> LiveServer:
    """Return what a server wrote.

    Raises:
        ValueError: It is something else.
    """
    match json.loads(raw):
        case {"url": str(url), "rooms": dict() as rooms}:
            return LiveServer(url, {room_id: _pair(counts) for room_id, counts in rooms.items()})
        case _:
            raise ValueError("not what a server writes")


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
