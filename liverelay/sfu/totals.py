"""How much media went in and out, counted for good: nothing is lost when a stream ends.

Nothing is counted here: the streams count for themselves, and are added up when somebody asks, or
when they end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liverelay.sfu.encoding import Encoding
    from liverelay.sfu.inbound import InboundStream
    from liverelay.sfu.publication import Publication
    from liverelay.sfu.subscription import Subscription


@dataclass(slots=True)
class MediaTotals:
    """Sums over streams; bytes are payload bytes.

    NACK messages and keyframe requests are sent to publishers, and received from viewers.
    """

    packets_received: int = 0
    bytes_received: int = 0
    retransmitted_packets_received: int = 0
    nacks_sent: int = 0
    keyframe_requests_sent: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    retransmitted_packets_sent: int = 0
    nacks_received: int = 0
    keyframe_requests_received: int = 0

    def add(self, other: MediaTotals) -> None:
        # Written out: a loop over the fields takes four times as long, for each of many rooms.
        self.packets_received += other.packets_received
        self.bytes_received += other.bytes_received
        self.retransmitted_packets_received += other.retransmitted_packets_received
        self.nacks_sent += other.nacks_sent
        self.keyframe_requests_sent += other.keyframe_requests_sent
        self.packets_sent += other.packets_sent
        self.bytes_sent += other.bytes_sent
        self.retransmitted_packets_sent += other.retransmitted_packets_sent
        self.nacks_received += other.nacks_received
        self.keyframe_requests_received += other.keyframe_requests_received

    def add_publication(self, publication: Publication) -> None:
        for encoding in publication.encodings:
            self._add_encoding(encoding)

    def add_stream(self, stream: InboundStream) -> None:
        self.packets_received += stream.packets_received
        self.bytes_received += stream.bytes_received
        self.retransmitted_packets_received += stream.packets_repaired

    def add_subscription(self, subscription: Subscription) -> None:
        self.packets_sent += subscription.packets_sent
        self.bytes_sent += subscription.octets_sent
        self.nacks_received += subscription.nack_count
        self.keyframe_requests_received += subscription.pli_count + subscription.fir_count
        if subscription.retransmitter is not None:
            self.retransmitted_packets_sent += subscription.retransmitter.packets_sent

    def _add_encoding(self, encoding: Encoding) -> None:
        self.add(encoding.replaced)
        self.nacks_sent += encoding.nacks_sent
        self.keyframe_requests_sent += encoding.keyframe_requests_sent
        if encoding.stream is not None:
            self.add_stream(encoding.stream)
