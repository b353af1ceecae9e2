"""libwebrtc itself, the engine of Chromium, as a peer: the `wrtc` package from PyPI."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.support.udp_proxy import with_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.support.media_server import MediaServer

T = TypeVar("T")

WIDTH, HEIGHT = 640, 480
_FRAME_INTERVAL = 1 / 30
_SOUND_INTERVAL = 0.01
_SAMPLES = 480
# The smallest layer first, as pages do: without simulcast in the answer it is all that is sent.
_LAYERS = (("q", 4.0), ("h", 2.0), ("f", 1.0))


# Read before the first connection of the process, so it is set when tests are collected.
os.environ["WRTC_ALLOW_LOOPBACK"] = "1"


class LibwebrtcPeer:
    """One connection; what it publishes is drawn and sounded by `sending`."""

    def __init__(self) -> None:
        self._webrtc: Any = pytest.importorskip("webrtc", reason="wrtc cannot be imported here")
        self.connection = self._webrtc.RTCPeerConnection()
        self._readers: dict[str, Any] = {}
        self._sources: list[asyncio.Task[None]] = []
        self.connection.on("track", self._on_track)

    async def join(
        self,
        server: MediaServer,
        kind: str,
        token: str,
        *,
        is_simulcast: bool = False,
        port: int | None = None,
        has_remb: bool = True,
    ) -> None:
        """Offer, take the answer, and connect, through `port` if the media is to take a detour.

        Without `has_remb` the server is not told that this peer knows REMB.
        """
        webrtc, connection = self._webrtc, self.connection
        if kind == "subscribe":
            for media in ("audio", "video"):
                connection.add_transceiver(
                    media, webrtc.RTCRtpTransceiverInit(direction="recvonly")
                )
        else:
            self._add_sources("sendonly" if kind == "publish" else "sendrecv", is_simulcast)
        await connection.set_local_description(await connection.create_offer())
        offer = connection.local_description.sdp
        if not has_remb:
            offer = re.sub(r"a=rtcp-fb:\d+ goog-remb\r\n", "", offer)
        reply = await server.offer(kind, token, offer)
        assert reply.status == 200, reply.body
        sdp = reply.body["sdp"] if port is None else with_port(reply.body["sdp"], port)
        answer = webrtc.RTCSessionDescriptionInit(type="answer", sdp=sdp)
        await connection.set_remote_description(webrtc.RTCSessionDescription(answer))
        await server.until(lambda: str(connection.connection_state) == "connected")

    async def watch(self, count: int) -> list[tuple[int, int]]:
        """Return the sizes of so many decoded pictures."""
        return await self._read(
            "video", count, lambda frame: (frame.coded_width, frame.coded_height)
        )

    async def listen(self, count: int) -> list[int]:
        """Return the numbers of samples in so many decoded pieces of sound."""
        return await self._read("audio", count, lambda data: data.number_of_frames)

    async def close(self) -> None:
        for source in self._sources:
            source.cancel()
        await asyncio.gather(*self._sources, return_exceptions=True)
        for reader in self._readers.values():
            await reader.cancel()
        self.connection.close()

    async def _read(self, kind: str, count: int, look: Callable[[Any], T]) -> list[T]:
        """Look at so many decoded pieces, and close each: what it holds is not Python's."""
        seen = []
        for _ in range(count):
            result = await self._readers[kind].read()
            assert not result.done
            seen.append(look(result.value))
            result.value.close()
        return seen

    def _on_track(self, event: Any) -> None:
        processor = self._webrtc.MediaStreamTrackProcessor(
            self._webrtc.MediaStreamTrackProcessorInit(track=event.track)
        )
        self._readers[str(event.track.kind)] = processor.readable.get_reader()

    def _add_sources(self, direction: str, is_simulcast: bool) -> None:
        webrtc = self._webrtc
        camera = webrtc.VideoTrackGenerator()
        microphone = webrtc.MediaStreamTrackGenerator("audio")
        layers = [
            webrtc.RTCRtpEncodingParameters(rid=rid, scale_resolution_down_by=scale)
            for rid, scale in _LAYERS
        ]
        init = webrtc.RTCRtpTransceiverInit
        self.connection.add_transceiver(
            camera.track,
            init(direction=direction, send_encodings=layers)
            if is_simulcast
            else init(direction=direction),
        )
        self.connection.add_transceiver(microphone, init(direction=direction))
        self._sources = [
            asyncio.create_task(self._draw(camera.writable.get_writer())),
            asyncio.create_task(self._sound(microphone.writable.get_writer())),
        ]

    async def _draw(self, writer: Any) -> None:
        webrtc, number = self._webrtc, 0
        while True:
            init = webrtc.VideoFrameBufferInit(
                format="I420",
                coded_width=WIDTH,
                coded_height=HEIGHT,
                timestamp=int(number * _FRAME_INTERVAL * 1e6),
            )
            picture = b"".join(bytes(((number * 3 + row) & 0xFF,)) * WIDTH for row in range(HEIGHT))
            frame = webrtc.VideoFrame(picture + bytes((128,)) * (WIDTH * HEIGHT // 2), init)
            await writer.write(frame)
            number += 1
            await asyncio.sleep(_FRAME_INTERVAL)

    async def _sound(self, writer: Any) -> None:
        webrtc, number = self._webrtc, 0
        samples = b"".join(
            (8000 if index // 60 % 2 else -8000).to_bytes(2, "little", signed=True)
            for index in range(_SAMPLES)
        )
        while True:
            init = webrtc.AudioDataInit(
                format="s16",
                sample_rate=48_000,
                number_of_frames=_SAMPLES,
                number_of_channels=1,
                timestamp=int(number * _SOUND_INTERVAL * 1e6),
                data=samples,
            )
            await writer.write(webrtc.AudioData(init))
            number += 1
            await asyncio.sleep(_SOUND_INTERVAL)


@asynccontextmanager
async def libwebrtc_peer(
    server: MediaServer,
    kind: str,
    token: str,
    *,
    is_simulcast: bool = False,
    port: int | None = None,
    has_remb: bool = True,
) -> AsyncIterator[LibwebrtcPeer]:
    peer = LibwebrtcPeer()
    try:
        await peer.join(
            server, kind, token, is_simulcast=is_simulcast, port=port, has_remb=has_remb
        )
        yield peer
    finally:
        await peer.close()
