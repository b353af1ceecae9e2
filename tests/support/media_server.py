"""A whole server in this process, on real sockets, and the peers that join it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from liverelay.config import Settings
from liverelay.server.runner import Server
from tests.support.peer import Peer, write_offer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from liverelay.server.context import ServerContext
    from liverelay.server.worker import MediaWorker
    from liverelay.transport.counters import TransportCounters

KEY = "lr_aebfc064dd0c8fa2cb0cbc01998e3f9b"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered; `body` is decoded JSON, or None."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.body["error"]


class MediaServer:
    """A running server as its peers see it, and the numbers it keeps; `async with` `serving`."""

    def __init__(self, server: Server, http: aiohttp.ClientSession, data_dir: Path) -> None:
        self.server = server
        self.http = http
        self.data_dir = data_dir
        self.peers: list[Peer] = []

    @property
    def context(self) -> ServerContext:
        assert self.server._context is not None
        return self.server._context

    @property
    def worker(self) -> MediaWorker:
        return self.context.media._worker

    @property
    def counters(self) -> TransportCounters:
        return self.worker.counters

    @property
    def udp_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.worker.udp.port

    async def request(
        self, method: str, path: str, body: object = None, *, bearer: str = KEY
    ) -> Reply:
        """Send a request with the API key, or the token `bearer`."""
        headers = {"Authorization": f"Bearer {bearer}"}
        async with self.http.request(
            method, self.server.url + path, headers=headers, json=body
        ) as response:
            text = await response.read()
            return Reply(response.status, response.headers, await response.json() if text else None)

    async def create_room(self, room_type: str = "broadcast") -> Any:
        reply = await self.request("POST", "/v1/rooms", {"room_type": room_type})
        assert reply.status == 201
        return reply.body

    async def create_token(self, room_id: str, role: str) -> str:
        reply = await self.request("POST", f"/v1/rooms/{room_id}/token", {"role": role})
        assert reply.status == 201
        return str(reply.body["token"])

    async def counts(self, room_id: str) -> tuple[int, int]:
        """Return a room's publishers and subscribers as the REST API has them."""
        reply = await self.request("GET", f"/v1/rooms/{room_id}")
        return reply.body["publisher_count"], reply.body["subscriber_count"]

    async def offer(self, kind: str, token: str, sdp: str | None = None, **more: object) -> Reply:
        """Post an offer, of a peer that will never connect unless `sdp` is given."""
        body = {"sdp": sdp or write_offer(kind), "type": "offer", **more}
        return await self.request("POST", f"/sfu/{kind}", body, bearer=token)

    async def join(self, kind: str, token: str, **options: Any) -> Peer:
        """Connect a peer to `/sfu/{kind}`; options are those of `Peer`."""
        return await self.connect(Peer(kind, token, **options))

    async def connect(self, peer: Peer) -> Peer:
        self.peers.append(peer)
        reply = await self.offer(peer.kind, peer.token, peer.offer)
        assert reply.status == 200, reply.body
        peer.accept(reply.body)
        await peer.client.connected
        await self.until(lambda: self.is_connected(peer))
        return peer

    async def reoffer(self, peer: Peer, sdp: str) -> Reply:
        """Send a later offer of a peer's session."""
        path = f"/sfu/sessions/{peer.session_id}"
        return await self.request("PATCH", path, {"sdp": sdp, "type": "offer"}, bearer=peer.token)

    async def publish(self, token: str, **options: Any) -> Peer:
        return await self.join("publish", token, **options)

    async def watch(self, token: str, **options: Any) -> Peer:
        return await self.join("subscribe", token, **options)

    def is_connected(self, peer: Peer) -> bool:
        session = self.context.sessions._sessions.get(peer.session_id)
        return session is not None and session.is_connected

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the server work, one request after another, until `condition` holds."""
        while not condition():
            await self.request("GET", "/health")

    async def until_counts(self, room_id: str, expected: tuple[int, int]) -> None:
        while await self.counts(room_id) != expected:
            pass


@asynccontextmanager
async def serving(data_dir: Path, **settings: Any) -> AsyncIterator[MediaServer]:
    """Run a server on free ports of the loopback interface; keywords as in `Settings`."""
    options = {"public_address": ("127.0.0.1",), **settings}
    server = Server(Settings(host="127.0.0.1", port=0, data_dir=data_dir, **options), first_key=KEY)
    await server.start()
    try:
        async with aiohttp.ClientSession() as http:
            running = MediaServer(server, http, data_dir)
            try:
                yield running
            finally:
                for peer in running.peers:
                    peer.close()
    finally:
        await server.close()


async def within_a_second(awaitable: Awaitable[Any]) -> None:
    """Wait for what the contract promises within a second."""
    async with asyncio.timeout(1.0):
        await awaitable
