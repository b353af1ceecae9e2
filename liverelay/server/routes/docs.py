"""The documentation at `/docs/`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

import liverelay
from liverelay.server.documentation.manual import Manual, find_root, served_at
from liverelay.server.routes.pages import PAGE_HEADERS, serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PAGES = Path(liverelay.__file__).parent / "server" / "pages"
_ASSETS = ("docs/docs.css", "docs/text.css", "docs/docs.js", "shared/icon.svg", "shared/theme.js")


def add_routes(app: web.Application) -> None:
    manual = Manual(find_root())
    for path in manual.paths():
        app.router.add_get(f"/docs/{served_at(path)}", _serve_page(manual, path))
    for path in manual.attachments():
        app.router.add_get(f"/docs/{served_at(path)}", serve(manual.file(path), PAGE_HEADERS))
    for asset in (_PAGES / name for name in _ASSETS):
        app.router.add_get(f"/docs/assets/{asset.name}", serve(asset, PAGE_HEADERS))
    app.router.add_get("/docs/search.json", _serve_index(manual))
    app.router.add_get("/docs", _redirect)


def _serve_page(manual: Manual, path: str) -> Handler:
    page: str | None = None

    async def handler(request: web.Request) -> web.Response:
        nonlocal page
        if page is None:
            # In a thread: it takes tens of milliseconds, in which packets would wait.
            page = await asyncio.to_thread(manual.render, path)
        return web.Response(text=page, content_type="text/html", headers=PAGE_HEADERS)

    return handler


def _serve_index(manual: Manual) -> Handler:
    index: str | None = None

    async def handler(request: web.Request) -> web.Response:
        nonlocal index
        if index is None:
            index = json.dumps(await asyncio.to_thread(manual.search_index))
        return web.json_response(text=index, headers=PAGE_HEADERS)

    return handler


async def _redirect(request: web.Request) -> web.Response:
    # Relative, so that it holds behind a proxy that has the server below a path.
    return web.Response(status=308, headers={"Location": "docs/"})
