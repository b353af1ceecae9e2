"""What the store holds: API keys and rooms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from liverelay.errors import ErrorCode, RefusedError
from liverelay.store.files import damaged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")


class RoomType(StrEnum):
    """What a room is for: one publisher and many subscribers, or two peers."""

    BROADCAST = "broadcast"
    CALL = "call"


def parse_room_type(value: object) -> RoomType:
    """Return the room type named `value`.

    Raises:
        RefusedError: `invalid_request`.
    """
    try:
        return RoomType(value)  # type: ignore[arg-type]
    except ValueError:
        choices = ", ".join(RoomType)
        raise RefusedError(
            ErrorCode.INVALID_REQUEST, f"room_type must be one of {choices}"
        ) from None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored API key: never the key itself, only its SHA-256 digest in hex.

    A revoked key stays as a record, so that its `key_id` is never drawn again and tokens made with
    it stay invalid.
    """

    key_id: str
    name: str
    digest: str
    created_at_utc: datetime
    revoked_at_utc: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.revoked_at_utc is None

    def to_record(self) -> dict[str, Any]:
        record: dict[str, Any] = {
            "name": self.name,
            "sha256": self.digest,
            "created_at_utc": self.created_at_utc,
        }
        if self.revoked_at_utc is not None:
            record["revoked_at_utc"] = self.revoked_at_utc
        return record

    def to_json(self) -> dict[str, str]:
        """Return the key as `GET /v1/keys` lists it."""
        return {
            "key_id": self.key_id,
            "name": self.name,
            "created_at_utc": self.created_at_utc.isoformat(timespec="seconds"),
        }


@dataclass(frozen=True, slots=True)
class Room:
    """A room that exists; its media lives elsewhere."""

    room_id: str
    room_type: RoomType
    created_at_utc: datetime

    def to_record(self) -> dict[str, Any]:
        return {"type": self.room_type.value, "created_at_utc": self.created_at_utc}

    def age(self, now: datetime) -> int:
        """Return whole seconds since the room was made; never negative, whatever the clock did."""
        return max(0, int((now - self.created_at_utc).total_seconds()))


def read_api_key(path: Path, record: Mapping[str, Any]) -> ApiKey:
    """Return the key that `path` holds.

    Raises:
        StoreError: A field is missing or of the wrong type.
    """
    revoked = _time(path, record, "revoked_at_utc") if "revoked_at_utc" in record else None
    digest = _text(path, record, "sha256")
    if not _DIGEST.fullmatch(digest):
        raise damaged(path, "sha256 is not 64 lowercase hex characters")
    return ApiKey(
        key_id=path.stem,
        name=_text(path, record, "name"),
        digest=digest,
        created_at_utc=_time(path, record, "created_at_utc"),
        revoked_at_utc=revoked,
    )


def read_room(path: Path, record: Mapping[str, Any]) -> Room:
    """Return the room that `path` holds.

    Raises:
        StoreError: A field is missing or of the wrong type.
    """
    room_type = _text(path, record, "type")
    if room_type not in set(RoomType):
        raise damaged(path, f"type is '{room_type}'")
    return Room(path.stem, RoomType(room_type), _time(path, record, "created_at_utc"))


def _text(path: Path, record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise damaged(path, f"{name} is missing or not a string")
    return value


def _time(path: Path, record: Mapping[str, Any], name: str) -> datetime:
    value = record.get(name)
    if not isinstance(value, datetime):
        raise damaged(path, f"{name} is missing or not a date and time")
    # A time that was typed by hand may lack its offset; the name says which one is meant.
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise damaged(path, f"{name} is before year 1 or after year 9999") from None
