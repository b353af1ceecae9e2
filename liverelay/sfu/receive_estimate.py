"""What the path from a publisher carries, for publishers that can be told only that (REMB).

Those that report on each packet (transport-cc) estimate for themselves, and better. This is for the
others: what arrives is within the estimate as long as no queue stands and little is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverelay.rtp.serial import TimestampUnwrapper
from liverelay.sfu.standing_queue import STANDING_QUEUE, TransitMeter

if TYPE_CHECKING:
    from liverelay.rtp.packet import RtpHeader
    from liverelay.rtp.types import Ssrc

# Quick enough to drain a queue before viewers notice; libwebrtc sends one a second.
ESTIMATE_INTERVAL = 0.5

# draft-ietf-rmcat-gcc-02: sections 5.5, 5.5 and 6.
_DECREASE = 0.85
_INCREASE_PER_SECOND = 1.08
_LOW_LOSS, _HIGH_LOSS = 0.02, 0.1
# The encoder may use less than it could, which says nothing about the path.
_HEADROOM = 1.5
# What is still lost at this rate, with no queue, is most likely not of the publisher's making.
_MIN_LOSSY_BPS = 300_000.0
# Sound and a small picture; a path that does not carry that is of no use.
_MIN_ESTIMATE_BPS = 100_000.0
# libwebrtc and aiortc begin with this too.
_FIRST_ESTIMATE_BPS = 500_000.0


class _StreamTransit:
    """How long packets of one stream take, by the publisher's clock and ours."""

    __slots__ = ("_unwrapper", "meter")

    def __init__(self) -> None:
        self.meter = TransitMeter()
        self._unwrapper = TimestampUnwrapper()

    def on_packet(self, rtp_timestamp: int, clock_rate: int, now: float) -> None:
        self.meter.on_packet(now - self._unwrapper.unwrap(rtp_timestamp) / clock_rate)


class ReceiveSideEstimator:
    """Estimates once an interval what all streams of a session together may use.

    A standing queue lowers the estimate below what arrives, so that it drains. Loss lowers it by
    half its share where there is much, and keeps it from rising where there is some.
    """

    __slots__ = ("_estimate_bps", "_first_at", "_size", "_transits")

    def __init__(self) -> None:
        self._estimate_bps = _FIRST_ESTIMATE_BPS
        # By SSRC and clock rate, as many as the session has streams.
        self._transits: dict[tuple[Ssrc, int], _StreamTransit] = {}
        self._size = 0
        self._first_at: float | None = None

    @property
    def has_unreported(self) -> bool:
        return self._first_at is not None

    def on_packet(self, header: RtpHeader, clock_rate: int, now: float) -> None:
        if self._first_at is None:
            self._first_at = now
        self._size += header.payload_end
        key = header.ssrc, clock_rate
        if (transit := self._transits.get(key)) is None:
            transit = self._transits[key] = _StreamTransit()
        transit.on_packet(header.rtp_timestamp, clock_rate, now)

    def take_estimate(self, loss: float, now: float) -> int:
        """Return the estimate in bits per second; `loss` is the share lost since the last call."""
        assert self._first_at is not None
        elapsed = max(now - self._first_at, ESTIMATE_INTERVAL / 2)
        arrived_bps = self._size * 8 / elapsed
        queue = max(transit.meter.take_queue() for transit in self._transits.values())
        self._size, self._first_at = 0, None
        estimate = self._estimate_bps
        if queue > STANDING_QUEUE:
            estimate = min(estimate, _DECREASE * arrived_bps)
        elif loss > _HIGH_LOSS:
            estimate = max(min(estimate, _MIN_LOSSY_BPS), estimate * (1 - loss / 2))
        elif loss < _LOW_LOSS:
            risen = estimate * _INCREASE_PER_SECOND**elapsed
            estimate = max(estimate, min(risen, _HEADROOM * arrived_bps))
        self._estimate_bps = max(estimate, _MIN_ESTIMATE_BPS)
        return int(self._estimate_bps)
