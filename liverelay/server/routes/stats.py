"""`/v1/rooms/{room_id}/stats`: what is known of each stream of each peer.

A room may have thousands of viewers, so each session is written by itself, and packets get their
turn in between.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.server.auth import require_api_key
from liverelay.server.context import CONTEXT, now
from liverelay.server.flatten import flatten
from liverelay.server.turns import Turns
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
    written: list[str] = []
    if media is not None:
        publications, turns = media.publication_statistics(), Turns()
        for session in context.sessions.in_room(room_id):
            streams = [each for each in publications if each.session_id == session.session_id]
            written.append(json.dumps(_describe(session, streams, media)))
            await turns.give()
    text = f'{{"room_id": {json.dumps(room_id)}, "sessions": [{", ".join(written)}]}}'
    return web.json_response(text=text)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/v1/rooms/{room_id}/stats", show_statistics)


def _describe(
    session: Session, publications: Sequence[PublicationStats], media: RoomMedia
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
            for stream in publication.streams
        ],
        "outbound_rtp": [_outbound(each) for each in media.subscription_statistics(session_id)],
    }


def _outbound(subscription: SubscriptionStats) -> dict[str, object]:
    about = {**flatten(subscription), "kind": subscription.kind.value}
    # The session has both; here they would be said for each of its streams.
    del about["session_id"], about["peer_id"]
    return about
