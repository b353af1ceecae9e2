"""`/sfu`: joining a room with a session description, and leaving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.auth import require_token
from liverelay.server.body import read_json_object, require_text
from liverelay.server.context import CONTEXT
from liverelay.server.sessions import SessionKind
from liverelay.store.records import RoomType
from liverelay.tokens import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_ROLES = {
    SessionKind.PUBLISH: {Role.PUBLISH, Role.CALL},
    SessionKind.SUBSCRIBE: {Role.SUBSCRIBE, Role.CALL},
    SessionKind.CALL: {Role.CALL},
}


def join_handler(kind: SessionKind) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the handler of `/sfu/{kind}`; its checks run in the contract's order."""

    async def handler(request: web.Request) -> web.Response:
        context = request.app[CONTEXT]
        claims = require_token(request)
        if context.is_draining:
            raise RefusedError(ErrorCode.UNAVAILABLE, "Server is shutting down", retry_after=5)
        if claims.role not in _ROLES[kind]:
            raise RefusedError(ErrorCode.ROLE_INSUFFICIENT)
        room = context.catalogue.require_room(claims.room_id)
        if kind is SessionKind.CALL and room.room_type is not RoomType.CALL:
            raise RefusedError(ErrorCode.ROOM_TYPE_MISMATCH)
        body = await read_json_object(request)
        sdp = require_text(body, "sdp")
        if require_text(body, "type") != "offer":
            raise RefusedError(ErrorCode.INVALID_SDP, "type must be offer")
        joined = context.media.join(
            kind, claims, room, sdp, previous_session_id=body.get("previous_session_id")
        )
        return web.json_response(
            {"sdp": joined.sdp, "type": "answer", "session_id": joined.session_id},
            headers={"Location": f"/sfu/sessions/{joined.session_id}"},
        )

    return handler


async def close_session(request: web.Request) -> web.Response:
    session = request.app[CONTEXT].sessions.require(
        request.match_info["session_id"], require_token(request).sub
    )
    request.app[CONTEXT].media.close(session)
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    for kind in SessionKind:
        app.router.add_post(f"/sfu/{kind}", join_handler(kind))
    app.router.add_delete("/sfu/sessions/{session_id}", close_session)
