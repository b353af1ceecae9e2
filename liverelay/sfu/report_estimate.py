"""What comes through a viewer's path, by its receiver reports.

A report names the newest packet that has come, and how many have not. All of a session's packets
take the same path in the order of sending, so that says what of all that was sent has come by now:
how fast, how much was lost, and how long it waited. Chromium reports about once a second, five
times where it sends estimates (REMB) too, and with each NACK.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from liverelay.sfu.path_meter import MIN_INTERVAL, PathMeter, PathPoint

if TYPE_CHECKING:
    from liverelay.rtp.rtcp.reports import ReportBlock
    from liverelay.rtp.types import Ssrc
    from liverelay.sfu.path_meter import PathSample
    from liverelay.sfu.sent_log import SentLogs

# A difference beyond this is not progress: the stream began anew, or the report is an invention.
_MAX_EXPECTED = 1 << 16
# Reports come a second and a half apart at most, and one of them may get lost.
_RECENT_TIME = 3.0
# Where more is lost, what a viewer does not report on may not have come at all.
_LITTLE_LOST = 0.95
_START_SHARE = 0.7
_MASK, _HALF = 0xFFFFFFFF, 0x80000000


class Departure(NamedTuple):
    """When the newest packet that a viewer has got was sent; the `next` one, or None if none was.

    The next one is still under way. What the viewer says when it has got only the first was said
    before the next one came: so a pause between the two cannot pass for a queue.
    """

    newest: float
    next: float | None


class Sending(NamedTuple):
    """One stream of a session, as far as it has been sent; of its packets a report is about."""

    packets: int
    octets: int


class _Received(NamedTuple):
    """How many packets were due, how many of them were lost, and the bytes of the others."""

    due: int
    lost: int
    octets: float


class _Reported:
    """What one stream's reports have said."""

    __slots__ = ("_cumulative_lost", "_highest_sequence", "_packet_size", "_sent", "_sent_at")

    def __init__(self) -> None:
        self._cumulative_lost = 0
        self._highest_sequence: int | None = None
        self._sent = Sending(0, 0)
        self._packet_size = 0.0
        self._sent_at = math.inf

    def take(self, block: ReportBlock, sent: Sending) -> _Received:
        """Return what has come since the last report, or since the first packet of the stream.

        All our streams begin with 1, but a viewer counts what is lost from the first packet that
        came. Where that is a later one, more is returned as received than was.
        """
        if self._highest_sequence is None:
            self._highest_sequence = block.highest_sequence & 0xFFFF0000
        due = _difference(block.highest_sequence, self._highest_sequence)
        if -_MAX_EXPECTED < due < 0:
            # A later report has overtaken this one.
            return _Received(0, 0, 0.0)
        lost = block.cumulative_lost - self._cumulative_lost
        self._highest_sequence = block.highest_sequence
        self._cumulative_lost = block.cumulative_lost
        packets = sent.packets - self._sent.packets
        if packets > 0:
            self._packet_size = (sent.octets - self._sent.octets) / packets
        self._sent = sent
        if not 0 <= due < _MAX_EXPECTED:
            return _Received(0, 0, 0.0)
        lost = min(lost, due)
        return _Received(due, lost, min(due - lost, due) * self._packet_size)

    def is_recent(self, departure: Departure | None, fresh_since: float) -> bool:
        """Return whether what was reported lost may have been sent lately.

        A loss is known when something comes after it, so what was lost before a pause of the stream
        is reported when it goes on.
        """
        if departure is None:
            return False
        before, self._sent_at = self._sent_at, departure.newest
        return before >= max(fresh_since, departure.newest - _RECENT_TIME)


class ReportEstimator:
    """Samples the path at each report; `sent` is what the session has been sent.

    What was sent before `fresh_since` is of less interest.
    """

    def __init__(self, sent: SentLogs) -> None:
        self.fresh_since = -math.inf
        self._begun_at: float | None = None
        self._sent = sent
        self._reported: dict[Ssrc, _Reported] = {}
        self._meter = PathMeter()
        self._octets = 0.0
        self._packets = self._lost = 0
        # Since the last sample, whenever they were sent.
        self._due = self._missing = 0
        # What may have come on the repair stream and is not counted.
        self._most_repaired = math.inf
        self._is_video_counted = False

    def begin(self, now: float) -> None:
        """Note that the first packet of all has been sent, to be called before any report."""
        self._begun_at = now

    def on_block(
        self,
        block: ReportBlock,
        sent: Sending,
        departure: Departure | None,
        *,
        is_repair: bool = False,
    ) -> None:
        """Count what is said of one stream of video; a report has a block for each.

        `departure` is that of the packet that the block names.
        """
        self._is_video_counted = True
        is_first = block.ssrc not in self._reported
        reported = self._reported.setdefault(block.ssrc, _Reported())
        received = reported.take(block, sent)
        is_recent = reported.is_recent(departure, self.fresh_since)
        if is_first and self._begun_at is None:
            # It began long ago, on another path.
            return
        if is_first and is_repair:
            self._most_repaired = received.octets
            return
        self._octets += received.octets
        self._due += received.due
        self._missing += max(0, received.lost)
        if is_recent:
            self._packets += received.due
            self._lost += received.lost

    def on_round_trip(self, round_trip_time: float, now: float) -> None:
        """Note that a report of ours and the answer took so long: one was sent at the beginning."""
        self._meter.on_transit(round_trip_time, now)

    def take_sample(self, departure: Departure, now: float) -> PathSample | None:
        """Return what the blocks counted by now say; None if the last sample was just before.

        `departure` is that of the newest packet that has come, of all streams.
        """
        sent_at, next_sent_at = departure
        shortest = self._meter.shortest_transit
        if next_sent_at is None and shortest is not None:
            # Of what is reported nothing is under way, so whatever was sent until then has come.
            sent_at = max(sent_at, now - shortest)
        before = self._meter.newest or self._start(now - sent_at)
        is_video_counted, self._is_video_counted = self._is_video_counted, False
        if before is not None:
            if not is_video_counted and self._sent.video_between(before.sent_at, sent_at):
                # A report on sound alone, which comes in between.
                return None
            if now - before.at < MIN_INTERVAL or sent_at <= before.sent_at:
                return None
            share = 1 - self._missing / self._due if self._due else 1.0
            self._octets += self._unreported(before.sent_at, sent_at, share)
        self._due = self._missing = 0
        transit = now - sent_at
        least_transit = 0.0 if next_sent_at is None else now - next_sent_at
        point = PathPoint(
            now, sent_at, self._octets, self._packets, self._lost, least_transit, transit
        )
        return self._meter.add(point, self.fresh_since)

    def _unreported(self, start: float, end: float, share: float) -> float:
        """Return what came between two moments on streams that are not counted, of what was sent.

        Sound is reported seldom, but sent at an even rate. Of the first packets of a repair stream
        it is not known how many were lost.
        """
        octets = share * (self._sent.sound.octets_between(start, end) or 0.0)
        if self._most_repaired and share > _LITTLE_LOST:
            repaired = self._sent.repeated.octets_between(start, end) or 0.0
            octets += min(repaired, self._most_repaired)
            if self._most_repaired < math.inf:
                self._most_repaired = 0.0
        return octets

    def _start(self, transit: float) -> PathPoint | None:
        """Return what was known when the first packet came, which is not reported."""
        if self._begun_at is None:
            return None
        shortest = self._meter.shortest_transit
        transit = 0.7 * (transit if shortest is None else shortest)
        start = PathPoint(self._begun_at + transit, self._begun_at, 0.0, 0, 0, transit, transit)
        self._meter.begin(start)
        return start


def _difference(number: int, other: int) -> int:
    """Return by how much a number of 32 bits, which wraps, is further on than another."""
    return (number - other + _HALF & _MASK) - _HALF
