"""`/v1/events`: everything that happens on the server, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.server.auth import require_api_key
from liverelay.server.context import CONTEXT
from liverelay.server.events import encode
from liverelay.server.overview import SNAPSHOT
from liverelay.server.sse import EventStream

if TYPE_CHECKING:
    from aiohttp import web


async def stream_events(request: web.Request) -> web.StreamResponse:
    key = require_api_key(request)
    context = request.app[CONTEXT]
    snapshot = encode(SNAPSHOT, context.overview.snapshot())
    # In the same breath, so that no change is missing from both or told by both. It is owned by
    # its key: when that is revoked, the stream ends.
    listener = context.events.listen(key.key_id)
    return EventStream(listener, context.event_counters, first=snapshot)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/v1/events", stream_events)
