"""`/v1/rooms`: making, listing and deleting rooms, and tokens for them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay import views
from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.auth import require_api_key
from liverelay.server.body import read_json_object, read_ttl, require_text
from liverelay.server.context import CONTEXT, now
from liverelay.server.turns import json_array
from liverelay.store.records import parse_room_type
from liverelay.tokens import mint, parse_role
from liverelay.utc import unix_now, utc_now

if TYPE_CHECKING:
    from liverelay.server.context import ServerContext
    from liverelay.server.sessions import Session
    from liverelay.store.records import Room, RoomType

logger = logging.getLogger(__name__)


async def create_room(request: web.Request) -> web.Response:
    context, key = request.app[CONTEXT], require_api_key(request)
    body = await read_json_object(request)
    room_type = parse_room_type(require_text(body, "room_type"))
    ttl = read_ttl(body, context.settings.token_ttl)
    room = await _make_room(context, room_type)
    context.announcer.rooms_changed()
    logger.info("room %s created: %s", room.room_id, room.room_type)
    tokens = views.mint_join_tokens(context.token_secret, room, key.key_id, ttl, unix_now())
    return web.json_response(
        views.created_room(room, tokens),
        status=201,
        headers={"Location": f"/v1/rooms/{room.room_id}"},
    )


async def list_rooms(request: web.Request) -> web.Response:
    require_api_key(request)
    context = request.app[CONTEXT]
    rooms = await json_array(context.catalogue.list_rooms(), lambda room: _view(context, room))
    return web.json_response(text=rooms)


async def show_room(request: web.Request) -> web.Response:
    require_api_key(request)
    context = request.app[CONTEXT]
    return web.json_response(_view(context, _require_room(request)))


async def delete_room(request: web.Request) -> web.Response:
    require_api_key(request)
    room = _require_room(request)
    context = request.app[CONTEXT]
    await asyncio.to_thread(context.catalogue.delete_room, room.room_id)
    await context.media.close_room(room.room_id)
    context.announcer.rooms_changed()
    logger.info("room %s deleted", room.room_id)
    return web.Response(status=204)


async def create_token(request: web.Request) -> web.Response:
    context, key = request.app[CONTEXT], require_api_key(request)
    room = _require_room(request)
    body = await read_json_object(request)
    role = parse_role(require_text(body, "role"))
    ttl = read_ttl(body, context.settings.token_ttl)
    token = mint(
        context.token_secret,
        room_id=room.room_id,
        role=role,
        key_id=key.key_id,
        ttl=ttl,
        now=unix_now(),
    )
    return web.json_response({"token": token}, status=201)


async def list_peers(request: web.Request) -> web.Response:
    require_api_key(request)
    room = _require_room(request)
    sessions = request.app[CONTEXT].sessions.in_room(room.room_id)
    by_peer: dict[str, list[Session]] = {}
    for session in sessions:
        by_peer.setdefault(session.peer_id, []).append(session)
    return web.json_response(text=await json_array(by_peer.items(), _peer_view))


async def kick_peer(request: web.Request) -> web.Response:
    require_api_key(request)
    room = _require_room(request)
    peer_id = request.match_info["peer_id"]
    if not request.app[CONTEXT].media.kick(room.room_id, peer_id):
        raise RefusedError(ErrorCode.NOT_FOUND, "No such peer in this room")
    logger.info("peer %s kicked from room %s", peer_id, room.room_id)
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/v1/rooms", create_room)
    app.router.add_get("/v1/rooms", list_rooms)
    app.router.add_get("/v1/rooms/{room_id}", show_room)
    app.router.add_delete("/v1/rooms/{room_id}", delete_room)
    app.router.add_post("/v1/rooms/{room_id}/token", create_token)
    app.router.add_get("/v1/rooms/{room_id}/peers", list_peers)
    app.router.add_delete("/v1/rooms/{room_id}/peers/{peer_id}", kick_peer)


def _require_room(request: web.Request) -> Room:
    return request.app[CONTEXT].catalogue.require_room(request.match_info["room_id"])


async def _make_room(context: ServerContext, room_type: RoomType) -> Room:
    """Make a room if there may be another beside those that others are just making."""
    if context.catalogue.room_count + context.rooms_being_made >= context.settings.max_rooms:
        raise RefusedError(
            ErrorCode.UNAVAILABLE, "Server has as many rooms as it may", retry_after=60
        )
    context.rooms_being_made += 1
    try:
        # In a thread, as all that waits for the disk: media must not wait for it.
        return await asyncio.to_thread(context.catalogue.create_room, room_type)
    finally:
        context.rooms_being_made -= 1


def _view(context: ServerContext, room: Room) -> dict[str, str | int]:
    return views.room(
        room,
        now=utc_now(),
        publisher_count=context.sessions.publisher_count(room.room_id),
        subscriber_count=context.sessions.subscriber_count(room.room_id),
    )


def _peer_view(peer: tuple[str, list[Session]]) -> dict[str, object]:
    peer_id, sessions = peer
    return {
        "peer_id": peer_id,
        "role": sessions[0].claims.role.value,
        "sessions": [
            {
                "session_id": session.session_id,
                "kind": session.kind.value,
                "state": session.state.value,
                "age_secs": int(now() - session.opened_at),
            }
            for session in sessions
        ],
    }
