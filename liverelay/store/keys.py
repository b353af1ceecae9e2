"""API keys on disk."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from liverelay.errors import DiskFullError, ErrorCode, RefusedError
from liverelay.store import files
from liverelay.store.records import ApiKey, read_api_key
from liverelay.utc import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

PREFIX = "lr_"
KEY_ID_LENGTH = 8
MAX_NAME_LENGTH = 200

_KEY = re.compile(r"lr_[0-9a-f]{32}")
_KEY_ID = re.compile(r"lr_[0-9a-f]{5}")
_HEADER = "A LiveRelay API key. The key itself is not stored, only its SHA-256 digest."

# A `key_id` has 20 bits, so clashes are drawn again; with this many in a row the space is full.
_MAX_DRAWS = 1000


def is_api_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def draw_api_key() -> str:
    return PREFIX + secrets.token_hex(16)


class KeyStore:
    """The API keys of one data directory, as files named after their `key_id`."""

    def __init__(
        self,
        directory: Path,
        lock: Callable[[], AbstractContextManager[None]],
        draw: Callable[[], str] = draw_api_key,
    ) -> None:
        """Use `directory`; `lock` keeps other writers out and `draw` returns a random key."""
        self._directory = directory
        self._lock = lock
        self._draw = draw

    @property
    def directory(self) -> Path:
        return self._directory

    def create(self, name: str) -> tuple[str, ApiKey]:
        """Store a new key and return it in full, for the only time, with its record.

        Raises:
            RefusedError: `invalid_request`, the name cannot be used; `unavailable`, every `key_id`
                is taken.
        """
        check_name(name)
        with self._lock():
            key = self._draw_free()
            return key, self._write_new(key, name)

    def bootstrap(self, key: str | None = None) -> tuple[str, ApiKey] | None:
        """Store the first key (`key`, or a drawn one), unless the store holds one already.

        A revoked key counts: to revoke the last one is to shut the door, and no restart opens it.

        Raises:
            RefusedError: `api_key_invalid`, `key` is not of the documented form.
        """
        with self._lock():
            if self.ids():
                return None
            if key is not None and not is_api_key(key):
                raise RefusedError(
                    ErrorCode.API_KEY_INVALID, "An API key is lr_ and 32 lowercase hex characters"
                )
            chosen = key or self._draw()
            return chosen, self._write_new(chosen, "bootstrap")

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key, revoked or not, or None if there never was one."""
        if not _KEY_ID.fullmatch(key_id):
            return None
        path = self._path(key_id)
        record = files.read_record(path)
        return None if record is None else read_api_key(path, record)

    def ids(self) -> set[str]:
        """Return the `key_id` of every key, revoked ones too, without reading them."""
        return {name for name in files.list_names(self._directory) if _KEY_ID.fullmatch(name)}

    def load(self) -> dict[str, ApiKey]:
        """Return every key by its `key_id`, revoked ones too."""
        found = (self.get(key_id) for key_id in sorted(self.ids()))
        return {key.key_id: key for key in found if key is not None}

    def list(self) -> list[ApiKey]:
        """Return the live keys, oldest first."""
        live = (key for key in self.load().values() if key.is_live)
        return sorted(live, key=lambda key: (key.created_at_utc, key.key_id))

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key, and every token made with it, invalid; also on a disk that is full.

        Raises:
            RefusedError: `not_found`, there is no such live key.
            StoreError: The disk does not take it; the key is as valid as before.
        """
        with self._lock():
            key = self.get(key_id)
            if key is None or not key.is_live:
                raise RefusedError(ErrorCode.NOT_FOUND, "No such API key")
            revoked = replace(key, revoked_at_utc=utc_now())
            path = self._path(key_id)
            try:
                files.write_record(path, _HEADER, revoked.to_record())
            except DiskFullError:
                # Not by deleting it: its tokens would be valid again with the next key of its
                # `key_id`, and the last key of a store might come back by `bootstrap`.
                if not files.extend_record(path, {"revoked_at_utc": revoked.revoked_at_utc}):
                    raise
            return revoked

    def withdraw(self, key_id: str) -> None:
        """Delete a new key that nobody has been given, as if it had never been made.

        Raises:
            StoreError: It cannot be deleted.
        """
        with self._lock():
            files.delete_record(self._path(key_id))

    def _draw_free(self) -> str:
        for _ in range(_MAX_DRAWS):
            key = self._draw()
            if not self._is_taken(key):
                return key
        raise RefusedError(ErrorCode.UNAVAILABLE, "No key_id is free", retry_after=60)

    def _is_taken(self, key: str) -> bool:
        # The file's presence decides, so that neither a revoked nor a damaged record is replaced.
        return self._path(key[:KEY_ID_LENGTH]).exists()

    def _write_new(self, key: str, name: str) -> ApiKey:
        record = ApiKey(key[:KEY_ID_LENGTH], name, digest(key), utc_now())
        files.make_directory(self._directory)
        files.write_record(self._path(record.key_id), _HEADER, record.to_record())
        return record

    def _path(self, key_id: str) -> Path:
        return self._directory / (key_id + files.SUFFIX)


def digest(key: str) -> str:
    """Return what is stored of `key`. A key is 128 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def matches(key: str, record: ApiKey) -> bool:
    """Return whether `key` is the one behind `record`, in constant time."""
    return secrets.compare_digest(digest(key), record.digest)


def check_name(name: str) -> None:
    """Check a key's name.

    Raises:
        RefusedError: `invalid_request`.
    """
    if not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise RefusedError(
            ErrorCode.INVALID_REQUEST,
            f"name must be 1 to {MAX_NAME_LENGTH} printable characters",
        )
