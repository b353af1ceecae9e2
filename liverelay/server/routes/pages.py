"""The browser library at `/static/`, the example pages at `/examples/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

import liverelay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_PACKAGE = Path(liverelay.__file__).parent
_SDK_SCRIPT = _PACKAGE / "sdk_js" / "liverelay.js"
_EXAMPLES = _PACKAGE / "server" / "pages" / "examples"

# Everything a page needs comes from this server, and no page of another site may frame it.
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# A page of any site may load the script, also one that asks for cross-origin isolation.
_SCRIPT_HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/static/liverelay.js", serve(_SDK_SCRIPT, _SCRIPT_HEADERS))
    for file in sorted(path for path in _EXAMPLES.rglob("*") if path.is_file()):
        name = file.relative_to(_EXAMPLES).as_posix()
        app.router.add_get(f"/examples/{name}", serve(file, PAGE_HEADERS))
    app.router.add_get("/examples/", serve(_EXAMPLES / "index.html", PAGE_HEADERS))
    app.router.add_get("/examples", _redirect)
    app.router.add_get("/", _redirect)


def serve(
    file: Path, headers: dict[str, str]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers=headers)

    return handler


async def _redirect(request: web.Request) -> web.StreamResponse:
    # Returned, not raised: the error middleware is for failures.
    return web.Response(status=308, headers={"Location": "/examples/"})
