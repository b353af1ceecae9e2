"""What one viewer received, and how much of what was sent to it that is.

Gaps in the numbers of a stream are exact, but end with its last packet: a stream that stops has
none. So what was sent after that counts as lost, too, once the silence is longer than a hiccup.
Times are seconds on the event loop's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverelay.loadtest.source import RTX_PAYLOAD_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

# More streams than a publisher has; a server that sends more would only fill memory.
_MAX_STREAMS = 16


class ReceivedStream:
    """One SSRC as the numbers in its headers tell it."""

    __slots__ = ("_first", "_marked", "heard_at", "highest", "payload_type", "received")

    def __init__(self, payload_type: int, sequence_number: int, now: float) -> None:
        self.payload_type = payload_type
        self._first = self.highest = sequence_number
        self.received = 1
        self.heard_at = now
        self._marked = 0

    def count(self, sequence_number: int, now: float) -> None:
        step = (sequence_number - self.highest) & 0xFFFF
        if step < 0x8000:
            self.highest += step
        self.received += 1
        self.heard_at = now

    @property
    def expected(self) -> int:
        return self.highest - self._first + 1

    @property
    def lost(self) -> int:
        """Packets missing since the mark; what comes twice makes up for nothing before it."""
        return max(0, self.expected - self.received - self._marked)

    def mark(self) -> None:
        self._marked = self.expected - self.received


@dataclass(frozen=True, slots=True)
class Sent:
    """What a publisher sends: packets per second by payload type, and when it sent the last."""

    rates: Mapping[int, float]
    last_at: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What a viewer got since the mark. It is stalled if it has long been silent."""

    seconds: float
    packets: int
    octets: int
    lost: int
    is_stalled: bool


class Reception:
    """Counts one viewer's packets; `now` is when it could have got the first."""

    def __init__(self, now: float) -> None:
        self.streams: dict[bytes, ReceivedStream] = {}
        self._since = now
        self._packets = 0
        self._octets = 0

    def count(self, datagram: bytes, now: float) -> None:
        self._packets += 1
        self._octets += len(datagram)
        ssrc = datagram[8:12]
        sequence_number = datagram[2] << 8 | datagram[3]
        stream = self.streams.get(ssrc)
        if stream is not None:
            stream.count(sequence_number, now)
        elif len(self.streams) < _MAX_STREAMS:
            self.streams[ssrc] = ReceivedStream(datagram[1] & 0x7F, sequence_number, now)

    def mark(self, now: float) -> None:
        """Begin to tell what comes from now on."""
        self._since = now
        self._packets = self._octets = 0
        for stream in self.streams.values():
            stream.mark()

    def tally(self, sent: Sent | None, now: float, *, stalled_after: float) -> Tally:
        """Return what came since the mark; `sent` is None if the publisher is not ours."""
        # Retransmissions have numbers of their own, and come only when asked for.
        media = [each for each in self.streams.values() if each.payload_type != RTX_PAYLOAD_TYPE]
        lost = float(sum(stream.lost for stream in media))
        is_stalled = now - self._heard_at(media) > stalled_after
        sent = sent or Sent({}, now)
        for payload_type, rate in sent.rates.items():
            same = [stream for stream in media if stream.payload_type == payload_type]
            silence = sent.last_at - self._heard_at(same)
            if rate and silence > stalled_after:
                is_stalled = True
                lost += rate * silence
        return Tally(now - self._since, self._packets, self._octets, round(lost), is_stalled)

    def _heard_at(self, streams: list[ReceivedStream]) -> float:
        return max((self._since, *(stream.heard_at for stream in streams)))
