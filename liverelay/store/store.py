"""The data directory as a whole."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from liverelay.errors import StoreError
from liverelay.store import files
from liverelay.store.keys import KeyStore
from liverelay.store.rooms import RoomStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECRET_HEADER = "The secret that signs LiveRelay's tokens. Whoever has it can make any token."
_MIN_SECRET_SIZE = 32  # RFC 7518 section 3.2: a key as long as the hash, at least.

# Held for one small file at most; a process that waits this long meets a dead disk, not a queue.
_LOCK_TIMEOUT = 10.0

# Much shorter than the library's 50 ms: a key is written in a few milliseconds, and a server that
# waits here serves nobody meanwhile.
_LOCK_POLL_INTERVAL = 0.005


class Store:
    """Keys, rooms and the token secret below one directory.

    Any number of processes may use one directory at once. Creating a `Store` touches nothing; the
    directory is made by the first write.
    """

    def __init__(self, directory: Path, *, lock_timeout: float = _LOCK_TIMEOUT) -> None:
        self.directory = directory
        self._lock_timeout = lock_timeout
        self.keys = KeyStore(directory / "keys", self.lock)
        self.rooms = RoomStore(directory / "rooms")
        self.live_directory = directory / "live"

    def token_secret(self) -> bytes:
        """Return the secret that signs this store's tokens, drawing it on first use.

        Raises:
            StoreError: Its file is damaged.
        """
        return self._read_secret() or self._make_secret()

    def _read_secret(self) -> bytes | None:
        path = self._secret_path
        record = files.read_record(path)
        if record is None:
            return None
        text = record.get("token_secret")
        if not isinstance(text, str) or len(text) < _MIN_SECRET_SIZE:
            raise files.damaged(path, "token_secret is missing or shorter than 32 characters")
        return text.encode()

    def _make_secret(self) -> bytes:
        with self.lock():
            # Another process may have been first; its secret is the one that counts.
            existing = self._read_secret()
            if existing is not None:
                return existing
            text = secrets.token_hex(_MIN_SECRET_SIZE)
            files.write_record(self._secret_path, _SECRET_HEADER, {"token_secret": text})
            return text.encode()

    @property
    def _secret_path(self) -> Path:
        return self.directory / ("secret" + files.SUFFIX)

    def remove_leftovers(self, now: float) -> None:
        """Remove what killed writers left behind; `now` in seconds since 1970."""
        for directory in (self.directory, self.keys.directory, self.rooms.directory):
            files.remove_leftovers(directory, now)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from creating or revoking keys; a kill releases it.

        Raises:
            StoreError: The lock cannot be had.
        """
        import filelock

        files.make_directory(self.directory)
        lock = filelock.FileLock(
            self.directory / ".lock",
            timeout=self._lock_timeout,
            poll_interval=_LOCK_POLL_INTERVAL,
            mode=0o600,
        )
        try:
            lock.acquire()
        except filelock.Timeout:
            raise StoreError(f"{self.directory} is locked by another process") from None
        except OSError as error:
            raise StoreError(f"{self.directory}: cannot be locked: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()
