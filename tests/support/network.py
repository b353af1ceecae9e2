"""Simulated time, and links that lose, delay, reorder and limit: seeded, so repeatable."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Runs what is scheduled in order of time, without waiting."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, time: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (max(time, self.now), self._count, action))

    def run_until(self, time: float) -> None:
        while self._events and self._events[0][0] <= time:
            self.now, _, action = heapq.heappop(self._events)
            action()
        self.now = time


@dataclass(frozen=True)
class Conditions:
    """What a path does to datagrams.

    `loss` is the share lost. `burst` is how many are lost in a row on average (the model of Gilbert
    and Elliott); None loses each independently of the others. `spread` is the extra delay at most,
    so it reorders. What exceeds `rate_bps` waits in a queue that holds `queue_time` seconds of that
    rate; what finds it full is lost.
    """

    loss: float = 0.0
    delay: float = 0.02
    spread: float = 0.0
    burst: float | None = None
    rate_bps: float | None = None
    queue_time: float = 0.3


class Path:
    """Decides the fate of each datagram that goes one way; `conditions` may change at any time."""

    def __init__(self, conditions: Conditions | None = None, seed: int = 1) -> None:
        self.conditions = conditions or Conditions()
        self.lost = 0
        self._random = Random(seed)
        self._loses = False
        self._free_at = 0.0

    def arrival(self, size: int, now: float) -> float | None:
        """Return when a datagram of `size` bytes arrives that is sent `now`; None if never."""
        sent_at = None if self._is_lost() else self._leave_queue(size, now)
        if sent_at is None:
            self.lost += 1
            return None
        return sent_at + self.conditions.delay + self._random.random() * self.conditions.spread

    def _is_lost(self) -> bool:
        loss, burst = self.conditions.loss, self.conditions.burst
        chance = self._random.random()
        if burst is None or loss == 0.0:
            return chance < loss
        ends = 1 / burst
        self._loses = chance >= ends if self._loses else chance < ends * loss / (1 - loss)
        return self._loses

    def _leave_queue(self, size: int, now: float) -> float | None:
        rate, limit = self.conditions.rate_bps, self.conditions.queue_time
        if rate is None:
            return now
        begun_at = max(now, self._free_at)
        if begun_at - now > limit:
            return None
        self._free_at = begun_at + size * 8 / rate
        return self._free_at


class Link:
    """One direction between two ends in simulated time."""

    def __init__(
        self,
        clock: Clock,
        deliver: Callable[[bytes], None],
        conditions: Conditions | None = None,
        seed: int = 1,
    ) -> None:
        self.path = Path(conditions, seed)
        self._clock = clock
        self._deliver = deliver

    @property
    def lost(self) -> int:
        return self.path.lost

    def send(self, datagram: bytes) -> None:
        arrival = self.path.arrival(len(datagram), self._clock.now)
        if arrival is not None:
            self._clock.at(arrival, lambda: self._deliver(datagram))
