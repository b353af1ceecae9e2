"""The HTTP connection below aiohttp's router: what it refuses before there is a request.

aiohttp answers unreadable requests in plain text, waits an hour for the head of a request and for
ever for a client to take its answer, and inflates compressed bodies. Here the first get the
contract's JSON, the second and the third a deadline, and the fourth are left as they are.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web
from typing_extensions import override

from liverelay.errors import ErrorCode, RefusedError
from liverelay.server.responses import error_body, error_response, from_http_exception

if TYPE_CHECKING:
    from collections.abc import Callable

    from liverelay.server.deadlines import Deadlines

    OnLost: TypeAlias = Callable[["HttpConnection"], None]

# aiohttp's own bounds, named here so that they cannot change unnoticed. A line is the request line
# or one header; a token with its six claims is about 400 bytes, so neither comes near in earnest.
MAX_LINE_SIZE = 8190
MAX_HEADERS = 128


class HttpConnection(web.RequestHandler):
    """One connection of a client."""

    __slots__ = (
        "_head_timeout",
        "_head_timer",
        "_is_tls",
        "_on_lost",
        "_unsent_size",
        "_write_timeout",
        "_write_timer",
        "_writing_to",
    )

    def __init__(
        self,
        server: web.Server,
        deadlines: Deadlines,
        loop: asyncio.AbstractEventLoop,
        on_lost: OnLost,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            # None is how aiohttp itself spells "no access log"; its annotation forgets that.
            access_log=None,  # type: ignore[arg-type]
            auto_decompress=False,
            max_line_size=MAX_LINE_SIZE,
            max_field_size=MAX_LINE_SIZE,
            max_headers=MAX_HEADERS,
            keepalive_timeout=deadlines.idle,
        )
        self._on_lost = on_lost
        self._head_timeout = deadlines.head
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timeout = deadlines.write
        self._write_timer: asyncio.TimerHandle | None = None
        self._unsent_size = 0
        # aiohttp forgets its own when it closes, and then what was written may still have to go.
        self._writing_to: asyncio.WriteTransport | None = None
        self._is_tls = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._writing_to = transport
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        self._head_timer = loop.call_later(self._head_timeout, self._on_head_timeout)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self.on_request()
        self._writing_to = None
        self._expect_taking()
        super().connection_lost(exc)
        self._on_lost(self)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_taking()

    @override
    def resume_writing(self) -> None:
        self._expect_taking()
        super().resume_writing()

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
        if status >= 500:
            self.log_exception("request failed", exc_info=exc)
            response = error_response(RefusedError(ErrorCode.INTERNAL_ERROR))
        else:
            refusal = RefusedError(ErrorCode.INVALID_REQUEST, "Request is not valid HTTP")
            response = error_response(refusal)
        response.force_close()
        return response

    @override
    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        # aiohttp refuses what it cannot read, or an unknown `Expect`, before there is a middleware
        # that could note the request or give the refusal our shape.
        self.on_request()
        if isinstance(resp, web.HTTPException):
            resp = from_http_exception(resp)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._expect_taking()

    def _expect_taking(self) -> None:
        """Give the client time, from now on, to take some of what it has not yet."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        self._unsent_size = self._unsent()
        if self._unsent_size:
            loop = asyncio.get_running_loop()
            self._write_timer = loop.call_later(self._write_timeout, self._on_write_timeout)

    def _on_write_timeout(self) -> None:
        if self._unsent() < self._unsent_size:
            # A slow client takes some of it all the while.
            self._expect_taking()
        elif self._writing_to is not None:
            self._writing_to.abort()

    def _unsent(self) -> int:
        """Return the size of what was written and has not been taken."""
        transport = self._writing_to
        # asyncio itself cuts off a TLS connection that does not close, and tells nothing of it.
        if transport is None or (self._is_tls and transport.is_closing()):
            return 0
        return transport.get_write_buffer_size()

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


def connection_factory(
    server: web.Server, deadlines: Deadlines, on_lost: OnLost
) -> Callable[[], HttpConnection]:
    """Return what makes the protocol of each of `server`'s connections; `on_lost` hears its end."""
    loop = asyncio.get_running_loop()
    return lambda: HttpConnection(server, deadlines, loop, on_lost)
