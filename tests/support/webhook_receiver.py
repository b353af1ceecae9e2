"""A receiver of webhooks that answers as it is told, and remembers what came."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass(frozen=True, slots=True)
class Posted:
    """One request as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class WebhookReceiver:
    """Answers with `statuses` in turn, the last of them for ever, and not while `gate` is shut.

    What is told of the rooms in `refused` is answered with 404.
    """

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    refused: set[str] = field(default_factory=set)
    posted: list[Posted] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def names(self) -> list[str]:
        return [posted.event["event"] for posted in self.posted]

    async def until(self, count: int) -> list[Posted]:
        """Return what has been posted once there are that many."""
        while len(self.posted) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.posted

    async def until_named(self, name: str) -> Any:
        """Return the first event of that name, once there is one."""
        while name not in self.names():
            await self.until(len(self.posted) + 1)
        return next(p.event for p in self.posted if p.event["event"] == name)

    async def handle(self, request: web.Request) -> web.Response:
        posted = Posted(request.headers.copy(), await request.read())
        self.posted.append(posted)
        self._arrived.set()
        await self.gate.wait()
        if posted.event["data"]["room_id"] in self.refused:
            return web.Response(status=404)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        headers = {"Location": "/elsewhere"} if status == 307 else {}
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[WebhookReceiver]:
    """Run a receiver that answers with these statuses, 204 if none."""
    receiver = WebhookReceiver(statuses=[*statuses] or [204])
    receiver.gate.set()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        receiver.gate.set()
        await runner.cleanup()
