"""Server-sent events over real connections: heartbeats, ids, slow readers and ends."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp import web

from liverelay.server import sse
from liverelay.server.events import EventCounters, EventHub, encode
from liverelay.server.sse import EventStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


async def turn() -> None:
    """Let everything else run once."""
    await asyncio.sleep(0)


class StreamServer:
    """A server with nothing but one stream of events."""

    def __init__(self, *, heartbeat_interval: float = 15.0) -> None:
        self.counters = EventCounters()
        self.hub = EventHub(self.counters, max_listeners=4)
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._heartbeat_interval = heartbeat_interval

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return EventStream(
            self.hub.listen(),
            self.counters,
            first=encode("greeting", {"hello": "there"}),
            heartbeat_interval=self._heartbeat_interval,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[StreamServer]:
        app = web.Application()
        app.router.add_get("/", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            for writer in self.writers:
                writer.close()
            await runner.cleanup()

    async def get(self, method: bytes = b"GET") -> asyncio.StreamReader:
        """Ask for the stream and return it behind its head."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(method + b" / HTTP/1.0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Content-Type: text/event-stream" in head
        self.writers.append(writer)
        return reader

    async def until_listeners(self, count: int) -> None:
        while len(self.hub) != count:
            await turn()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[StreamServer]:
    async with StreamServer().running() as running:
        yield running


async def next_event(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\n\n")).decode()


async def test_events_come_numbered_after_the_first(server: StreamServer) -> None:
    reader = await server.get()

    first = await next_event(reader)
    server.hub.publish("changed", {"text": "a\nb"})
    second = await next_event(reader)

    assert first == 'id: 1\nevent: greeting\ndata: {"hello":"there"}\n\n'
    assert second == 'id: 2\nevent: changed\ndata: {"text":"a\\nb"}\n\n'
    server.hub.close()


async def test_stream_ends_with_its_hub_after_what_was_queued(server: StreamServer) -> None:
    reader = await server.get()
    await next_event(reader)

    server.hub.publish("changed", {})
    server.hub.close()

    assert await next_event(reader) == "id: 2\nevent: changed\ndata: {}\n\n"
    assert await reader.read() == b""
    await server.until_listeners(0)


async def test_heartbeats_come_while_nothing_happens() -> None:
    async with StreamServer(heartbeat_interval=0.01).running() as server:
        reader = await server.get()
        await next_event(reader)

        beats = [await next_event(reader) for _ in range(3)]

        assert beats == [": heartbeat\n\n"] * 3
        server.hub.close()


async def test_listener_goes_with_its_client() -> None:
    async with StreamServer(heartbeat_interval=0.01).running() as server:
        reader = await server.get()
        await next_event(reader)

        server.writers.pop().close()

        await server.until_listeners(0)
        assert server.counters.overrun == 0


async def test_head_has_the_headers_and_no_listener(server: StreamServer) -> None:
    reader = await server.get(b"HEAD")

    assert await reader.read() == b""
    await server.until_listeners(0)


async def test_long_event_is_written_in_pieces_each_in_its_own_time(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = EventStream.write

    async def note(stream: EventStream, data: bytes) -> None:
        written.append(len(data))
        await write(stream, data)

    monkeypatch.setattr(EventStream, "write", note)
    text = "x" * 1_000_000
    reader = await server.get()
    await next_event(reader)

    server.hub.publish("filled", {"text": text})

    assert text in await next_long_event(reader)
    assert max(written) == sse.PIECE_SIZE
    server.hub.close()


async def next_long_event(reader: asyncio.StreamReader) -> str:
    """Return an event that is longer than what the reader holds."""
    read = b""
    while not read.endswith(b"\n\n"):
        read += await reader.read(65536)
    return read.decode()


async def flood(server: StreamServer) -> None:
    """Publish until the server has let go of the client that does not read."""
    while len(server.hub):
        server.hub.publish("filled", {"text": "x" * 10_000}, is_state=True)
        await turn()


async def test_reader_that_stalls_is_cut_off_and_counted(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "WRITE_TIMEOUT", 0.05)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        await server.until_listeners(1)

        await flood(server)

        assert server.counters.overrun == 1


async def test_reader_whose_queue_is_full_is_cut_off_and_counted_once(
    server: StreamServer,
) -> None:
    reader = await server.get()
    await next_event(reader)

    for number in range(2_000):
        server.hub.publish("changed", {"number": number})

    assert await reader.read() == b""
    assert server.counters.overrun == 1
