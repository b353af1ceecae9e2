"""The OpenAPI 3.1 description of the HTTP API, built from the same codes that the routes raise."""

from __future__ import annotations

from functools import cache
from typing import Any

import liverelay
from liverelay.errors import ErrorCode
from liverelay.server.openapi.parts import answer, operation, parameter, text_answer
from liverelay.server.openapi.schemas import schemas

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
_RESTART_ERRORS = (_E.INVALID_SDP, _E.SESSION_MISMATCH, _E.RATE_LIMITED)


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
        "components": {"schemas": schemas(), "securitySchemes": security_schemes()},
    }


def _room_paths() -> dict[str, Any]:
    room_id = parameter("room_id", "The room's id, as `POST /v1/rooms` returned it.")
    peer_id = parameter("peer_id", "The peer's id: the `sub` of its token.")
    missing = (_E.ROOM_NOT_FOUND,)
    return {
        "/v1/rooms": {
            "post": operation(
                "createRoom",
                "Create a room and its join tokens",
                errors=(*_KEY_ERRORS, *_BODY_ERRORS, _E.UNAVAILABLE),
                body="NewRoom",
                success=answer(201, "The room", "CreatedRoom", location="The room's own path."),
            ),
            "get": operation(
                "listRooms",
                "List all rooms, oldest first",
                errors=_KEY_ERRORS,
                success=answer(200, "The rooms", "Room", is_list=True),
            ),
        },
        "/v1/rooms/{room_id}": {
            "parameters": [room_id],
            "get": operation(
                "getRoom",
                "Show a room",
                errors=(*_KEY_ERRORS, *missing),
                success=answer(200, "The room", "Room"),
            ),
            "delete": operation(
                "deleteRoom",
                "Delete a room and end its sessions",
                errors=(*_KEY_ERRORS, *missing),
                success=answer(204, "Deleted"),
            ),
        },
        "/v1/rooms/{room_id}/token": {
            "parameters": [room_id],
            "post": operation(
                "createToken",
                "Create a further join token for a room",
                errors=(*_KEY_ERRORS, *missing, *_BODY_ERRORS, _E.INVALID_ROLE),
                body="NewToken",
                success=answer(201, "The token", "Token"),
            ),
        },
        "/v1/rooms/{room_id}/stats": {
            "parameters": [room_id],
            "get": operation(
                "getRoomStatistics",
                "Show each stream of each session in a room",
                errors=(*_KEY_ERRORS, *missing),
                success=answer(200, "The statistics", "RoomStatistics"),
            ),
        },
        "/v1/rooms/{room_id}/peers": {
            "parameters": [room_id],
            "get": operation(
                "listPeers",
                "List the peers in a room and their sessions",
                errors=(*_KEY_ERRORS, *missing),
                success=answer(200, "The peers", "Peer", is_list=True),
            ),
        },
        "/v1/rooms/{room_id}/peers/{peer_id}": {
            "parameters": [room_id, peer_id],
            "delete": operation(
                "kickPeer",
                "End all sessions of a peer",
                errors=(*_KEY_ERRORS, *missing, _E.NOT_FOUND),
                success=answer(204, "Kicked"),
            ),
        },
    }


def _key_paths() -> dict[str, Any]:
    return {
        "/v1/keys": {
            "post": operation(
                "createKey",
                "Create an API key, shown this once",
                errors=(*_KEY_ERRORS, *_BODY_ERRORS, _E.UNAVAILABLE),
                body="NewKey",
                success=answer(201, "The key", "CreatedKey"),
            ),
            "get": operation(
                "listKeys",
                "List the API keys, oldest first, without their secrets",
                errors=_KEY_ERRORS,
                success=answer(200, "The keys", "Key", is_list=True),
            ),
        },
        "/v1/keys/{key_id}": {
            "parameters": [parameter("key_id", "The first 8 characters of the key.", {})],
            "delete": operation(
                "revokeKey",
                "Revoke an API key, its tokens and their sessions",
                errors=(*_KEY_ERRORS, _E.NOT_FOUND),
                success=answer(204, "Revoked"),
            ),
        },
    }


def _meta_paths() -> dict[str, Any]:
    return {
        "/v1/events": {
            "get": operation(
                "streamEvents",
                "Follow what happens on the server, as server-sent events",
                errors=(*_KEY_ERRORS, _E.UNAVAILABLE),
                success=text_answer(
                    "Events without end: `snapshot` first, then changes, and `statistics` once a "
                    "second. Their data are `Snapshot`, `RoomChange`, `PeerChange` and "
                    "`Statistics`.",
                    "text/event-stream",
                ),
            ),
        },
        "/metrics": {
            "get": operation(
                "getMetrics",
                "Counters for Prometheus; the token of the metrics will do, too",
                errors=_KEY_ERRORS,
                success=text_answer("The metrics", "text/plain"),
            ),
        },
        "/health": {
            "get": operation(
                "getHealth",
                "Whether the server is up, and how busy",
                security=[],
                success=answer(200, "It is up", "Health"),
            ),
        },
        "/openapi.json": {
            "get": operation(
                "getOpenApi",
                "This document",
                security=[],
                success=answer(200, "The document", "Document"),
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
    session_id = parameter("session_id", "The session's id, as the join returned it.")
    own = (*_TOKEN_ERRORS, _E.NOT_FOUND)
    paths: dict[str, Any] = {
        f"/sfu/{kind}": {
            "post": operation(
                kind,
                title,
                errors=(*_JOIN_ERRORS, *errors),
                security=[{"joinToken": []}],
                body="Offer",
                success=answer(
                    200, "The complete answer", "Answer", location="The session's own path."
                ),
            )
        }
        for kind, (title, errors) in titles.items()
    }
    paths["/sfu/sessions/{session_id}"] = {
        "parameters": [session_id],
        "patch": operation(
            "changeSession",
            "Say what this session has use for, or restart its ICE",
            errors=(*own, *_BODY_ERRORS, *_RESTART_ERRORS),
            security=[{"joinToken": []}],
            body="SessionChange",
            success={
                **answer(200, "The complete answer to an offer", "Answer"),
                **answer(204, "The preference is taken"),
            },
        ),
        "delete": operation(
            "closeSession",
            "End a session of this token",
            errors=own,
            security=[{"joinToken": []}],
            success=answer(204, "Ended"),
        ),
    }
    paths["/sfu/sessions/{session_id}/events"] = {
        "parameters": [session_id],
        "get": operation(
            "streamSessionEvents",
            "Follow who speaks in the room, as server-sent events",
            errors=(*own, _E.UNAVAILABLE),
            security=[{"joinToken": []}],
            success=text_answer(
                "Events until the session ends: `speakers` first, and at each change. Their data "
                "are `Speakers`.",
                "text/event-stream",
            ),
        ),
    }
    return paths


def security_schemes() -> dict[str, Any]:
    return {
        "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "lr_ and 32 hex characters"},
        "joinToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
