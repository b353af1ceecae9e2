"""A small broadcast server on aiortc alone, as its own examples show how to write one.

Media is decoded once for each publisher and encoded once for each viewer: that is what aiortc's
`MediaRelay` is for. Run by the benchmark as `python -m benchmarks.relay_server`.
"""

from __future__ import annotations

import aioice.ice
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay


class RelayServer:
    """One room."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[str, MediaStreamTrack] = {}
        self._connections: set[RTCPeerConnection] = set()

    async def publish(self, request: web.Request) -> web.Response:
        connection = RTCPeerConnection()
        self._connections.add(connection)

        @connection.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            self._tracks[track.kind] = track

        return await self._answer(connection, request)

    async def watch(self, request: web.Request) -> web.Response:
        connection = RTCPeerConnection()
        self._connections.add(connection)
        for track in self._tracks.values():
            connection.addTrack(self._relay.subscribe(track))
        return await self._answer(connection, request)

    async def _answer(self, connection: RTCPeerConnection, request: web.Request) -> web.Response:
        body = await request.json()
        await connection.setRemoteDescription(RTCSessionDescription(body["sdp"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return web.json_response({"sdp": connection.localDescription.sdp, "type": "answer"})


def main() -> None:
    # aiortc gathers on no loopback interface and has no option for it; nothing may leave it here.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    server = RelayServer()
    app = web.Application()
    app.router.add_post("/publish", server.publish)
    app.router.add_post("/watch", server.watch)
    web.run_app(app, host="127.0.0.1", port=0, access_log=None)


if __name__ == "__main__":
    main()
