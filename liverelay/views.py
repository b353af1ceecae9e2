"""Stored things as the REST API and `--json` show them: one spelling for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.store.records import Room, RoomType
from liverelay.tokens import Role, mint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# The tokens that a new room comes with, by the name under which they are returned.
_JOIN_ROLES = {
    RoomType.BROADCAST: {"publish": Role.PUBLISH, "subscribe": Role.SUBSCRIBE},
    RoomType.CALL: {"caller": Role.CALL, "callee": Role.CALL},
}


def mint_join_tokens(secret: bytes, room: Room, key_id: str, ttl: int, now: int) -> dict[str, str]:
    """Return the tokens of a new room; `ttl` in seconds, `now` in seconds since 1970."""
    return {
        name: mint(secret, room_id=room.room_id, role=role, key_id=key_id, ttl=ttl, now=now)
        for name, role in _JOIN_ROLES[room.room_type].items()
    }


def created_room(room: Room, tokens: Mapping[str, str]) -> dict[str, object]:
    return {"id": room.room_id, "type": room.room_type.value, "tokens": dict(tokens)}


def room(
    room: Room, *, now: datetime, publisher_count: int, subscriber_count: int
) -> dict[str, str | int]:
    """Return a room as it is listed; `created_at_secs` is its age."""
    return {
        "room_id": room.room_id,
        "room_type": room.room_type.value,
        "publisher_count": publisher_count,
        "subscriber_count": subscriber_count,
        "created_at_secs": room.age(now),
    }
