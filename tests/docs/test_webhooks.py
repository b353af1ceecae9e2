"""The programs of docs/webhooks.md take what a server posts, and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from liverelay.server.webhook import sign
from liverelay.utc import unix_now
from tests.support.media_server import serving
from tests.support.snippets import snippets
from tests.support.webhook_receiver import receiving

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio]

(HEAD,) = snippets("http", pages=["docs/webhooks.md"])
(BODY,) = snippets("json", pages=["docs/webhooks.md"])
SECRET = "a-secret-of-webhooks"
PROGRAMS = [
    pytest.param("python", "receiver.py", sys.executable, id="python"),
    pytest.param(
        "js",
        "receiver.mjs",
        "node",
        id="node",
        marks=pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed"),
    ),
]


@asynccontextmanager
async def program(
    directory: Path, language: str, name: str, runs: str, port: int, *, patience: str = "10"
) -> AsyncIterator[Process]:
    """Run the page's program in a language, listening on `port`."""
    (snippet,) = snippets(language, pages=["docs/webhooks.md"])
    file = directory / name
    file.write_text(snippet.text.replace("timeout = 10 ", f"timeout = {patience} "))
    environment = {"LIVERELAY_WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        runs,
        str(file),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until_listening(port)
        yield process
    finally:
        process.kill()
        await process.communicate()


async def until_listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            continue
        writer.close()
        return


@pytest.mark.parametrize(("language", "name", "runs"), PROGRAMS)
async def test_program_takes_what_a_server_posts_and_nothing_else(
    tmp_path: Path, unused_tcp_port: int, language: str, name: str, runs: str
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/liverelay"
    body = b'{"event":"forged","data":{"room_id":"forged"}}'
    now = unix_now()
    forgeries = {
        "no signature": "",
        "nonsense": "t=x,v1=y,z",
        "another key": sign(b"another-secret-key", body, now),
        "another body": sign(SECRET.encode(), b"{}", now),
        "too old": sign(SECRET.encode(), body, now - 301),
    }
    async with (
        program(tmp_path, language, name, runs, unused_tcp_port) as process,
        serving(tmp_path / "data", webhook_url=url, webhook_secret=SECRET) as server,
    ):
        refused = {}
        for kind, signature in forgeries.items():
            headers = {"LiveRelay-Signature": signature}
            async with server.http.post(url, data=body, headers=headers) as response:
                refused[kind] = response.status
        room = await server.create_room()
        assert process.stdout is not None
        line = await process.stdout.readline()

    assert refused == dict.fromkeys(forgeries, 401)
    assert line.decode() == f"room.created {room['id']}\n"


@pytest.mark.parametrize(("language", "name", "runs"), PROGRAMS)
async def test_request_that_is_not_finished_stops_nobody_else(
    tmp_path: Path, unused_tcp_port: int, language: str, name: str, runs: str
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/liverelay"
    body = b'{"event":"room.created","data":{"room_id":"genuine"}}'
    headers = {"LiveRelay-Signature": sign(SECRET.encode(), body, unix_now())}
    async with (
        program(tmp_path, language, name, runs, unused_tcp_port) as process,
        half_a_request(unused_tcp_port) as (_, broken_off),
        half_a_request(unused_tcp_port),
        ClientSession() as http,
    ):
        broken_off.transport.abort()
        statuses = []
        for _ in range(2):
            async with http.post(url, data=body, headers=headers) as response:
                statuses.append(response.status)
        returncode = process.returncode

    assert statuses == [204, 204]
    assert returncode is None


async def test_python_program_lets_go_of_a_client_that_sends_nothing(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with (
        program(
            tmp_path, "python", "receiver.py", sys.executable, unused_tcp_port, patience="0.01"
        ),
        half_a_request(unused_tcp_port) as (reader, _),
    ):
        assert await reader.read() == b""


@asynccontextmanager
async def half_a_request(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Announce more of a body than is sent, and keep the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /liverelay HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_example_looks_like_what_is_posted(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        serving(tmp_path, webhook_url=receiver.url, webhook_secret=SECRET) as server,
    ):
        await server.publish((await server.create_room())["tokens"]["publish"])
        posted = next(p for p in await receiver.until(2) if p.event["event"] == "publisher.joined")

    example = json.loads(BODY.text)
    headers = dict(re.findall(r"^([\w-]+): (.*)$", HEAD.text, re.MULTILINE))
    assert shape(posted.event) == shape(example)
    assert {name: shape(posted.headers[name]) for name in headers} == {
        name: shape(value) for name, value in headers.items()
    }


def shape(value: object) -> object:
    """Return a value with what differs from time to time left out: hexadecimal digits."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return re.sub(r"\b[\da-f]+\b|\d+", "…", str(value))
