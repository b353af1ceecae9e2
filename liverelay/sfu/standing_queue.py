"""How long packets wait on a path, told from how long they take: the clocks need not agree."""

from __future__ import annotations

from collections import deque

# A queue in which no packet of half a second waits less is standing (RFC 8289 section 3.2), if it
# is longer than what processors and radio links add.
STANDING_QUEUE = 0.05
# The shortest transit of ten seconds is that of an empty queue; clocks drift 1 ms in that time.
_BASELINE_INTERVALS = 20
# A difference above this is another clock, not a queue.
_MAX_QUEUE = 2.0


class TransitMeter:
    """Measures once every half second how long even the luckiest packet has waited."""

    __slots__ = ("_baseline", "_shortest")

    def __init__(self) -> None:
        self._shortest: float | None = None
        self._baseline: deque[float] = deque(maxlen=_BASELINE_INTERVALS)

    def on_packet(self, transit: float) -> None:
        """Take the seconds from sending to arrival, plus anything that is always the same."""
        if self._shortest is None or transit < self._shortest:
            self._shortest = transit

    def take_queue(self) -> float:
        """Return the seconds that each packet since the last call has waited at least."""
        shortest, self._shortest = self._shortest, None
        if shortest is None:
            return 0.0
        self._baseline.append(shortest)
        queue = shortest - min(self._baseline)
        if queue > _MAX_QUEUE:
            self._baseline.clear()
            return 0.0
        return queue
