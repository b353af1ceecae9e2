"""Reading and writing the store's files so that a kill at any instant leaves a store that loads.

A file appears under its name whole or not at all: it is written under a temporary name in the same
directory, flushed to the disk, and renamed. Nothing here opens an existing file for writing, but
for `extend_record`, which is for disks that have no room for another file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w

from liverelay.errors import DiskFullError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX = ".toml"
_TEMPORARY_PREFIX = ".tmp-"
_FULL = (errno.ENOSPC, errno.EDQUOT)

# Left behind only by a writer that was killed between two system calls; no writer takes this long.
_TEMPORARY_MAX_AGE = 3600.0


def make_directory(path: Path) -> None:
    """Create `path`, and what is missing above it, for its owner only.

    Raises:
        StoreError: It cannot be created.
    """
    try:
        missing = [each for each in (path, *path.parents) if not each.is_dir()]
        # Each by itself: `parents=True` makes those above readable by anybody.
        for directory in reversed(missing):
            directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be created: {error.strerror}") from None


def write_record(path: Path, header: str, record: Mapping[str, Any]) -> None:
    """Make `path` hold `record`, below a comment line, in one step.

    Raises:
        DiskFullError: The disk has no room for it.
        StoreError: The disk does not take it.
    """
    write_whole(path, f"# {header}\n{tomli_w.dumps(record)}".encode(), is_durable=True)


def write_whole(path: Path, data: bytes, *, is_durable: bool) -> None:
    """Make `path` hold `data` in one step; a durable file survives a loss of power too.

    Raises:
        DiskFullError: The disk has no room for it.
        StoreError: The disk does not take it.
    """
    temporary = path.parent / f"{_TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(descriptor)
        os.replace(temporary, path)
        if is_durable:
            _sync_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        kind = DiskFullError if error.errno in _FULL else StoreError
        raise kind(f"{path}: cannot be written: {error.strerror}") from None


def extend_record(path: Path, added: Mapping[str, Any]) -> bool:
    """Add fields to the end of `path`, and return whether that could be done.

    A few bytes fit into the block that a file has already, on most file systems. They are written
    by one call, so that a kill leaves all of them or none. A loss of power may leave a part, which
    `read_record` calls damaged.
    """
    try:
        before = path.read_bytes()
        addition = (b"" if before.endswith(b"\n") else b"\n") + tomli_w.dumps(added).encode()
        expected = {**tomllib.loads(before.decode()), **added}
        # It may have been edited: behind the heading of a table they would belong to that.
        if tomllib.loads((before + addition).decode()) != expected:
            return False
        with open(path, "ab", buffering=0) as file:
            if file.write(addition) != len(addition):
                file.truncate(len(before))
                return False
            os.fsync(file.fileno())
        # Servers look for changes by the time of the directory.
        os.utime(path.parent)
        _sync_directory(path.parent)
    except (OSError, ValueError):
        return False
    return True


def read_record(path: Path) -> dict[str, Any] | None:
    """Return what `path` holds, or None if there is no such file.

    Raises:
        StoreError: The file is damaged or cannot be read. It is left as it is.
    """
    try:
        return tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        # Not TOMLDecodeError alone: tomllib lets a number of 5,000 digits and a thousand nested
        # brackets out as what Python makes of them.
        raise damaged(path, str(error)) from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from None


def delete_record(path: Path) -> bool:
    """Delete `path` and return whether it was there.

    Raises:
        StoreError: It cannot be deleted.
    """
    try:
        path.unlink()
        _sync_directory(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path}: cannot be deleted: {error.strerror}") from None
    return True


def list_names(directory: Path) -> set[str]:
    """Return the names, without suffix, of the records in `directory`.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        return {
            name.removesuffix(SUFFIX)
            for name in os.listdir(directory)
            if name.endswith(SUFFIX) and not name.startswith(".")
        }
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise StoreError(f"{directory}: cannot be read: {error.strerror}") from None


def remove_leftovers(directory: Path, now: float) -> None:
    """Remove what killed writers left; `now` is in seconds since 1970, as file times are."""
    for path in directory.glob(_TEMPORARY_PREFIX + "*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > _TEMPORARY_MAX_AGE:
                path.unlink()


def damaged(path: Path, reason: str) -> StoreError:
    """Return the one sentence about a file that does not hold what it should."""
    return StoreError(f"{path} is damaged ({reason}); repair it by hand or move it away")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
