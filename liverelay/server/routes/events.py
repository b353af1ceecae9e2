"""`/v1/events`: everything that happens on the server, as it happens."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from liverelay.server.auth import require_api_key
from liverelay.server.context import CONTEXT
from liverelay.server.sse import EventStream

if TYPE_CHECKING:
    from aiohttp import web


async def stream_events(request: web.Request) -> web.StreamResponse:
    key = require_api_key(request)
    context = request.app[CONTEXT]
    with ExitStack() as stack:
        # It is owned by its key: when that is revoked, the stream ends. The snapshot is begun in
        # the same breath, so that no room is missing from both or told by both.
        listener = stack.enter_context(context.events.listen(key.key_id))
        snapshot = await context.overview.snapshot()
        stack.pop_all()  # the stream closes it from here on
    return EventStream(listener, context.event_counters, first=snapshot)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/v1/events", stream_events)
