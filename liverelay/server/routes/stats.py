"""`/v1/rooms/{room_id}/stats`: what is known of each stream of each peer.

A room may have thousands of viewers, so each session is written by itself, and packets get their
turn in between.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.server.auth import require_api_key
from liverelay.server.context import CONTEXT, now
from liverelay.server.flatten import flatten
from liverelay.server.turns import json_array
from liverelay.sfu.types import SessionId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.server.sessions import Session
    from liverelay.sfu.room import RoomMedia
    from liverelay.sfu.statistics import PublicationStats, SubscriptionStats


async def show_statistics(request: web.Request) -> web.Response:
    require_api_key(request)
    context = request.app[CONTEXT]
    room_id = context.catalogue.require_room(request.match_info["room_id"]).room_id
    media = context.worker.find_room(room_id)
    sessions = "[]"
    if media is not None:
        describe = partial(_describe, media, media.publication_statistics())
        sessions = await json_array(context.sessions.in_room(room_id), describe)
    text = f'{{"room_id": {json.dumps(room_id)}, "sessions": {sessions}}}'
    return web.json_response(text=text)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/v1/rooms/{room_id}/stats", show_statistics)


def _describe(
    media: RoomMedia, publications: Sequence[PublicationStats], session: Session
) -> dict[str, object]:
    session_id = SessionId(session.session_id)
    return {
        "session_id": session_id,
        "peer_id": session.peer_id,
        "kind": session.kind.value,
        "state": session.state.value,
        "age_secs": int(now() - session.opened_at),
        "available_outgoing_bitrate": media.available_outgoing_bitrate(session_id),
        "inbound_rtp": [
            {"kind": publication.kind.value, **flatten(stream)}
            for publication in publications
            if publication.session_id == session.session_id
            for stream in publication.streams
        ],
        "outbound_rtp": [_outbound(each) for each in media.subscription_statistics(session_id)],
    }


def _outbound(subscription: SubscriptionStats) -> dict[str, object]:
    about = {**flatten(subscription), "kind": subscription.kind.value}
    # The session has both; here they would be said for each of its streams.
    del about["session_id"], about["peer_id"]
    return about
