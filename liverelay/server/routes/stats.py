"""`/v1/rooms/{room_id}/stats`: what is known of each stream of each peer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.server.auth import require_api_key
from liverelay.server.context import CONTEXT, now
from liverelay.server.turns import Turns
from liverelay.sfu.types import SessionId

if TYPE_CHECKING:
    from liverelay.server.sessions import Session
    from liverelay.sfu.room import RoomMedia
    from liverelay.sfu.statistics import PublicationStats, SubscriptionStats

Streams = defaultdict[str, list[dict[str, object]]]


async def show_statistics(request: web.Request) -> web.Response:
    require_api_key(request)
    context = request.app[CONTEXT]
    room_id = context.catalogue.require_room(request.match_info["room_id"]).room_id
    media = context.worker.find_room(room_id)
    inbound, outbound = await _streams_by_session(media)
    return web.json_response(
        {
            "room_id": room_id,
            "sessions": [
                {
                    **_describe(session),
                    "available_outgoing_bitrate": _available(media, session),
                    "inbound_rtp": inbound[session.session_id],
                    "outbound_rtp": outbound[session.session_id],
                }
                for session in context.sessions.in_room(room_id)
            ],
        }
    )


def add_routes(app: web.Application) -> None:
    app.router.add_get("/v1/rooms/{room_id}/stats", show_statistics)


async def _streams_by_session(media: RoomMedia | None) -> tuple[Streams, Streams]:
    inbound, outbound = Streams(list), Streams(list)
    if media is not None:
        turns = Turns()
        for publication in media.publication_statistics():
            inbound[publication.session_id] += _inbound(publication)
        for subscription in media.subscription_statistics():
            outbound[subscription.session_id].append(_outbound(subscription))
            await turns.give()
    return inbound, outbound


def _inbound(publication: PublicationStats) -> list[dict[str, object]]:
    return [{"kind": publication.kind.value, **asdict(stream)} for stream in publication.streams]


def _outbound(subscription: SubscriptionStats) -> dict[str, object]:
    about = {**asdict(subscription), "kind": subscription.kind.value}
    # The session has both; here they would be said for each of its streams.
    del about["session_id"], about["peer_id"]
    return about


def _available(media: RoomMedia | None, session: Session) -> int | None:
    if media is None:
        return None
    return media.available_outgoing_bitrate(SessionId(session.session_id))


def _describe(session: Session) -> dict[str, object]:
    return {
        "session_id": session.session_id,
        "peer_id": session.peer_id,
        "kind": session.kind.value,
        "state": session.state.value,
        "age_secs": int(now() - session.opened_at),
    }
