"""A listener of `/v1/events`, and what it heard."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiohttp


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it came."""

    number: int
    name: str
    data: Any


@dataclass(slots=True)
class EventReader:
    """Reads events from an open answer; keeps all but those of the wanted kind it waits for."""

    response: aiohttp.ClientResponse
    heard: list[Heard] = field(default_factory=list)

    async def next(self) -> Heard | None:
        """Return the next event, or None at the end; comments are passed over."""
        while True:
            try:
                block = await self.response.content.readuntil(b"\n\n")
            except asyncio.IncompleteReadError:
                return None
            if not block.endswith(b"\n\n"):
                return None
            if not block.startswith(b":"):
                break
        fields = dict(line.split(": ", 1) for line in block.decode().rstrip("\n").split("\n"))
        event = Heard(int(fields["id"]), fields["event"], json.loads(fields["data"]))
        self.heard.append(event)
        return event

    async def until(self, name: str, accepts: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the data of the next such event."""
        while (event := await self.next()) is not None:
            if event.name == name and accepts(event.data):
                return event.data
        raise AssertionError(f"the stream ended before {name}")

    async def end(self) -> None:
        """Read until the server ends the stream."""
        while await self.next() is not None:
            pass

    def changes(self) -> list[tuple[str, Any]]:
        """Return what came besides snapshots and statistics."""
        return [(e.name, e.data) for e in self.heard if e.name not in {"snapshot", "statistics"}]


@asynccontextmanager
async def listening(
    http: aiohttp.ClientSession, url: str, key: str, path: str = "/v1/events"
) -> AsyncIterator[EventReader]:
    """Listen to a server's events."""
    headers = {"Authorization": f"Bearer {key}"}
    async with http.get(url + path, headers=headers, timeout=None) as response:
        assert response.status == 200
        yield EventReader(response)
