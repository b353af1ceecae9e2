"""Many who want something at once: each waits for its turn, so that packets get theirs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.media_server import KEY, MediaServer, serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

# Hundreds of turns of the event loop; a request takes ten.
CROWD = 1000


class Crowd:
    """Those who came before."""

    def __init__(self, server: MediaServer) -> None:
        self.passed = 0
        self._turnstile = server.worker.turnstile
        self._tasks = [asyncio.create_task(self._enter()) for _ in range(CROWD)]

    async def _enter(self) -> None:
        await self._turnstile.enter()
        self.passed += 1


async def test_request_waits_for_its_turn(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        crowd = Crowd(server)

        reply = await server.request("GET", "/health")

        assert reply.status == 200
        assert crowd.passed == CROWD


async def test_request_whose_body_is_late_waits_for_a_turn_to_go_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        url = urlsplit(server.server.url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        body = b'{"room_type": "broadcast"}'
        head = f"POST /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        await writer.drain()
        # By the time that this one is answered, the one before has had its turn.
        await server.request("GET", "/health")
        crowd = Crowd(server)

        writer.write(body)
        status = await reader.readline()

        assert status.split()[1] == b"201"
        assert crowd.passed == CROWD
        writer.close()
