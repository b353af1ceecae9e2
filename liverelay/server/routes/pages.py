"""The browser library at `/static/`, and the pages: the dashboard and the examples."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from typing_extensions import override

import liverelay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.abc import AbstractStreamWriter

_PACKAGE = Path(liverelay.__file__).parent
_SDK_SCRIPT = _PACKAGE / "sdk_js" / "liverelay.js"
_PAGES = _PACKAGE / "server" / "pages"
_DASHBOARD = _PAGES / "dashboard" / "index.html"

# For a whole file, because the kernel sends it and tells nobody how far it has got. The largest,
# an image of 220 kB, takes half of that at 60 kbit/s.
FILE_TIMEOUT = 60.0

# Everything a page needs comes from this server, and no page of another site may frame it.
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# A page of any site may load the script, also one that asks for cross-origin isolation.
_SCRIPT_HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}

# Relative, because a proxy may have put the server below a path of its own.
_REDIRECTS = {"/": "dashboard/", "/dashboard": "dashboard/", "/examples/": "../dashboard/"}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/static/liverelay.js", serve(_SDK_SCRIPT, _SCRIPT_HEADERS))
    for folder in ("dashboard", "examples", "shared"):
        for file in sorted((_PAGES / folder).iterdir()):
            app.router.add_get(f"/{folder}/{file.name}", serve(file, PAGE_HEADERS))
    app.router.add_get("/dashboard/", serve(_DASHBOARD, PAGE_HEADERS))
    for path, location in _REDIRECTS.items():
        app.router.add_get(path, _redirect(location))


def serve(
    file: Path, headers: dict[str, str]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return _FileResponse(file, headers=headers)

    return handler


class _FileResponse(web.FileResponse):
    """A file, for a client that takes it in time."""

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            async with asyncio.timeout(FILE_TIMEOUT):
                return await super().prepare(request)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionAbortedError("the client does not take a file") from None


def _redirect(location: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        # Returned, not raised: the error middleware is for failures.
        return web.Response(status=307, headers={"Location": location, "Cache-Control": "no-cache"})

    return handler
