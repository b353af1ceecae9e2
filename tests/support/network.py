"""Simulated time, and links that lose, delay and reorder: seeded, so every run is the same."""

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
    """What a link does to a datagram; `spread` is the extra delay at most, so it reorders."""

    loss: float = 0.0
    delay: float = 0.02
    spread: float = 0.0


class Link:
    """One direction between two ends."""

    def __init__(
        self,
        clock: Clock,
        deliver: Callable[[bytes], None],
        conditions: Conditions | None = None,
        seed: int = 1,
    ) -> None:
        self.conditions = conditions or Conditions()
        self.lost = 0
        self._clock = clock
        self._deliver = deliver
        self._random = Random(seed)

    def send(self, datagram: bytes) -> None:
        if self._random.random() < self.conditions.loss:
            self.lost += 1
            return
        delay = self.conditions.delay + self._random.random() * self.conditions.spread
        self._clock.at(self._clock.now + delay, lambda: self._deliver(datagram))
