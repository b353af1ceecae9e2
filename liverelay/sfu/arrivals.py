"""When a publisher's packets arrived, for its congestion control.

The numbers are the transport-wide ones, which count all packets of a session, whatever their SSRC.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from liverelay.rtp.serial import SequenceUnwrapper
from liverelay.rtp.transport_cc import MAX_REPORTED, TICKS_PER_SECOND, TransportFeedback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liverelay.rtp.types import Ssrc

# The draft asks for 50 to 250 ms. A tenth keeps Chromium's estimate quick; half of that would
# double the work for nothing that it could see.
FEEDBACK_INTERVAL = 0.1

# From the first arrival on: with two bytes for each delta this just fits a datagram.
_MAX_REPORTED = 500
# Before it; losses of more are seconds of a busy path, and the peer has noticed by itself.
_MAX_MISSING = MAX_REPORTED - _MAX_REPORTED
# Numbers further apart than this within one interval are not loss but a peer's invention.
_MAX_SPAN = 5000
# What is repeated beside a late packet; also keeps every delta within its 8 seconds.
_MAX_AGE = 1.0


class ArrivalRecorder:
    """Collects arrivals between two reports.

    A report covers everything from where the last one ended up to the newest arrival, so that a
    packet is lost to the sender too if it would have been the first of a report. For one that has
    come late it begins there. Packets in between that were in an earlier report are repeated,
    because leaving them out would read as loss.
    """

    def __init__(self) -> None:
        self._unwrapper = SequenceUnwrapper()
        # Extended number -> ticks, in the order of arrival.
        self._arrivals: OrderedDict[int, int] = OrderedDict()
        self._oldest_unreported: int | None = None
        self._reported_end: int | None = None
        self._newest = 0
        self._feedback_count = 0

    @property
    def has_unreported(self) -> bool:
        return self._oldest_unreported is not None

    def on_packet(self, sequence_number: int, now: float) -> None:
        """Record a packet; one that came before is not recorded again."""
        number = self._unwrapper.unwrap(sequence_number)
        if number in self._arrivals:
            return
        self._arrivals[number] = int(now * TICKS_PER_SECOND)
        self._newest = max(self._newest, number)
        if self._oldest_unreported is None or number < self._oldest_unreported:
            self._oldest_unreported = number

    def take_feedback(self, sender_ssrc: Ssrc, media_ssrc: Ssrc, now: float) -> list[bytes]:
        """Return reports of what arrived since the last call: usually one, none if nothing did."""
        if self._oldest_unreported is None:
            return []
        self._forget_older_than(int((now - _MAX_AGE) * TICKS_PER_SECOND))
        first = self._oldest_unreported
        if self._reported_end is not None:
            first = min(first, self._reported_end)
        first = max(first, self._newest - _MAX_SPAN)
        self._oldest_unreported, self._reported_end = None, self._newest + 1
        reports = []
        for base, arrivals in self._runs(first):
            feedback = TransportFeedback(
                sender_ssrc, media_ssrc, self._feedback_count, base & 0xFFFF, arrivals
            )
            self._feedback_count = (self._feedback_count + 1) & 0xFF
            reports.append(feedback.serialize())
        return reports

    def _forget_older_than(self, ticks: int) -> None:
        arrivals = self._arrivals
        while arrivals and next(iter(arrivals.values())) < ticks:
            arrivals.popitem(last=False)

    def _runs(self, first: int) -> Iterator[tuple[int, tuple[int | None, ...]]]:
        """Yield pieces that fit a datagram, each with an arrival behind what was lost before it."""
        arrivals = self._arrivals
        base = first
        for number in range(first, self._newest + 1):
            if number < base or number not in arrivals:
                continue
            if number - base > _MAX_MISSING:
                base = number
            end = min(number + _MAX_REPORTED, self._newest + 1)
            yield base, tuple(arrivals.get(each) for each in range(base, end))
            base = end
