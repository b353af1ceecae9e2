"""Clients that hold a connection without using it.

The deadlines are a few hundredths of a second here; nothing waits longer than they last.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from liverelay.server.deadlines import Deadlines
from tests.support.certificates import write_certificate
from tests.support.server import KEY, Api, read_answer, running_api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = f"POST /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n".encode()
LAST = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LONG = 20.0
SHORT = 0.05
SMALL = 4096


@contextmanager
def sending(api: Api, data: bytes) -> Iterator[socket.socket]:
    """Yield a client that has sent `data`, and for which neither side keeps much in the kernel."""
    # What a listener has is what its connections get.
    for listener in api.context.acceptor._listeners:
        listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.connect(("127.0.0.1", api.port))
        client.sendall(data)
        client.setblocking(False)
        yield client


@asynccontextmanager
async def https_client(
    directory: Path, path: str
) -> AsyncIterator[tuple[Api, asyncio.StreamWriter]]:
    """Run a server for a client that asks for `path` many times, and reads little of it."""
    certificate, key = write_certificate(directory)
    deadlines = Deadlines(LONG, LONG, LONG, SHORT)
    async with running_api(
        directory, deadlines=deadlines, tls_cert=certificate, tls_key=key
    ) as api:
        trust = ssl.create_default_context(cafile=certificate)
        # A reader that is not read takes 128 kB.
        _, writer = await asyncio.open_connection("127.0.0.1", api.port, ssl=trust)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 400)
        yield api, writer


async def take(client: socket.socket, size: int) -> bytes:
    return await asyncio.get_running_loop().sock_recv(client, size)


@pytest_asyncio.fixture
async def short_head(tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(tmp_path, deadlines=Deadlines(SHORT, LONG, LONG)) as api:
        yield api


@pytest_asyncio.fixture
async def short_body(tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(tmp_path, deadlines=Deadlines(LONG, SHORT, LONG)) as api:
        yield api


@pytest_asyncio.fixture
async def short_idle(tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(tmp_path, deadlines=Deadlines(LONG, LONG, SHORT)) as api:
        yield api


@pytest.mark.parametrize("begun", [b"", b"G", b"GET /health HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_answered_and_cut_off(
    short_head: Api, begun: bytes
) -> None:
    reader, writer = await short_head.connect()
    writer.write(begun)

    answer = await read_answer(reader)
    rest = await reader.read()

    assert answer.error == (400, "invalid_request", "Request did not arrive in time")
    assert rest == b""
    writer.close()


async def test_a_connection_that_was_used_outlives_the_deadline_of_its_first_head(
    short_head: Api,
) -> None:
    slow_reader, slow_writer = await short_head.connect()
    reader, writer = await short_head.connect()
    writer.write(HEALTH)
    first = await read_answer(reader)
    # The other connection was made first, so this one's deadline has passed just after that one's.
    await slow_reader.read()
    writer.write(HEALTH)
    second = await read_answer(reader)

    assert (first.status, second.status) == (200, 200)
    writer.close()
    slow_writer.close()


async def test_a_body_that_does_not_come_is_invalid_request(short_body: Api) -> None:
    answer = await short_body.raw(HEAD + b'Content-Length: 21\r\n\r\n{"room_type": ')

    assert answer.error == (400, "invalid_request", "Body did not arrive within 0.05 s")


async def test_a_body_whose_chunks_break_off_is_invalid_request(short_body: Api) -> None:
    reader, writer = await short_body.connect()
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
    await reader.readuntil(b"100 Continue\r\n\r\n")
    writer.write(b'5\r\n{"roo\r\nZZ\r\n')

    answer = await read_answer(reader)

    assert answer.status == 400
    assert answer.code == "invalid_request"
    writer.close()


@pytest.mark.parametrize("begun", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\n"])
async def test_a_further_head_that_does_not_come_is_cut_off(short_idle: Api, begun: bytes) -> None:
    reader, writer = await short_idle.connect()
    writer.write(HEALTH)
    await read_answer(reader)
    writer.write(begun)

    rest = await reader.read()

    assert rest == b""
    writer.close()


async def test_a_refusal_before_any_middleware_ends_the_deadline_of_the_first_head(
    short_head: Api,
) -> None:
    slow_reader, slow_writer = await short_head.connect()
    reader, writer = await short_head.connect()
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n\r\n")
    first = await read_answer(reader)
    # The other connection was made first, so this one's deadline has passed just after that one's.
    await slow_reader.read()
    writer.write(HEALTH)
    second = await read_answer(reader)

    assert (first.code, second.status) == ("invalid_request", 200)
    writer.close()
    slow_writer.close()


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/search.json", "/docs/performance.png"])
@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
@pytest.mark.parametrize("count", [1, 400])
async def test_a_client_that_does_not_take_its_answers_is_cut_off(
    tmp_path: Path, path: str, more: str, count: int
) -> None:
    async with running_api(tmp_path, deadlines=Deadlines(LONG, LONG, SHORT, SHORT)) as api:
        with sending(api, f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode() * count):
            await api.until_connected(1)

            await api.until_connected(0)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/performance.png"])
async def test_a_client_that_does_not_take_its_answers_by_https_is_cut_off(
    tmp_path: Path, path: str
) -> None:
    async with https_client(tmp_path, path) as (api, writer):
        await api.until_connected(0)
        writer.transport.abort()


async def test_a_connection_by_https_that_is_closed_before_its_answer_is_taken_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with https_client(tmp_path, "/openapi.json") as (api, writer):
        (connection,) = api.context.acceptor._connections
        while not connection.writing_paused:  # noqa: ASYNC110  (nobody else has to know)
            await asyncio.sleep(0)
        transport = connection.transport
        assert transport is not None
        connection.force_close()
        # As often as it likes: the second time asyncio forgets what a TLS connection has written.
        transport.close()

        await api.until_connected(0)
        writer.transport.abort()

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_client_that_takes_its_answers_slowly_is_not_cut_off(tmp_path: Path) -> None:
    requests = b"GET /docs/search.json HTTP/1.1\r\nHost: x\r\n\r\n" * 10 + LAST
    async with running_api(tmp_path, deadlines=Deadlines(LONG, LONG, LONG, 1.0)) as api:
        with sending(api, requests), sending(api, requests) as slow:
            await api.until_connected(2)
            received = await take(slow, 512)
            await api.request("GET", "/health")
            # Until the other client, which takes nothing, is cut off.
            while len(api.context.acceptor) == 3:
                # So much that the kernel tells the server of it every few times.
                received += await take(slow, 512)
                await api.request("GET", "/health")
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            while data := await take(slow, 65536):
                received += data

    assert received.count(b"HTTP/1.1 200 OK\r\n") == 11


async def test_closing_the_server_does_not_wait_for_a_client_that_says_nothing(
    tmp_path: Path,
) -> None:
    async with running_api(tmp_path) as api:
        reader, writer = await api.connect()
        await api.request("GET", "/health")

    rest = await reader.read()

    assert rest == b""
    writer.close()


async def test_the_deadlines_of_a_server_are_those_of_the_documentation(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        deadlines = api.context.deadlines

    assert (deadlines.head, deadlines.body, deadlines.idle, deadlines.write) == (
        10.0,
        10.0,
        75.0,
        10.0,
    )
