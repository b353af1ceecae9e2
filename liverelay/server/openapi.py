"""The OpenAPI 3.1 description of the HTTP API, built from the same codes that the routes raise."""

from __future__ import annotations

from functools import cache
from typing import Any

import liverelay
from liverelay.errors import ErrorCode
from liverelay.store.keys import MAX_NAME_LENGTH
from liverelay.store.records import RoomType
from liverelay.tokens import MAX_TTL, Role

_JSON = "application/json"
_E = ErrorCode
_KEY_ERRORS = (_E.AUTH_HEADER_MISSING, _E.API_KEY_INVALID, _E.RATE_LIMITED)
_BODY_ERRORS = (_E.INVALID_REQUEST, _E.PAYLOAD_TOO_LARGE)
_TOKEN_ERRORS = (_E.AUTH_HEADER_MISSING, _E.TOKEN_INVALID, _E.TOKEN_EXPIRED)
_JOIN_ERRORS = (
    *_TOKEN_ERRORS,
    _E.ROLE_INSUFFICIENT,
    _E.ROOM_NOT_FOUND,
    *_BODY_ERRORS,
    _E.INVALID_SDP,
    _E.SESSION_ENDED,
    _E.PEER_CONNECTION_FAILED,
    _E.UNAVAILABLE,
)

_UUID = {"type": "string", "format": "uuid"}
_COUNT = {"type": "integer", "minimum": 0}


@cache
def build_document() -> dict[str, Any]:
    """Return the whole document, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LiveRelay",
            "version": liverelay.__version__,
            "description": "A WebRTC SFU as a service. Every error is an `Error`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {**_room_paths(), **_key_paths(), **_meta_paths(), **_sfu_paths()},
        "components": {"schemas": _schemas(), "securitySchemes": _security_schemes()},
    }


def _room_paths() -> dict[str, Any]:
    room_id = _parameter("room_id", "The room's id, as `POST /v1/rooms` returned it.")
    peer_id = _parameter("peer_id", "The peer's id: the `sub` of its token.")
    missing = (_E.ROOM_NOT_FOUND,)
    return {
        "/v1/rooms": {
            "post": _operation(
                "createRoom",
                "Create a room and its join tokens",
                errors=(*_KEY_ERRORS, *_BODY_ERRORS, _E.UNAVAILABLE),
                body="NewRoom",
                success=_answer(201, "The room", "CreatedRoom", location="The room's own path."),
            ),
            "get": _operation(
                "listRooms",
                "List all rooms, oldest first",
                errors=_KEY_ERRORS,
                success=_answer(200, "The rooms", "Room", is_list=True),
            ),
        },
        "/v1/rooms/{room_id}": {
            "parameters": [room_id],
            "get": _operation(
                "getRoom",
                "Show a room",
                errors=(*_KEY_ERRORS, *missing),
                success=_answer(200, "The room", "Room"),
            ),
            "delete": _operation(
                "deleteRoom",
                "Delete a room and end its sessions",
                errors=(*_KEY_ERRORS, *missing),
                success=_answer(204, "Deleted"),
            ),
        },
        "/v1/rooms/{room_id}/token": {
            "parameters": [room_id],
            "post": _operation(
                "createToken",
                "Create a further join token for a room",
                errors=(*_KEY_ERRORS, *missing, *_BODY_ERRORS, _E.INVALID_ROLE),
                body="NewToken",
                success=_answer(201, "The token", "Token"),
            ),
        },
        "/v1/rooms/{room_id}/peers": {
            "parameters": [room_id],
            "get": _operation(
                "listPeers",
                "List the peers in a room and their sessions",
                errors=(*_KEY_ERRORS, *missing),
                success=_answer(200, "The peers", "Peer", is_list=True),
            ),
        },
        "/v1/rooms/{room_id}/peers/{peer_id}": {
            "parameters": [room_id, peer_id],
            "delete": _operation(
                "kickPeer",
                "End all sessions of a peer",
                errors=(*_KEY_ERRORS, *missing, _E.NOT_FOUND),
                success=_answer(204, "Kicked"),
            ),
        },
    }


def _key_paths() -> dict[str, Any]:
    return {
        "/v1/keys": {
            "post": _operation(
                "createKey",
                "Create an API key, shown this once",
                errors=(*_KEY_ERRORS, *_BODY_ERRORS, _E.UNAVAILABLE),
                body="NewKey",
                success=_answer(201, "The key", "CreatedKey"),
            ),
            "get": _operation(
                "listKeys",
                "List the API keys, oldest first, without their secrets",
                errors=_KEY_ERRORS,
                success=_answer(200, "The keys", "Key", is_list=True),
            ),
        },
        "/v1/keys/{key_id}": {
            "parameters": [_parameter("key_id", "The first 8 characters of the key.", {})],
            "delete": _operation(
                "revokeKey",
                "Revoke an API key, its tokens and their sessions",
                errors=(*_KEY_ERRORS, _E.NOT_FOUND),
                success=_answer(204, "Revoked"),
            ),
        },
    }


def _meta_paths() -> dict[str, Any]:
    return {
        "/health": {
            "get": _operation(
                "getHealth",
                "Whether the server is up, and how busy",
                security=[],
                success=_answer(200, "It is up", "Health"),
            ),
        },
        "/openapi.json": {
            "get": _operation(
                "getOpenApi",
                "This document",
                security=[],
                success=_answer(200, "The document", "Document"),
            ),
        },
    }


def _sfu_paths() -> dict[str, Any]:
    titles = {
        "publish": ("Send media into a room", (_E.ROOM_FULL,)),
        "subscribe": (
            "Receive a room's media",
            (_E.NO_PUBLISHER_AVAILABLE, _E.CODEC_MISMATCH),
        ),
        "call": ("Send and receive in a call", (_E.ROOM_TYPE_MISMATCH, _E.ROOM_FULL)),
    }
    session_id = _parameter("session_id", "The session's id, as the join returned it.")
    own = (*_TOKEN_ERRORS, _E.NOT_FOUND)
    paths: dict[str, Any] = {
        f"/sfu/{kind}": {
            "post": _operation(
                kind,
                title,
                errors=(*_JOIN_ERRORS, *errors),
                security=[{"joinToken": []}],
                body="Offer",
                success=_answer(
                    200, "The complete answer", "Answer", location="The session's own path."
                ),
            )
        }
        for kind, (title, errors) in titles.items()
    }
    paths["/sfu/sessions/{session_id}"] = {
        "parameters": [session_id],
        "delete": _operation(
            "closeSession",
            "End a session of this token",
            errors=own,
            security=[{"joinToken": []}],
            success=_answer(204, "Ended"),
        ),
    }
    return paths


def _operation(
    operation_id: str,
    summary: str,
    *,
    success: dict[str, Any],
    errors: tuple[ErrorCode, ...] = (),
    body: str | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "security": [{"apiKey": []}] if security is None else security,
        "responses": {**success, **_error_responses(errors)},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _content(body)}
    return operation


def _error_responses(errors: tuple[ErrorCode, ...]) -> dict[str, Any]:
    by_status: dict[int, list[ErrorCode]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    responses: dict[str, Any] = {}
    for status, codes in sorted(by_status.items()):
        lines = (f"`{code.value}`: {code.message}" for code in codes)
        responses[str(status)] = {"description": "\n\n".join(lines), "content": _content("Error")}
        if status in {429, 503}:
            responses[str(status)]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
            }
    return responses


def _answer(
    status: int,
    description: str,
    schema: str | None = None,
    *,
    is_list: bool = False,
    location: str | None = None,
) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description}
    if schema is not None:
        response["content"] = _content(schema, is_list=is_list)
    if location is not None:
        response["headers"] = {"Location": {"description": location, "schema": {"type": "string"}}}
    return {str(status): response}


def _content(schema: str, *, is_list: bool = False) -> dict[str, Any]:
    reference: dict[str, Any] = {"$ref": f"#/components/schemas/{schema}"}
    return {_JSON: {"schema": {"type": "array", "items": reference} if is_list else reference}}


def _parameter(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **(_UUID if schema is None else schema)},
    }


def _security_schemes() -> dict[str, Any]:
    return {
        "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "lr_ and 32 hex characters"},
        "joinToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }


def _schemas() -> dict[str, Any]:
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
        "NewRoom": _object(
            {"room_type": _choice(RoomType), "ttl_secs": ttl}, optional=("ttl_secs",)
        ),
        "CreatedRoom": _object({"id": _UUID, "type": _choice(RoomType), "tokens": _join_tokens()}),
        "Room": _object(
            {
                "room_id": _UUID,
                "room_type": _choice(RoomType),
                "publisher_count": _COUNT,
                "subscriber_count": _COUNT,
                "created_at_secs": {**_COUNT, "description": "The room's age in seconds."},
            }
        ),
        "NewToken": _object({"role": _choice(Role), "ttl_secs": ttl}, optional=("ttl_secs",)),
        "Token": _object({"token": text}),
        "Peer": _object(
            {
                "peer_id": _UUID,
                "role": _choice(Role),
                "sessions": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/PeerSession"},
                },
            }
        ),
        "PeerSession": _object(
            {"session_id": _UUID, "kind": text, "state": text, "age_secs": _COUNT}
        ),
        "NewKey": _object({"name": name}),
        "CreatedKey": _object({"key": text, "name": text}),
        "Key": _object(
            {"key_id": text, "name": text, "created_at_utc": {**text, "format": "date-time"}}
        ),
        "Health": _object(
            {
                "status": {"const": "ok"},
                "version": text,
                "rooms_active": _COUNT,
                "subscribers_active": _COUNT,
            }
        ),
        "Offer": _object(
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
        "Answer": _object({"sdp": sdp, "type": {"const": "answer"}, "session_id": _UUID}),
        "Error": _object({"error": {"enum": [code.value for code in ErrorCode]}, "message": text}),
        "Document": {"type": "object"},
    }


def _join_tokens() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "oneOf": [
            _object({"publish": text, "subscribe": text}),
            _object({"caller": text, "callee": text}),
        ]
    }


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _choice(values: type[RoomType | Role]) -> dict[str, Any]:
    return {"type": "string", "enum": [value.value for value in values]}
