"""The browser library at `/static/`, and the pages: the dashboard and the examples."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

import liverelay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_PACKAGE = Path(liverelay.__file__).parent
_SDK_SCRIPT = _PACKAGE / "sdk_js" / "liverelay.js"
_PAGES = _PACKAGE / "server" / "pages"
_DASHBOARD = _PAGES / "dashboard" / "index.html"

# Python's own, whatever else this machine has been told.
_TYPES = mimetypes.MimeTypes()

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
    """Return what answers with `file`, the content of which may change.

    Not by `FileResponse`: the kernel or asyncio would send the file, and nothing would tell whether
    the client takes it.
    """
    content_type, _ = _TYPES.guess_type(file.name)

    async def handler(request: web.Request) -> web.StreamResponse:
        body, etag = await asyncio.to_thread(_read, file)
        known = {each.value for each in request.if_none_match or ()}
        if etag in known:
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(body=body, headers=headers)
            response.content_type = content_type or "application/octet-stream"
        response.etag = etag
        return response

    return handler


def _read(file: Path) -> tuple[bytes, str]:
    """Return what is in `file`, and its ETag; in a thread, because packets would wait for both."""
    body = file.read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:32]


def _redirect(location: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        # Returned, not raised: the error middleware is for failures.
        return web.Response(status=307, headers={"Location": location, "Cache-Control": "no-cache"})

    return handler
