"""How a publisher and a viewer get into each of the servers that are compared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.janus import JanusRoom
from liverelay.loadtest.api import ServerApi

if TYPE_CHECKING:
    import aiohttp

    from liverelay.loadtest.publisher import Publisher
    from liverelay.loadtest.viewer import Viewer

_PARALLEL_TOKENS = 16


class Signalling(Protocol):
    """One server's way in."""

    async def prepare(self, viewers: int, /) -> None:
        """Do what the joins of so many viewers shall not be charged with."""

    async def publish(self, publisher: Publisher) -> None: ...
    async def watch(self, viewer: Viewer) -> None: ...


class LiveRelaySignalling:
    """LiveRelay's API; the room is there already, and each viewer is a peer of its own."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str, room_id: str) -> None:
        self._api = ServerApi(http, url, key)
        self._room_id = room_id
        self._tokens: list[str] = []
        self._slots = asyncio.Semaphore(_PARALLEL_TOKENS)

    async def prepare(self, viewers: int) -> None:
        async def mint() -> str:
            async with self._slots:
                return await self._api.create_token(self._room_id, "subscribe")

        self._tokens += await asyncio.gather(*(mint() for _ in range(viewers)))

    async def publish(self, publisher: Publisher) -> None:
        token = await self._api.create_token(self._room_id, "publish")
        await publisher.publish(lambda offer: self._api.join("publish", token, offer))

    async def watch(self, viewer: Viewer) -> None:
        token = self._tokens.pop()
        await viewer.watch(lambda offer: self._api.join("subscribe", token, offer))


class RelaySignalling:
    """The two routes of `benchmarks.relay_server`."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def prepare(self, _viewers: int) -> None:
        """Nothing is to be done."""

    async def publish(self, publisher: Publisher) -> None:
        await publisher.publish(lambda offer: self._post("publish", offer))

    async def watch(self, viewer: Viewer) -> None:
        await viewer.watch(lambda offer: self._post("watch", offer))

    async def _post(self, route: str, offer: str) -> str:
        body = {"sdp": offer, "type": "offer"}
        async with self._http.post(f"{self._url}/{route}", json=body) as response:
            response.raise_for_status()
            return str((await response.json())["sdp"])


def create_signalling(
    name: str, http: aiohttp.ClientSession, options: dict[str, Any]
) -> Signalling:
    kinds: dict[str, Any] = {
        "liverelay": LiveRelaySignalling,
        "relay": RelaySignalling,
        "janus": JanusRoom,
    }
    created: Signalling = kinds[name](http, **options)
    return created
