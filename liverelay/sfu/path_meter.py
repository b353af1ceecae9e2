"""How a path to a viewer carries what it is sent, by what is known to have come through it.

Viewers tell in two ways: by receiver reports, or packet by packet (transport-cc). Both come down to
points that say what has come by when, and what lies between two of them is a sample.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from liverelay.sfu.standing_queue import STANDING_QUEUE

# Rates are measured over this time: it evens out keyframes, and the jitter of reports.
WINDOW = 1.0
# Closer points say nothing more.
MIN_INTERVAL = 0.1
# The shortest transit of this time is that of an empty queue; clocks drift 1 ms in it.
_BASELINE_TIME = 10.0
# Reports may be rare, and some get lost.
_KEPT_TIME = 4.0
# Of fewer the share lost says little, and one that is only late counts for too much.
_MIN_PACKETS = 20
# A queue in which no packet of half a second waits less is standing (RFC 8289 section 3.2).
_QUEUE_TIME = 0.5
# A difference above this is another clock, not a queue.
_MAX_QUEUE = 5.0


class PathPoint(NamedTuple):
    """What was known `at` a time: all that had been sent by `sent_at` has come, or is lost.

    `octets`, `packets` and `lost` are counted from the beginning: payload that came, packets that
    were due, and those of them that did not come. `least_transit` is what the packets that came
    just then have taken at least, and `transit` what they took; on clocks that need not agree.
    """

    at: float
    sent_at: float
    octets: float
    packets: int
    lost: int
    least_transit: float
    transit: float


class PathSample(NamedTuple):
    """How a path carried what was sent from `since` `until`, for `duration` seconds of arrivals.

    `arrived_bps` is the payload rate at which it came. `progress` is how much of that time's worth
    of sending came: less than 1 while a queue grows. `loss` is the share lost of that, and `queue`
    the seconds for which even the luckiest of the latest packets have waited.
    """

    since: float
    until: float
    duration: float
    arrived_bps: float
    progress: float
    loss: float
    queue: float

    @property
    def has_standing_queue(self) -> bool:
        return self.queue > STANDING_QUEUE


class PathMeter:
    """Keeps the points of four seconds, and the shortest transit of ten."""

    __slots__ = ("_baseline", "_points")

    def __init__(self) -> None:
        self._points: deque[PathPoint] = deque()
        # When transits were seen that no later one was shorter than, and how long they took.
        self._baseline: deque[tuple[float, float]] = deque()

    @property
    def newest(self) -> PathPoint | None:
        return self._points[-1] if self._points else None

    @property
    def shortest_transit(self) -> float | None:
        return self._baseline[0][1] if self._baseline else None

    def begin(self, point: PathPoint) -> None:
        """Take what was known when the first packet came, as far as that can be told later."""
        self._points.append(point)

    def add(self, point: PathPoint, fresh_since: float) -> PathSample | None:
        """Return a sample of about the last second; None before there is anything to compare.

        What was sent before `fresh_since` is left out of it where there is enough without.
        """
        points = self._points
        points.append(point)
        while points[0].at < point.at - _KEPT_TIME:
            points.popleft()
        self.on_transit(point.transit, point.at)
        start = self._start(point.at, fresh_since)
        duration, sending = point.at - start.at, point.sent_at - start.sent_at
        if duration < MIN_INTERVAL or sending <= 0:
            return None
        packets, lost = point.packets - start.packets, point.lost - start.lost
        return PathSample(
            since=start.sent_at,
            until=point.sent_at,
            duration=duration,
            # By the longer of the two: what jitter brings together did not come any faster.
            arrived_bps=8 * (point.octets - start.octets) / max(duration, sending),
            progress=min(1.0, sending / duration),
            loss=max(0, lost) / packets if packets >= _MIN_PACKETS else 0.0,
            queue=self._queue(point.at),
        )

    def on_transit(self, transit: float, at: float) -> None:
        """Note that some packet took so long, by the clocks of the points."""
        baseline = self._baseline
        while baseline and (baseline[-1][1] >= transit):
            baseline.pop()
        baseline.append((at, transit))
        while baseline[0][0] < at - _BASELINE_TIME:
            baseline.popleft()

    def _start(self, now: float, fresh_since: float) -> PathPoint:
        """Return the latest point that is a window ago, or one later that is fresh."""
        points = self._points
        start = points[0]
        for point in points:
            is_better = point.at <= now - WINDOW or (
                start.sent_at < fresh_since and point.at <= now - WINDOW / 2
            )
            if is_better:
                start = point
        return start

    def _queue(self, now: float) -> float:
        points = self._points
        latest = [point.least_transit for point in points if now - point.at <= _QUEUE_TIME]
        if len(latest) == 1 and len(points) > 1:
            # Reports once a second: one alone may be late itself.
            latest.append(points[-2].least_transit)
        queue = min(latest) - self._baseline[0][1]
        if queue > _MAX_QUEUE:
            self._baseline.clear()
        return max(0.0, queue)
