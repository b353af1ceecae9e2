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
from liverelay.loadtest.reception import Reception
from liverelay.loadtest.source import read_stamp
from liverelay.rtp.rtcp.reports import ReceiverReport, ReportBlock
from liverelay.rtp.types import Ssrc
from liverelay.transport.client import MediaClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from liverelay.loadtest.negotiation import Negotiated
    from liverelay.transport.client_dtls import ClientCertificate

CONNECT_TIMEOUT = 15.0


class Viewer(MediaClient):
    """One peer that watches. Times are seconds on the event loop's clock."""

    def __init__(
        self, certificate: ClientCertificate, *, ip: str | None = None, is_probe: bool = False
    ) -> None:
        super().__init__(certificate, ip=ip)
        self.reception = Reception(self._loop.time())
        self.latencies = Histogram()
        self.answered_after: float | None = None
        self.first_media_after: float | None = None
        self._asked_at = 0.0
        self._ssrc = Ssrc(secrets.randbits(31) or 1)
        self._is_probe = is_probe

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
        streams = self.reception.streams
        if not self.is_connected or not streams:
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
            for ssrc, stream in streams.items()
        ]
        self.send_rtcp(ReceiverReport(self._ssrc, tuple(blocks)).serialize())

    @override
    def on_rtp(self, datagram: bytes) -> None:
        now = self._loop.time()
        if self.first_media_after is None:
            self.first_media_after = now - self._asked_at
        self.reception.count(datagram, now)
        if self._is_probe and (packet := self.open_rtp(datagram)) is not None:
            made_at = read_stamp(packet)
            if made_at is not None:
                self.latencies.add(self._loop.time() - made_at)
