"""Counters turned into rates, by looking at them twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

# A rate over less says more about bursts than about the stream. Who looks sooner is told the last.
_MIN_INTERVAL = 0.5


@dataclass(slots=True)
class _Reading:
    value: float
    at: float
    rate: float | None


class CounterRates:
    """Remembers the last reading of each counter. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._readings: dict[Hashable, _Reading] = {}

    def rate(self, key: Hashable, value: float, now: float) -> float | None:
        """Return the change per second since the last look; None at the first."""
        reading = self._readings.get(key)
        if reading is None:
            self._readings[key] = _Reading(value, now, None)
            return None
        if (elapsed := now - reading.at) >= _MIN_INTERVAL:
            reading.rate = (value - reading.value) / elapsed
            reading.value, reading.at = value, now
        return reading.rate

    def forget_older(self, than: float) -> None:
        """Forget the counters that were last read before `than`."""
        for key in [key for key, reading in self._readings.items() if reading.at < than]:
            del self._readings[key]
