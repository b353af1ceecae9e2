"""`/health` and `/openapi.json`: what needs no key."""

from __future__ import annotations

from aiohttp import web

import liverelay
from liverelay.server.context import CONTEXT
from liverelay.server.openapi.document import build_document


async def health(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    body: dict[str, object] = {
        "status": "ok",
        "version": liverelay.__version__,
        "rooms_active": context.catalogue.room_count,
        "subscribers_active": context.sessions.subscriber_total(),
    }
    if context.worker.limitations:
        body["limitations"] = context.worker.limitations
    return web.json_response(body)


async def openapi(request: web.Request) -> web.Response:
    return web.json_response(build_document())


def add_routes(app: web.Application) -> None:
    app.router.add_get("/health", health)
    app.router.add_get("/openapi.json", openapi)
