"""A publisher: sends what a `MediaSource` makes, and does what the server asks of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import override

from liverelay.errors import MalformedPacketError
from liverelay.loadtest.negotiation import publish_offer, read_answer
from liverelay.loadtest.reception import Sent
from liverelay.loadtest.viewer import CONNECT_TIMEOUT
from liverelay.rtp.extensions import TRANSPORT_CC_URI
from liverelay.rtp.rtcp.compound import parse_compound
from liverelay.rtp.rtcp.feedback import FullIntraRequest, GenericNack, PictureLossIndication
from liverelay.transport.client import MediaClient
from liverelay.utc import unix_now_ns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from liverelay.loadtest.source import MediaSource
    from liverelay.transport.client_dtls import ClientCertificate

_REPORT_INTERVAL = 1.0

# Seconds from 1900, where NTP begins, to 1970.
_NTP_OFFSET = 2_208_988_800


class Publisher(MediaClient):
    """One peer that publishes, until it is closed."""

    def __init__(
        self, certificate: ClientCertificate, source: MediaSource, *, ip: str | None = None
    ) -> None:
        super().__init__(certificate, ip=ip)
        self.source = source
        self.keyframe_requests = 0
        self._sending: asyncio.TimerHandle | None = None
        self._next_report = 0.0
        self._last_sent_at = 0.0
        self.mark(self._loop.time())

    async def publish(self, ask: Callable[[str], Awaitable[str]]) -> None:
        """Join by `ask`, which gets the offer and returns the answer; connect and send.

        Raises:
            RemoteError: The answer cannot be used.
            ConnectionError: The handshake failed.
            TimeoutError: Nothing came of it in time.
        """
        negotiated = read_answer(await ask(publish_offer(self, self.source)))
        self.source.transport_cc_id = negotiated.extension_ids.get(TRANSPORT_CC_URI, 0)
        self.setup = negotiated.setup
        self.connect(negotiated.remote)
        await asyncio.wait_for(asyncio.shield(self.connected), CONNECT_TIMEOUT)
        self._next_report = self._loop.time()
        self.source.start(self._next_report)
        self._send_due()

    def mark(self, now: float) -> None:
        """Begin to tell what is sent from now on."""
        self._marked_at, self._marked = now, self.source.packets

    def sent(self, now: float) -> Sent:
        """Return what was sent since the mark."""
        lasted = max(now - self._marked_at, 1e-6)
        rates = {
            payload_type: (packets - self._marked[payload_type]) / lasted
            for payload_type, packets in self.source.packets.items()
        }
        return Sent(rates, self._last_sent_at)

    @override
    def close(self, *, silently: bool = False) -> None:
        if self._sending is not None:
            self._sending.cancel()
        super().close(silently=silently)

    @override
    def on_rtcp(self, datagram: bytes) -> None:
        compound = self.open_rtcp(datagram)
        if compound is None:
            return
        try:
            packets = parse_compound(compound)
        except MalformedPacketError:
            return
        for packet in packets:
            if isinstance(packet, PictureLossIndication | FullIntraRequest):
                self.keyframe_requests += 1
                self.source.request_keyframe()
            elif isinstance(packet, GenericNack):
                for lost in self.source.lost(packet.lost):
                    self.send_rtp(lost)

    def _send_due(self) -> None:
        if not self.is_connected:
            return
        now = self._loop.time()
        for packet in self.source.take(now):
            self.send_rtp(packet)
            self._last_sent_at = now
        if now >= self._next_report:
            self._next_report += _REPORT_INTERVAL
            seconds, rest = divmod(unix_now_ns(), 1_000_000_000)
            ntp_time = (seconds + _NTP_OFFSET) << 32 | (rest << 32) // 1_000_000_000
            for report in self.source.reports(ntp_time):
                self.send_rtcp(report)
        self._sending = self._loop.call_at(self.source.deadline(), self._send_due)
