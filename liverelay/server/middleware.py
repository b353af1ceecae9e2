"""What wraps every request: its id, its log line, and the shape of its errors."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from liverelay.errors import ErrorCode, RefusedError, StoreError
from liverelay.server.context import CONTEXT, now
from liverelay.server.http_protocol import HttpConnection
from liverelay.server.logs import request_id
from liverelay.server.responses import error_response, from_http_exception

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

logger = logging.getLogger(__name__)

_HEADER = "X-Request-ID"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@web.middleware
async def turn_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Begin with a few requests in each turn of the event loop, however many have come."""
    await request.app[CONTEXT].worker.turnstile.enter()
    return await handler(request)


@web.middleware
async def request_id_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id (the client's, if usable), and log how it ended."""
    if isinstance(request.protocol, HttpConnection):
        request.protocol.on_request()
    offered = request.headers.get(_HEADER, "")
    current = offered if _ACCEPTABLE_ID.fullmatch(offered) else secrets.token_hex(8)
    reset = request_id.set(current)
    started = now()
    try:
        response = await handler(request)
        response.headers[_HEADER] = current
        route = request.match_info.route.resource
        logger.debug(
            "%s %s -> %d in %.1f ms",
            request.method,
            route.canonical if route else "(no route)",
            response.status,
            (now() - started) * 1000,
        )
        return response
    finally:
        request_id.reset(reset)


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into the contract's JSON."""
    try:
        return await handler(request)
    except RefusedError as error:
        return error_response(error)
    except web.HTTPException as error:
        return from_http_exception(error)
    except StoreError as error:
        # The sentence names the file; where in our code it was met helps nobody.
        logger.error("%s", error)  # noqa: TRY400
        return error_response(RefusedError(ErrorCode.INTERNAL_ERROR))
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return error_response(RefusedError(ErrorCode.INTERNAL_ERROR))
