"""aiortc's own full client, on the loopback interface, with everything it sends on record."""

from __future__ import annotations

import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack
from av import AudioFrame, VideoFrame
from typing_extensions import override

from tests.support.udp_proxy import with_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiortc import MediaStreamTrack
    from numpy.typing import NDArray

    from tests.support.media_server import MediaServer

WIDTH, HEIGHT = 160, 120


class MovingBars(VideoStreamTrack):
    """A picture of which every frame differs, so that the encoder always has something to say."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = np.arange(HEIGHT, dtype=np.uint8)[:, None, None]
        self._frame_count = 0

    @override
    async def recv(self) -> VideoFrame:
        timestamp, time_base = await self.next_timestamp()
        self._frame_count += 1
        picture: NDArray[np.uint8] = np.broadcast_to(
            self._rows * 5 + np.uint8(self._frame_count * 3 & 255), (HEIGHT, WIDTH, 3)
        )
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = timestamp, time_base
        return frame


class Noise(AudioStreamTrack):
    """A sound of which every frame differs, so that a packet can be told by its payload."""

    def __init__(self) -> None:
        super().__init__()
        self._random = np.random.default_rng(20261123)

    @override
    async def recv(self) -> AudioFrame:
        frame = cast("AudioFrame", await super().recv())
        samples = self._random.integers(-8000, 8000, frame.samples, np.int16)
        frame.planes[0].update(samples.tobytes())
        return frame


class AiortcPeer:
    """One aiortc connection; `sent` is what it sends in the clear, RTP and RTCP in turn."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection()
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.sent: list[bytes] = []
        self.connection.on("track", self._on_track)

    async def join(
        self, server: MediaServer, kind: str, token: str, *, port: int | None = None
    ) -> None:
        """Offer, take the answer, and connect, through `port` if the media is to take a detour."""
        if kind != "subscribe":
            self.connection.addTrack(Noise())
            self.connection.addTrack(MovingBars())
        else:
            for media in ("audio", "video"):
                self.connection.addTransceiver(media, direction="recvonly")
        # It would gather every interface but the loopback one, and has no option for this.
        with mock.patch("aioice.ice.get_host_addresses", return_value=["127.0.0.1"]):
            await self.connection.setLocalDescription(await self.connection.createOffer())
        reply = await server.offer(kind, token, self.connection.localDescription.sdp)
        assert reply.status == 200, reply.body
        sdp = reply.body["sdp"] if port is None else with_port(reply.body["sdp"], port)
        for sender in self.connection.getSenders():
            self._record(sender.transport)
        answer = RTCSessionDescription(sdp, "answer")
        await self.connection.setRemoteDescription(answer)
        await server.until(lambda: self.connection.connectionState == "connected")

    async def watch(self, count: int) -> list[VideoFrame]:
        """Return that many decoded pictures."""
        return [cast("VideoFrame", await self.tracks["video"].recv()) for _ in range(count)]

    async def listen(self, count: int) -> list[AudioFrame]:
        """Return that many decoded pieces of sound."""
        return [cast("AudioFrame", await self.tracks["audio"].recv()) for _ in range(count)]

    def sent_rtp(self, ssrc: int) -> list[bytes]:
        return [
            p for p in self.sent if not 192 <= p[1] <= 223 and p[8:12] == struct.pack("!I", ssrc)
        ]

    def sent_sender_reports(self, ssrc: int) -> list[tuple[int, int]]:
        """Return NTP time and RTP timestamp of each."""
        return [
            struct.unpack_from("!QI", packet, 8)
            for packet in self.sent
            if packet[1] == 200 and packet[4:8] == struct.pack("!I", ssrc)
        ]

    def ssrc_of(self, kind: str) -> int:
        return next(sender._ssrc for sender in self.connection.getSenders() if sender.kind == kind)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self.tracks[track.kind] = track

    def _record(self, transport: Any) -> None:
        send = type(transport)._send_rtp

        async def record(data: bytes) -> None:
            self.sent.append(data)
            await send(transport, data)

        transport._send_rtp = record


@asynccontextmanager
async def aiortc_peer(
    server: MediaServer, kind: str, token: str, *, port: int | None = None
) -> AsyncIterator[AiortcPeer]:
    peer = AiortcPeer()
    try:
        await peer.join(server, kind, token, port=port)
        yield peer
    finally:
        await peer.connection.close()
