"""Events over HTTP as they happen: server-sent events (HTML standard, section 9.2).

An answer that does not end keeps its connection, so everything that can make it end is here: the
hub has no more events, the client has gone, or it reads so slowly that it is cut off.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from typing_extensions import override

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from liverelay.server.events import Event, EventCounters, Listener

# Proxies close connections on which nothing was said for 30 to 60 s.
HEARTBEAT_INTERVAL = 15.0

# Sockets and proxies hold some hundred KiB; a reader that takes nothing for so long has stalled.
WRITE_TIMEOUT = 5.0

# A snapshot of hundreds of rooms takes longer than that to a phone, and is taken all the while.
PIECE_SIZE = 65536

_HEARTBEAT = b": heartbeat\n\n"

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would collect events until a buffer is full.
    "X-Accel-Buffering": "no",
}


class EventStream(web.StreamResponse):
    """An answer that goes on until its listener ends; it closes the listener.

    Like a file, it is sent while it is being prepared, after the middlewares have added their
    headers: a route returns it and is done.
    """

    def __init__(
        self,
        listener: Listener,
        counters: EventCounters,
        *,
        first: Event | None = None,
        heartbeat_interval: float = HEARTBEAT_INTERVAL,
    ) -> None:
        """Prepare to send `first`, and then what `listener` gets."""
        super().__init__(headers=_HEADERS)
        self._listener = listener
        self._counters = counters
        self._first = first
        self._heartbeat_interval = heartbeat_interval
        self._count = 0

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        with self._listener:
            writer = await super().prepare(request)
            if request.method != "HEAD":
                await self._send_events(request)
        return writer

    async def _send_events(self, request: web.BaseRequest) -> None:
        try:
            if self._first is not None:
                await self._send(self._first)
            while (event := await self._take()) is not None:
                await self._send(event)
        except TimeoutError:
            self._counters.overrun += 1
            self._cut_off(request)
        if self._listener.is_overrun:
            self._cut_off(request)

    async def _take(self) -> Event | None:
        """Return the next event, with heartbeats while there is none."""
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_interval):
                    return await self._listener.take()
            except TimeoutError:
                await self._write(_HEARTBEAT)

    async def _send(self, event: Event) -> None:
        self._count += 1
        head = b"id: %d\nevent: %b\ndata: " % (self._count, event.name.encode())
        await self._write(head + event.data + b"\n\n")

    async def _write(self, data: bytes) -> None:
        for offset in range(0, len(data), PIECE_SIZE):
            async with asyncio.timeout(WRITE_TIMEOUT):
                await self.write(data[offset : offset + PIECE_SIZE])

    def _cut_off(self, request: web.BaseRequest) -> None:
        """End the connection without waiting for what the client does not read.

        Raises:
            ConnectionAbortedError: Always, as for a client that has gone.
        """
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError("the client does not keep up with its events")
