"""The bodies of requests and answers, as JSON schemas."""

from __future__ import annotations

from typing import Any

from liverelay.errors import ErrorCode
from liverelay.server.openapi.overview_schemas import overview_schemas
from liverelay.server.openapi.parts import (
    COUNT,
    UUID,
    choice,
    list_of,
    nullable,
    record,
    reference,
)
from liverelay.server.preferences import MAX_SIDE
from liverelay.sfu.layers import Quality
from liverelay.store.keys import MAX_NAME_LENGTH
from liverelay.store.records import RoomType
from liverelay.tokens import MAX_TTL, Role


def schemas() -> dict[str, Any]:
    text = {"type": "string"}
    sdp = {"type": "string", "description": "A session description (RFC 8866)."}
    ttl = {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_TTL,
        "description": "Lifetime of the tokens in seconds; 24 hours by default.",
    }
    name = {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_NAME_LENGTH,
        "description": "Printable characters only: no control, format or separator characters.",
    }
    return {
        "NewRoom": record({"room_type": choice(RoomType), "ttl_secs": ttl}, optional=("ttl_secs",)),
        "CreatedRoom": record({"id": UUID, "type": choice(RoomType), "tokens": _join_tokens()}),
        "Room": record(
            {
                "room_id": UUID,
                "room_type": choice(RoomType),
                "publisher_count": COUNT,
                "subscriber_count": COUNT,
                "created_at_secs": {**COUNT, "description": "The room's age in seconds."},
            }
        ),
        "NewToken": record({"role": choice(Role), "ttl_secs": ttl}, optional=("ttl_secs",)),
        "Token": record({"token": text}),
        "Peer": record(
            {
                "peer_id": UUID,
                "role": choice(Role),
                "sessions": list_of("PeerSession"),
            }
        ),
        "PeerSession": record({"session_id": UUID, "kind": text, "state": text, "age_secs": COUNT}),
        "NewKey": record({"name": name}),
        "CreatedKey": record({"key": text, "name": text}),
        "Key": record(
            {"key_id": text, "name": text, "created_at_utc": {**text, "format": "date-time"}}
        ),
        "Health": record(
            {
                "status": {"const": "ok"},
                "version": text,
                "rooms_active": COUNT,
                "subscribers_active": COUNT,
                "limitations": {"type": "array", "items": text},
            },
            optional=("limitations",),
        ),
        "Offer": record(
            {
                "sdp": sdp,
                "type": {"const": "offer"},
                "previous_session_id": {
                    "type": "string",
                    "description": "The session that is taken up again after a lost connection.",
                },
            },
            optional=("previous_session_id",),
        ),
        "Preference": _preference(),
        "Reoffer": record({"sdp": sdp, "type": {"const": "offer"}}),
        "SessionChange": {"anyOf": [reference("Preference"), reference("Reoffer")]},
        "Answer": record({"sdp": sdp, "type": {"const": "answer"}, "session_id": UUID}),
        "Error": record({"error": {"enum": [code.value for code in ErrorCode]}, "message": text}),
        "Document": {"type": "object"},
        **overview_schemas(),
    }


def _preference() -> dict[str, Any]:
    side = nullable({"type": "integer", "minimum": 0, "maximum": MAX_SIDE})
    fields = record(
        {"quality": choice(Quality), "width": side, "height": side},
        optional=("quality", "width", "height"),
    )
    return fields | {"dependentRequired": {"width": ["height"], "height": ["width"]}}


def _join_tokens() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "oneOf": [
            record({"publish": text, "subscribe": text}),
            record({"caller": text, "callee": text}),
        ]
    }
