"""`/metrics`: for Prometheus, here with a token, and on a listener of its own without."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from liverelay.server.auth import bearer, require_api_key
from liverelay.server.context import CONTEXT
from liverelay.server.metrics.collector import ServerCollector
from liverelay.server.middleware import error_middleware, request_id_middleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from liverelay.server.context import ServerContext


def add_routes(app: web.Application) -> None:
    scrape = _scraper(app[CONTEXT])

    async def handler(request: web.Request) -> web.Response:
        _require_access(request)
        return await scrape(request)

    app.router.add_get("/metrics", handler)


def create_metrics_app(context: ServerContext) -> web.Application:
    """Return the application of the further listener: the metrics, for anyone, and nothing else."""
    app = web.Application(middlewares=[request_id_middleware, error_middleware])
    app[CONTEXT] = context
    app.router.add_get("/metrics", _scraper(context))
    return app


def _scraper(context: ServerContext) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def scrape(request: web.Request) -> web.Response:
        # Not the library's own registry, which all servers of a process would share.
        registry = CollectorRegistry()
        registry.register(ServerCollector(context, await context.worker.totals()))
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        encode, content_type = _choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    return scrape


def _choose_encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """Return the format that is asked for, and its type: text if that cannot be made out."""
    try:
        return choose_encoder(accept)
    except TypeError:
        # The library has compared a version that is none with a number.
        return choose_encoder("")


def _require_access(request: web.Request) -> None:
    """Let through who has the metrics' token, or an API key.

    Raises:
        RefusedError: `auth_header_missing`, `api_key_invalid` or `rate_limited`.
    """
    token = request.app[CONTEXT].settings.metrics_token
    presented = bearer(request).encode("utf-8", "surrogateescape")
    if token is None or not secrets.compare_digest(presented, token.encode()):
        require_api_key(request)
