"""`/sfu`: joining a room with a session description, saying what is wanted of it, and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.auth import require_token
from liverelay.server.body import read_json_object, require_text
from liverelay.server.context import CONTEXT
from liverelay.server.room_events import first_event
from liverelay.server.sessions import SessionKind, SessionState
from liverelay.server.sse import EventStream
from liverelay.store.records import RoomType
from liverelay.tokens import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from liverelay.store.records import Room
    from liverelay.tokens import Claims

_ROLES = {
    SessionKind.PUBLISH: {Role.PUBLISH, Role.CALL},
    SessionKind.SUBSCRIBE: {Role.SUBSCRIBE, Role.CALL},
    SessionKind.CALL: {Role.CALL},
}


def join_handler(kind: SessionKind) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the handler of `/sfu/{kind}`; its checks run in the contract's order."""

    async def handler(request: web.Request) -> web.Response:
        _admit(request, kind)
        body = await read_json_object(request)
        # Once more: room, key and server may have gone while the body was on its way, and with
        # them whoever would have closed the session.
        claims, room = _admit(request, kind)
        joined = request.app[CONTEXT].media.join(
            kind,
            claims,
            room,
            _require_offer(body),
            previous_session_id=body.get("previous_session_id"),
        )
        return web.json_response(
            _answer_body(joined.sdp, joined.session_id),
            headers={"Location": f"/sfu/sessions/{joined.session_id}"},
        )

    return handler


def _admit(request: web.Request, kind: SessionKind) -> tuple[Claims, Room]:
    """Return whose request this is and for which room.

    Raises:
        RefusedError: One of the checks before the one of the body fails.
    """
    context = request.app[CONTEXT]
    claims = require_token(request)
    if context.is_draining:
        raise RefusedError(ErrorCode.UNAVAILABLE, "Server is shutting down", retry_after=5)
    if claims.role not in _ROLES[kind]:
        raise RefusedError(ErrorCode.ROLE_INSUFFICIENT)
    room = context.catalogue.require_room(claims.room_id)
    if kind is SessionKind.CALL and room.room_type is not RoomType.CALL:
        raise RefusedError(ErrorCode.ROOM_TYPE_MISMATCH)
    return claims, room


def _require_offer(body: Mapping[str, object]) -> str:
    """Return the session description that is offered.

    Raises:
        RefusedError: `invalid_request`, or `invalid_sdp` if it is no offer.
    """
    sdp = require_text(body, "sdp")
    if require_text(body, "type") != "offer":
        raise RefusedError(ErrorCode.INVALID_SDP, "type must be offer")
    return sdp


def _answer_body(sdp: str, session_id: str) -> dict[str, str]:
    return {"sdp": sdp, "type": "answer", "session_id": session_id}


async def close_session(request: web.Request) -> web.Response:
    session = request.app[CONTEXT].sessions.require(
        request.match_info["session_id"], require_token(request).sub
    )
    request.app[CONTEXT].media.close(session)
    return web.Response(status=204)


async def change_session(request: web.Request) -> web.Response:
    """Restart ICE if the body has an offer; else take what the viewer's page has use for.

    One path for both, as in WHIP (RFC 9725 section 4.3): it is the session that changes.
    """
    media = request.app[CONTEXT].media
    session = request.app[CONTEXT].sessions.require(
        request.match_info["session_id"], require_token(request).sub
    )
    body = await read_json_object(request)
    if "sdp" in body:
        answer = media.restart_ice(session, _require_offer(body))
        return web.json_response(_answer_body(answer, session.session_id))
    media.change_preference(session, body)
    return web.Response(status=204)


async def stream_session_events(request: web.Request) -> web.StreamResponse:
    """Tell a page what happens in its room, for as long as its session lasts."""
    context = request.app[CONTEXT]
    session = context.sessions.require(request.match_info["session_id"], require_token(request).sub)
    media = context.worker.find_room(session.room_id)
    if session.state is SessionState.CLOSED or media is None:
        raise RefusedError(ErrorCode.NOT_FOUND, "Session has ended")
    # In the same breath, so that no change is missing from both.
    listener = context.room_events.listen(session)
    return EventStream(listener, context.event_counters, first=first_event(media.speakers))


def add_routes(app: web.Application) -> None:
    for kind in SessionKind:
        app.router.add_post(f"/sfu/{kind}", join_handler(kind))
    app.router.add_patch("/sfu/sessions/{session_id}", change_session)
    app.router.add_get("/sfu/sessions/{session_id}/events", stream_session_events)
    app.router.add_delete("/sfu/sessions/{session_id}", close_session)
