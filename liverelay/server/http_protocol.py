"""The HTTP connection below aiohttp's router: what it refuses before there is a request.

aiohttp answers unreadable requests in plain text and waits for ever for the head of a first one.
Here both get the contract's JSON, the second after a deadline.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import web
from typing_extensions import override

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.responses import error_body, error_response

if TYPE_CHECKING:
    from collections.abc import Callable

# A client on a bad mobile link sends a request head within a second or two; one that needs longer
# than this holds a connection that others could use.
HEAD_TIMEOUT = 10.0


class HttpConnection(web.RequestHandler):
    """One connection of a client."""

    __slots__ = ("_head_timer",)

    _head_timer: asyncio.TimerHandle | None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        self._head_timer = loop.call_later(HEAD_TIMEOUT, self._on_head_timeout)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self.on_request()
        super().connection_lost(exc)

    def on_request(self) -> None:
        """Note that a request head has come, so the connection is not a stalled one."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        self.on_request()
        if status >= 500:
            self.log_exception("request failed", exc_info=exc)
            response = error_response(RefusedError(ErrorCode.INTERNAL_ERROR))
        else:
            refusal = RefusedError(ErrorCode.INVALID_REQUEST, "Request is not valid HTTP")
            response = error_response(refusal)
        response.force_close()
        return response

    def _on_head_timeout(self) -> None:
        self._head_timer = None
        if self.transport is not None:
            body = json.dumps(
                error_body(ErrorCode.INVALID_REQUEST, "Request did not arrive in time")
            )
            head = (
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write((head + body).encode())
            self.force_close()


def connection_factory(server: web.Server) -> Callable[[], HttpConnection]:
    """Return what makes the protocol of each connection that `server` accepts."""
    loop = asyncio.get_running_loop()

    def make() -> HttpConnection:
        # None is how aiohttp itself spells "no access log"; its annotation forgets that.
        return HttpConnection(server, loop=loop, access_log=None)  # type: ignore[arg-type]

    return make
