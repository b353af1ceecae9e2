"""The aiohttp application: routes and what wraps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.server.body import MAX_BODY_SIZE
from liverelay.server.context import CONTEXT
from liverelay.server.cors import cors_middleware
from liverelay.server.middleware import error_middleware, request_id_middleware, turn_middleware
from liverelay.server.routes import docs, events, keys, meta, metrics, pages, rooms, sfu, stats

if TYPE_CHECKING:
    from liverelay.server.context import ServerContext


def create_app(context: ServerContext) -> web.Application:
    """Return the application that serves `context`."""
    app = web.Application(
        client_max_size=MAX_BODY_SIZE,
        middlewares=[
            turn_middleware,
            request_id_middleware,
            cors_middleware(context.settings.cors_origin),
            error_middleware,
        ],
    )
    app[CONTEXT] = context
    for routes in (rooms, stats, keys, events, meta, metrics, sfu, docs, pages):
        routes.add_routes(app)
    return app
