"""A viewer that counts: packets, gaps and bytes from the clear headers, latency if it is a probe.

Opening each packet would cost this process more than everything else, so only probes do.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from typing_extensions import override

from liverelay.loadtest.figures import Histogram
from liverelay.loadtest.negotiation import read_answer, watch_offer
from liverelay.loadtest.source import read_stamp
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.transport.client import MediaClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from liverelay.loadtest.negotiation import Negotiated
    from liverelay.transport.client_dtls import ClientCertificate

CONNECT_TIMEOUT = 15.0

# More streams than a publisher has; a server that sends more would only fill memory.
_MAX_STREAMS = 16


class ReceivedStream:
    """One SSRC as the numbers in its headers tell it."""

    __slots__ = ("_first", "highest", "received")

    def __init__(self, sequence_number: int) -> None:
        self._first = self.highest = sequence_number
        self.received = 1

    def count(self, sequence_number: int) -> None:
        step = (sequence_number - self.highest) & 0xFFFF
        if step < 0x8000:
            self.highest += step
        self.received += 1

    @property
    def expected(self) -> int:
        return self.highest - self._first + 1


class Viewer(MediaClient):
    """One peer that watches. Times are seconds on the event loop's clock."""

    def __init__(
        self, certificate: ClientCertificate, *, ip: str | None = None, is_probe: bool = False
    ) -> None:
        super().__init__(certificate, ip=ip)
        self.packets = 0
        self.octets = 0
        self.latencies = Histogram()
        self.streams: dict[bytes, ReceivedStream] = {}
        self.answered_after: float | None = None
        self.first_media_after: float | None = None
        self._asked_at = 0.0
        self._ssrc = Ssrc(secrets.randbits(31) or 1)
        self._is_probe = is_probe

    @property
    def expected(self) -> int:
        return sum(stream.expected for stream in self.streams.values())

    @property
    def received(self) -> int:
        return sum(stream.received for stream in self.streams.values())

    async def watch(self, ask: Callable[[str], Awaitable[str]]) -> None:
        """Join by `ask`, which gets the offer and returns the answer, and connect.

        Raises:
            RemoteError: The answer cannot be used.
            ConnectionError: The handshake failed.
            TimeoutError: Nothing came of it in time.
        """
        self.begin()
        await self.follow(read_answer(await ask(watch_offer(self))))

    def begin(self) -> None:
        """Let the time run that `answered_after` and `first_media_after` count."""
        self._asked_at = self._loop.time()

    async def follow(self, negotiated: Negotiated) -> None:
        """Connect as negotiated; raises as `watch` does."""
        self.answered_after = self._loop.time() - self._asked_at
        self.setup = negotiated.setup
        self.connect(negotiated.remote)
        await asyncio.wait_for(asyncio.shield(self.connected), CONNECT_TIMEOUT)

    def send_report(self) -> None:
        """Send the receiver report that every client sends once a second."""
        if not self.is_connected or not self.streams:
            return
        blocks = [
            ReportBlock(
                Ssrc(int.from_bytes(ssrc)),
                fraction_lost=0,
                cumulative_lost=max(0, stream.expected - stream.received),
                highest_sequence=stream.highest,
                jitter=0,
                lsr=0,
                dlsr=0,
            )
            for ssrc, stream in self.streams.items()
        ]
        self.send_rtcp(ReceiverReport(self._ssrc, tuple(blocks)).serialize())

    @override
    def on_rtp(self, datagram: bytes) -> None:
        if self.first_media_after is None:
            self.first_media_after = self._loop.time() - self._asked_at
        self.packets += 1
        self.octets += len(datagram)
        ssrc = datagram[8:12]
        stream = self.streams.get(ssrc)
        if stream is not None:
            stream.count(datagram[2] << 8 | datagram[3])
        elif len(self.streams) < _MAX_STREAMS:
            self.streams[ssrc] = ReceivedStream(datagram[2] << 8 | datagram[3])
        if self._is_probe and (packet := self.open_rtp(datagram)) is not None:
            made_at = read_stamp(packet)
            if made_at is not None:
                self.latencies.add(self._loop.time() - made_at)
