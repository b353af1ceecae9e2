"""Cross-origin requests (Fetch standard, section 3.2): pages of other sites may use the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_OPEN_PATHS = ("/sfu/", "/static/", "/v1/")
_OPEN_EXACTLY = ("/health",)
_ALLOW_HEADERS = "Authorization, Content-Type, X-Request-ID"
_EXPOSE_HEADERS = "Location, Retry-After, X-Request-ID"
_ALLOW_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
_MAX_AGE = "7200"  # The longest that Chromium keeps a preflight's answer.


def cors_middleware(origins: tuple[str, ...]) -> Middleware:
    """Return the middleware that lets pages of `origins` read what the open paths answer."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_open(request.path):
            return await handler(request)
        is_preflight = _is_preflight(request)
        response = web.Response(status=204) if is_preflight else await handler(request)
        allowed = _allowed_origin(request.headers.get("Origin"), origins)
        if allowed is not None:
            response.headers["Access-Control-Allow-Origin"] = allowed
            response.headers["Access-Control-Expose-Headers"] = _EXPOSE_HEADERS
        if allowed is not None and is_preflight:
            response.headers["Access-Control-Allow-Methods"] = _ALLOW_METHODS
            response.headers["Access-Control-Allow-Headers"] = _ALLOW_HEADERS
            response.headers["Access-Control-Max-Age"] = _MAX_AGE
        if "*" not in origins:
            # Also where no origin was sent: a cache must not hand that answer to a page.
            response.headers.add("Vary", "Origin")
        return response

    return middleware


def _allowed_origin(origin: str | None, origins: tuple[str, ...]) -> str | None:
    if origin is None:
        return None
    if "*" in origins:
        return "*"
    return origin if origin in origins else None


def _is_open(path: str) -> bool:
    return path.startswith(_OPEN_PATHS) or path in _OPEN_EXACTLY


def _is_preflight(request: web.Request) -> bool:
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )
